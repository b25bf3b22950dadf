"""The catalogue alone, without the engine: for what looks at it while a server may run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from service.catalogue.database import Database
from service.errors import Misconfigured
from service.settings import Settings


@contextmanager
def catalogue_of(settings: Settings) -> Iterator[Database]:
    """The catalogue of the settings until the block ends.

    Raises:
        Misconfigured: there is none.
        CatalogueUnavailable: it does not answer.
    """
    if settings.mode == "server":
        with closing(Database(settings.catalogue.url.get_secret_value())) as database:
            yield database
        return
    if not (settings.data_dir / "catalogue.sqlite3").is_file():
        raise Misconfigured(f"{settings.data_dir} holds no catalogue", hint="give --data-dir")
    with closing(Database.in_folder(settings.data_dir)) as database:
        yield database
