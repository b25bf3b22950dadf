"""What a version of a document consists of, on its way into the catalogue and at its live state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.records import IngestReport
from service.types import Chunk, DocumentAttributes, Scalar


@dataclass(frozen=True, slots=True)
class Labels:
    """What an uploader says of a document beside its content: metadata, and the groups that may read it."""

    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    groups: tuple[str, ...] = ()

    def over(self, source: str, own_metadata: Mapping[str, Scalar]) -> DocumentAttributes:
        """By what searches are restricted: what was said of the document goes before what it says itself."""
        return DocumentAttributes(source, self.groups, {**own_metadata, **self.metadata})


@dataclass(frozen=True, slots=True)
class NewVersion:
    """All that one version of a document brings. `made_by` names the parser, chunker and embedder.

    `own_metadata` is what the file says of itself, `labels` what was said of it. `report` is its job's, with
    the extraction receipt; the version's number is given to it when the version is published.
    """

    document_id: str
    source: str
    title: str
    filename: str
    media_type: str
    size_bytes: int
    language: str
    sha256: str
    made_by: str
    text: str
    report: IngestReport
    chunks: tuple[Chunk, ...]
    external_id: str | None = None
    own_metadata: Mapping[str, Scalar] = field(default_factory=dict)
    labels: Labels = Labels()


@dataclass(frozen=True, slots=True)
class Live:
    """What tells whether an upload changes anything."""

    version: int
    sha256: str
    made_by: str
    chunks: int
    own_metadata: Mapping[str, Scalar]
    labels: Labels
