"""Under what an answer is kept: everything that shaped it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.types import Query, Scope


@dataclass(frozen=True, slots=True)
class Key:
    """Whose answer it is, and a hash of all that shaped it."""

    tenant: str
    digest: str


def key_of(scope: Scope, query: Query, epoch: int, fingerprint: str) -> Key:
    """The key of an answer.

    Args:
        scope: who asks; two callers share an answer if they may read the same.
        query: the question, exact but for its spaces and its Unicode form, with filters and `top_k`.
        epoch: of the tenant's corpus, read before the work began.
        fingerprint: of the models, the calibrator and the settings.
    """
    parts = {
        "tenant": scope.tenant,
        "groups": sorted(scope.groups),
        "question": normalised(query.text),
        "filters": dataclasses.asdict(query.filters),
        "top_k": query.top_k,
        "epoch": epoch,
        "fingerprint": fingerprint,
    }
    return Key(scope.tenant, digest_of(parts))


def normalised(question: str) -> str:
    """The question in one Unicode form, with single spaces. Case stays: `US` is not `us`."""
    return " ".join(unicodedata.normalize("NFC", question).split())


def digest_of(parts: object) -> str:
    """A hash of values made of JSON's types and times, the same in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=_written)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _written(value: Any) -> object:
    if isinstance(value, datetime):
        return ["time", value.isoformat()]
    raise TypeError(f"{type(value).__name__} has no place in a key")
