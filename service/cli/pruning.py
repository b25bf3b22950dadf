"""`footnote ingest --prune`: documents go whose files the folder no longer holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from service.cli.client import Client, LocalFile
from service.cli.ingesting import Refused
from service.errors import Conflict


class Census:
    """Which sources a folder holds; it watches the files go by."""

    def __init__(self) -> None:
        self.sources: set[str] = set()
        self.hidden: list[Refused] = []

    def counted(self, found: Iterable[LocalFile | Refused]) -> Iterator[LocalFile | Refused]:
        """The same files, each noted as it passes."""
        for each in found:
            self.sources.add(each.source)
            if isinstance(each, Refused) and each.hides:
                self.hidden.append(each)
            yield each

    def vanished(self, client: Client, prefixes: Sequence[str]) -> list[tuple[str, str]]:
        """Id and source of every document below the prefixes that was not seen.

        Raises:
            Conflict: a folder holds nothing, or something in it could not be looked at, so that nobody can
                tell what it no longer holds.
        """
        for refused in self.hidden:
            raise Conflict(
                f"nothing was removed, because {refused.source} could not be looked at: {refused.message}",
                hint="mend that and run the command again",
            )
        for prefix in prefixes:
            if not any(source.startswith(prefix) for source in self.sources):
                raise Conflict(
                    f"nothing was removed, because the folder of {prefix} holds no file; is it mounted?",
                    hint=f"`footnote delete --prefix {prefix}` removes its documents all the same",
                )
        documents = (one for prefix in prefixes for one in client.documents(source_prefix=prefix))
        gone = {one["source"]: one["document_id"] for one in documents if one["source"] not in self.sources}
        return [(document_id, source) for source, document_id in sorted(gone.items())]
