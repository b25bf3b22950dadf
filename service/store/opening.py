"""Which engine holds the index, under which name, and whether the embedding model is the one that made it.

In embedded mode an index is a folder named for all that decides what lies in it; the catalogue remembers the
name of the one in force. In server mode it is a collection behind an alias.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from service.errors import IndexMismatch, Misconfigured, StoreDamaged
from service.settings import Settings
from service.store import Store, TokenStore
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


@contextmanager
def open_index(settings: Settings, model: Model, properties: Properties) -> Iterator[ChunkIndex]:
    """The index in force, on the engine of the settings' `mode`.

    Raises:
        IndexMismatch: it was made with another model.
        StoreDamaged: it cannot be read; `begin_index` sets it aside.
        StoreUnavailable: the engine does not answer.
    """
    with (
        closing(_open_tokens(settings, model, properties)) as tokens,
        closing(_open_store(settings, model, properties)) as vectors,
    ):
        yield ChunkIndex(vectors, tokens, bool(model.tokens_fingerprint))


def _open_store(settings: Settings, model: Model, properties: Properties) -> Store:
    if settings.mode == "server":
        from service.store.server import open_server_store

        return open_server_store(settings.store.server, index_name(model), model.dimension)
    folder = _folder_in_force(settings.data_dir, model, properties)
    return EdgeStore(folder, model.dimension, settings.store.min_free_bytes)


def _open_tokens(settings: Settings, model: Model, properties: Properties) -> TokenStore:
    if settings.mode == "server":
        raise Misconfigured(
            "server mode is not complete in this version: token vectors have no place in it yet",
            hint="set FOOTNOTE_MODE=embedded",
        )
    folder = _folder_in_force(settings.data_dir, model, properties)
    return TokenFile(folder / "tokens.db", settings.store.min_free_bytes)


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
    """Raises `IndexMismatch` unless the index of this name is the model's."""
    if known != index_name(model):
        raise IndexMismatch(
            f"the index {known!r} was made with another model than {model.name}, "
            f"which makes {index_name(model)!r}",
            hint="run `footnote reindex`, or set FOOTNOTE_EMBED__MODEL back",
        )


def _folder(data_dir: Path, name: str) -> Path:
    return data_dir / "index" / name
