"""`open` and what it gives: the documents of one data folder, in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

from rich.console import Console

from footnote.report import Report, report_of
from ingestion.embedded import embedded_engine, find, working
from ingestion.load import load_bytes
from ingestion.sandbox import ParserPool
from ingestion.worker import OpenParsers
from service.background import LoopThread
from service.catalogue import checked_source
from service.cli.client import PAGE, LocalFile
from service.cli.ingesting import Refused, ingest
from service.cli.local_client import LocalClient, checked
from service.cli.runtime import Asked, read_settings
from service.errors import Conflict, DataFolderLocked, FootnoteError, Misconfigured, NotFound
from service.records import DeletionReceipt, DocumentRecord
from service.schemas.asking import QueryIn, SearchIn
from service.settings import Settings
from service.types import LOCAL, Answer, Hit, Scalar, Warning
from service.wiring import EmbedderFactory, served_embedder

Result = TypeVar("Result")

NO_DOCUMENTS = "There are no documents here yet that can be asked."
_NO_DOCUMENTS = Warning("search", "no_documents", NO_DOCUMENTS)

_open: dict[Path, Documents] = {}
"""What this program has open, by the data folder."""
_opening = threading.Lock()


def open(folder: str | Path | None = None, *, settings: Settings | None = None, **sections: Any) -> Documents:
    """Opens a data folder, which is made where there is none; close it, or use it as a context.

    Args:
        folder: where everything lies, the same as `footnote --data-dir`; else what the settings say.
        settings: all settings; else they are read as the command line reads them, from `FOOTNOTE_…` variables
            and `footnote.toml`.
        sections: single sections of the settings, before what is read:
            `generate={"base_url": "http://127.0.0.1:11434/v1", "model": "llama3.1:8b"}`.

    Raises:
        DataFolderLocked: a server, another program or this one has the folder open.
        Misconfigured: a setting is unknown or has no such value, or the settings are those of server mode.
        IndexMismatch, StoreDamaged, ModelUnavailable: the folder or the model cannot be used as it is.
    """
    given = sections if folder is None else {**sections, "data_dir": Path(folder)}
    if settings is None:
        settings = read_settings(given)
    elif sections:
        raise Misconfigured("give all settings as `settings`, or sections of them by name, not both")
    elif folder is not None:
        settings = settings.model_copy(update={"data_dir": Path(folder)})
    return Documents(settings)


class Documents:
    """The documents of a data folder, until `close`.

    Every method may be called from any thread, also from one whose event loop runs, as in a notebook: the
    engine has a loop of its own. Each waits for its result; where a loop must not wait, call it with
    `asyncio.to_thread`.

    Args:
        settings: those in force.
        make_embedder: opens the embedding model.
        open_parsers: opens what files are parsed with.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        make_embedder: EmbedderFactory = served_embedder,
        open_parsers: OpenParsers = ParserPool,
    ) -> None:
        self.settings = settings
        self._place = settings.data_dir.resolve()
        self._open_parsers = open_parsers
        self._is_working: Callable[[], bool] | None = None
        self._changing = threading.Lock()
        with _opening:
            if self._place in _open:
                raise DataFolderLocked(
                    f"this program has {settings.data_dir} open already", hint="use that, or close() it first"
                )
            with ExitStack() as stack:
                self._engine = stack.enter_context(embedded_engine(settings, make_embedder=make_embedder))
                self._parts = stack.enter_context(ExitStack())  # what is begun later ends before the engine
                self._loop = stack.enter_context(closing(LoopThread()))
                stack.callback(lambda: self._loop.run(self._engine.aclose()))
                self._stack: ExitStack | None = stack.pop_all()
            _open[self._place] = self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<footnote.Documents of {self.settings.data_dir}{'' if self._stack else ', closed'}>"

    def close(self) -> None:
        """Lets the folder go, once and for all; what is being read in goes on when it is opened again.

        A program that ends without it closes too.
        """
        with self._changing:
            stack, self._stack = self._stack, None
        if stack is not None:
            stack.close()
            with _opening:
                _open.pop(self._place, None)

    # --- documents in and out ----------------------------------------------------------------

    def ingest(
        self,
        *paths: str | Path,
        name: str | None = None,
        metadata: Mapping[str, Scalar] | None = None,
        progress: bool = False,
    ) -> Report:
        """Reads files, folders and `.jsonl` records in, as `footnote ingest` does, and waits for their end.

        The same path again is a new version; what did not change is not read again. A file that cannot be
        read ends nothing: the report has it among `failed`.

        Args:
            paths: a document's source is its path from the folder that was given, that folder's name first.
            name: what sources begin with, instead of the folder's own name; for one path.
            metadata: kept with every document, to filter by; without it documents keep theirs.
            progress: whether a bar is shown on standard error.

        Raises:
            NotFound: there is no such file or folder; nothing was read.
            Unavailable: documents are queued and cannot be read in now; the message says why.
        """
        for path in paths:
            if not Path(path).exists():
                raise NotFound(f"there is no file or folder {path}")
        asked = Asked([Path(path) for path in paths], name, self._is_used, remember=True)
        return self._read_in(
            find(asked, self.settings).files, metadata, Console(stderr=True, quiet=not progress)
        )

    def add(
        self, source: str, content: str | bytes, *, metadata: Mapping[str, Scalar] | None = None
    ) -> Report:
        """Reads one document in that is at hand as text or bytes, under the name `source`.

        The name's ending tells its format; without one it is plain text.

        Raises:
            ParseError, InvalidInput: it cannot be read; their leaves tell why.
        """
        held = content.encode() if isinstance(content, str) else content
        raw = load_bytes(checked_source(source), Path(source).name, held, self.settings.load)
        files = [LocalFile(raw.source, raw.filename, raw.content)]
        report = self._read_in(files, metadata, Console(quiet=True))
        for failed in report.failed:
            raise _error(failed.code, failed.message, failed.hint)
        return report

    def documents(self, prefix: str = "") -> Iterator[DocumentRecord]:
        """The documents that are in, or those of them whose sources begin with `prefix`."""
        cursor: str | None = None
        while True:
            page = self._run(self._engine.documents(LOCAL, cursor, PAGE, source_prefix=prefix))
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def delete(self, document: str) -> DeletionReceipt:
        """Removes a document everywhere, by its source or id: all versions, and the answers that quote it.

        Raises:
            NotFound: there is no such document.
        """
        named = self._run(self._engine.documents(LOCAL, None, 1, source=document)).items
        return self._run(self._engine.delete(LOCAL, named[0].id if named else document))

    # --- asking ------------------------------------------------------------------------------

    def ask(
        self, question: str, *, top_k: int | None = None, filters: Mapping[str, Any] | None = None
    ) -> Answer:
        """The answer with its checked footnotes; or, as an answer too, that the documents do not hold one.

        Args:
            question: stands for itself; earlier ones are not known.
            top_k: how many chunks are looked at.
            filters: as in the API: `{"source_prefix": "manuals/", "metadata": {"year": {"gte": 2024}}}`.

        Raises:
            InvalidInput: the question, `top_k` or a filter is not one.
            Unavailable: something that an answer needs is not there now.
        """
        query = checked(QueryIn, _request(question, top_k, filters)).to_query(self.settings.api)
        answer = self._run(self._engine.answer(LOCAL, query))
        if answer.status != "answered" and not self._holds_any(""):
            return replace(answer, text=NO_DOCUMENTS, warnings=(*answer.warnings, _NO_DOCUMENTS))
        return answer

    def search(
        self, words: str, *, top_k: int | None = None, filters: Mapping[str, Any] | None = None
    ) -> tuple[Hit, ...]:
        """The chunks that answer best, best first, without an answer; arguments and errors as of `ask`."""
        query = checked(SearchIn, _request(words, top_k, filters)).to_query(self.settings.api)
        return self._run(self._engine.search(LOCAL, query)).hits

    # --- underneath --------------------------------------------------------------------------

    def _read_in(
        self, files: Iterable[LocalFile | Refused], metadata: Mapping[str, Scalar] | None, console: Console
    ) -> Report:
        client = LocalClient(self._engine, self.settings, LOCAL, self._loop, self._worker())
        with self._while_open():
            summary = ingest(client, files, metadata, console)
        if summary.interrupted:  # by Ctrl-C; what is queued is read in all the same
            raise KeyboardInterrupt
        return report_of(summary)

    def _worker(self) -> Callable[[], bool]:
        """Starts the worker, once: looking at a folder sets nothing going that waits in it."""
        with self._changing:
            if self._stack is None:
                raise self._closed()
            if self._is_working is None:
                begun = working(self._engine, open_parsers=self._open_parsers)
                self._is_working = self._parts.enter_context(begun)
            return self._is_working

    def _is_used(self, root: str) -> bool:
        return self._holds_any(f"{root}/")

    def _holds_any(self, prefix: str) -> bool:
        return bool(self._run(self._engine.documents(LOCAL, None, 1, source_prefix=prefix)).items)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._while_open():
            return self._loop.run(work)

    @contextmanager
    def _while_open(self) -> Iterator[None]:
        """What another thread's `close` has cut off, or was asked for after it, is told so."""
        try:
            yield
        except CancelledError:
            raise self._closed() from None

    def _closed(self) -> Conflict:
        return Conflict(f"{self.settings.data_dir} was closed", hint="open it again with footnote.open")


def _request(text: str, top_k: int | None, filters: Mapping[str, Any] | None) -> dict[str, Any]:
    given = {"query": text, "top_k": top_k, "filters": filters}
    return {name: value for name, value in given.items() if value is not None}


def _error(code: str, message: str, hint: str) -> FootnoteError:
    """A failure that was kept, as the error that it was."""
    kinds = [FootnoteError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    kind = next((kind for kind in kinds if kind.code == code), FootnoteError)
    return kind(message, hint=hint)


def _close_all() -> None:
    with ExitStack() as stack:
        for documents in list(_open.values()):
            stack.callback(documents.close)


# Before Python waits for threads to end, which would be for ever; `atexit` comes after that. It is what
# `concurrent.futures` ends its own threads with.
threading._register_atexit(_close_all)  # type: ignore[attr-defined] # private
