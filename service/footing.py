"""What an engine stands on, the two modes side by side: everything in which they differ is chosen here.

embedded   a folder that this process alone holds: SQLite, Qdrant Edge, locks of the process
server     services that any number of processes share: PostgreSQL, Qdrant, locks and the lead in PostgreSQL

Originals lie in the data folder or in a bucket in both; in server mode the folder must be a shared one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from service.background import repeating
from service.blobs import Blobs, open_blobs
from service.catalogue import Database, Leadership, Placements, ServerLocks, TokenTable
from service.catalogue.using import Use, alone_with
from service.data_folder import holding
from service.errors import Misconfigured
from service.locks import DocumentLocks, ProcessLocks
from service.settings import Settings

NEEDED = ("psycopg", "qdrant_client")
USE_RENEWED_EVERY_S = 20.0
INSTALLATION, ORIGINALS = "installation", "originals"
"""Properties in the catalogue: the installation's name, and the mark in the folder with its originals."""


@dataclass(frozen=True, slots=True)
class Footing:
    """What an engine stands on."""

    database: Database
    installation: str
    """Its name where it shares a place with others."""
    blobs: Blobs
    locks: DocumentLocks
    leads: Callable[[], bool]
    """Whether this process does now what one of all does."""
    shared: bool
    """Whether other processes work on it at the same time."""
    places: Placements
    """Where tenants' vectors lie, where they may lie in several places."""
    url: str = ""
    """The catalogue's, where it is on a server."""

    def token_table(self, index: str) -> TokenTable:
        """The token vectors of an index, where they lie beside the catalogue."""
        return TokenTable(self.database, index)

    @contextmanager
    def using(self, index: str) -> Iterator[None]:
        """Nobody removes the index while the block runs."""
        if not self.shared:
            yield
            return
        with (
            closing(Use(self.url, index)) as use,
            repeating(use.renew, USE_RENEWED_EVERY_S, "saying that the index is in use"),
        ):
            yield

    def alone_with(self, what: str, wait_s: float = 0) -> AbstractContextManager[bool]:
        """Whether no process uses it, after so many seconds; if so, none begins to before the block ends."""
        return alone_with(self.url, what, wait_s) if self.shared else nullcontext(True)


@contextmanager
def open_footing(settings: Settings) -> Iterator[Footing]:
    """What the settings' mode stands on, until the block ends.

    Raises:
        DataFolderLocked: another process holds the folder.
        SchemaMismatch: the catalogue's server has another schema than this version needs.
        CatalogueUnavailable: it does not answer.
        Misconfigured: a setting or a package is missing.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _server(settings) if settings.mode == "server" else _embedded(settings) as footing:
        yield footing


@contextmanager
def _embedded(settings: Settings) -> Iterator[Footing]:
    with holding(settings.data_dir), closing(Database.in_folder(settings.data_dir)) as database:
        yield _footing(settings, database, ProcessLocks(), leads=lambda: True)


@contextmanager
def _server(settings: Settings) -> Iterator[Footing]:
    url, catalogue = _checked_url(settings), settings.catalogue
    wait_s, connections = catalogue.lock_wait_s, catalogue.max_connections
    with (
        closing(Database(url, wait_s, connections)) as database,
        closing(ServerLocks(url, wait_s, catalogue.lease_s, max(2, connections // 2))) as locks,
        closing(Leadership(url)) as leadership,
    ):
        if not settings.blobs.bucket:
            _check_shared_folder(settings.data_dir, database)
        yield _footing(settings, database, locks, leads=leadership.leads, url=url)


def _footing(
    settings: Settings, database: Database, locks: DocumentLocks, *, leads: Callable[[], bool], url: str = ""
) -> Footing:
    installation = database.settle_index_property(INSTALLATION, str(uuid4()))
    blobs = open_blobs(settings.blobs, settings.data_dir, installation)
    return Footing(database, installation, blobs, locks, leads, bool(url), Placements(database), url)


def _checked_url(settings: Settings) -> str:
    """The catalogue's, once everything that server mode needs is there."""
    if missing := [package for package in NEEDED if find_spec(package) is None]:
        raise Misconfigured(
            f"server mode needs {' and '.join(missing)}", hint="pip install 'footnote[server]'"
        )
    if not (url := settings.catalogue.url.get_secret_value()).startswith("postgresql"):
        raise Misconfigured(
            "server mode keeps its catalogue in PostgreSQL, and catalogue.url names none",
            hint="set FOOTNOTE_CATALOGUE__URL to postgresql+psycopg://USER:PASSWORD@HOST/DATABASE",
        )
    return url


def _check_shared_folder(data_dir: Path, database: Database) -> None:
    """Originals that one process keeps must be there for all: a folder of this machine alone would not do.

    Whoever comes first marks his folder, then says in the catalogue how; all others must find the mark.
    """
    if (known := database.index_property(ORIGINALS)) is None:
        mark = f"originals-{uuid4()}"
        (data_dir / mark).touch()
        known = database.settle_index_property(ORIGINALS, mark)
        if known != mark:  # another process was first
            (data_dir / mark).unlink()
    if not (data_dir / known).exists():
        raise Misconfigured(
            f"{data_dir} is not the folder with this installation's originals: {known} is not in it",
            hint="in server mode FOOTNOTE_DATA_DIR must lie on a volume that all processes share; or set "
            "FOOTNOTE_BLOBS__BUCKET",
        )
