"""Which engine holds the index, under which name, and whether the embedding model is the one that made it.

In embedded mode an index is a folder named for all that decides what lies in it; the catalogue remembers the
name of the one in force. In server mode it is a collection; the catalogue remembers there too which one is
in force, and an alias says so on the server.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from service.errors import IndexMismatch, StoreDamaged
from service.settings import Settings
from service.store import Places, TokenStore
from service.store.edge import EdgeStore
from service.store.index import ChunkIndex
from service.store.token_file import TokenFile

log = logging.getLogger(__name__)

FORMAT_VERSION = "3"
"""Moves when vectors or payload change their form, so that an older index is refused."""

NAME = "index"
"""The property under which the catalogue remembers the index in force."""


class Model(Protocol):
    """What an index must know of the embedding model."""

    name: str
    fingerprint: str
    tokens_fingerprint: str
    dimension: int


class Properties(Protocol):
    """Where the name of the index in force is remembered."""

    def index_property(self, name: str) -> str | None:
        """The property's value, or None."""
        ...

    def set_index_property(self, name: str, value: str) -> None:
        """Remembers it."""
        ...

    def settle_index_property(self, name: str, value: str) -> str:
        """Remembers it unless another process was first; what holds."""
        ...


@contextmanager
def open_index(
    settings: Settings,
    model: Model,
    properties: Properties,
    token_table: Callable[[str], TokenStore],
    beside: Callable[[str], Sequence[str]],
    places: Places,
) -> Iterator[ChunkIndex]:
    """The index in force, on the engine of the settings' `mode`.

    Args:
        settings: which engine, and where.
        model: the one that makes the vectors.
        properties: where the name of the index in force is remembered.
        token_table: opens the token vectors of an index by its name in server mode.
        beside: the names of the indexes that there are beside one, in server mode.
        places: where each tenant's vectors lie, in server mode.

    Raises:
        IndexMismatch: it was made with another model.
        StoreDamaged: it cannot be read; `begin_index` sets it aside.
        StoreUnavailable: the engine does not answer.
    """
    if settings.mode == "server":
        with _open_server_index(settings, model, properties, token_table, beside, places) as index:
            yield index
        return
    folder, least = _folder_in_force(settings.data_dir, model, properties), settings.store.min_free_bytes
    with (
        closing(TokenFile(folder / "tokens.db", least)) as tokens,
        closing(EdgeStore(folder, model.dimension, least)) as vectors,
    ):
        yield ChunkIndex(vectors, tokens, bool(model.tokens_fingerprint))


@contextmanager
def _open_server_index(
    settings: Settings,
    model: Model,
    properties: Properties,
    token_table: Callable[[str], TokenStore],
    beside: Callable[[str], Sequence[str]],
    places: Places,
) -> Iterator[ChunkIndex]:
    from service.store.server_places import open_placed_store

    server, name = settings.store.server, index_name(model)
    if (known := properties.index_property(NAME)) is not None:
        check_name(known, model)
    with closing(
        open_placed_store(server, name, model.dimension, places, in_force=known is not None)
    ) as vectors:
        check_name(properties.settle_index_property(NAME, name), model)

        def others() -> Sequence[ChunkIndex]:
            found = [(one, vectors.beside(one)) for one in beside(name)]
            return [ChunkIndex(store, token_table(one), True) for one, store in found if store is not None]

        yield ChunkIndex(vectors, token_table(name), bool(model.tokens_fingerprint), others)


@contextmanager
def build_index(
    settings: Settings, model: Model, token_table: Callable[[str], TokenStore], places: Places
) -> Iterator[ChunkIndex]:
    """The model's index beside the one in force, in server mode.

    Raises:
        StoreUnavailable: the engine does not answer.
    """
    from service.store.server_places import build_placed_store

    name = index_name(model)
    with closing(build_placed_store(settings.store.server, name, model.dimension, places)) as vectors:
        yield ChunkIndex(vectors, token_table(name), bool(model.tokens_fingerprint))


def make_room_for_index(settings: Settings, model: Model) -> None:
    """Sets an index aside that is to be made anew and cannot be opened; it goes at the next start."""
    folder = _folder(settings.data_dir, index_name(model))
    if not folder.exists():
        return
    try:
        EdgeStore(folder, model.dimension).close()
        TokenFile(folder / "tokens.db").close()
    except StoreDamaged as error:
        log.warning("the index cannot be read and is made anew: %s", error)
        aside = folder.with_name(f"{folder.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)


def put_in_force(model: Model, properties: Properties) -> str:
    """Makes the model's index the one in force; returns its name."""
    properties.set_index_property(NAME, name := index_name(model))
    return name


def index_name(model: Model) -> str:
    """The name of the index that this model makes."""
    return f"{FORMAT_VERSION}-{model.dimension}-{model.fingerprint}-{model.tokens_fingerprint or 'none'}"


def _folder_in_force(data_dir: Path, model: Model, properties: Properties) -> Path:
    """The folder of the index, once it is sure that this model made it; those of earlier ones go."""
    if (known := properties.index_property(NAME)) is None:
        known = put_in_force(model, properties)
    check_name(known, model)
    for old in (data_dir / "index").glob("*"):
        if old.name != known:
            log.info("removing the index of an earlier model: %s", old)
            shutil.rmtree(old)
    return _folder(data_dir, known)


def check_name(known: str, model: Model) -> None:
    """Raises `IndexMismatch` unless the index of this name is the model's, and of this version's form."""
    if known == (own := index_name(model)):
        return
    form, _, made_by = known.partition("-")
    if made_by == own.partition("-")[2]:
        raise IndexMismatch(
            f"the index {known!r} has the form {form} of another version of Footnote, "
            f"this one's is {FORMAT_VERSION}",
            hint="run `footnote reindex`, once: every document is embedded again",
        )
    raise IndexMismatch(
        f"the index {known!r} was made with another model than {model.name}, which makes {own!r}",
        hint="run `footnote reindex --to MODEL`, or set FOOTNOTE_EMBED__MODEL back",
    )


def _folder(data_dir: Path, name: str) -> Path:
    return data_dir / "index" / name
