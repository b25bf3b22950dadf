"""Originals come and go at once: no job and no live version ever misses its file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from typing import BinaryIO

from hypothesis import given, settings
from hypothesis import strategies as st

from service.blobs import Blobs, blob_key
from service.types import Scope
from service.upkeep.maintenance import EVERYTHING
from service.upkeep.originals import Incoming, Originals
from tests.core.taking_turns import TurnLocks, Turns

ACME = Scope("acme")
KINDS = ("upload", "upload", "refused", "delete", "sweep")
CONTENTS = (b"one", b"two")


class Refused(Exception):
    """The queue did not take an upload's jobs."""


class World(Blobs):
    """Files and the rows that need them, in memory; around each change another may have its turn."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.files: set[str] = set()
        self.needed: list[str] = []

    def put(self, scope: Scope, content: BinaryIO, max_bytes: int, name: str) -> tuple[str, int]:
        data = content.read()
        sha256 = hashlib.sha256(data).hexdigest()
        self._change(lambda: self.files.add(blob_key(scope, sha256)))
        return sha256, len(data)

    def read(self, scope: Scope, sha256: str) -> bytes:
        raise NotImplementedError

    def exists(self, scope: Scope, sha256: str) -> bool:
        self.turns.step()
        there = blob_key(scope, sha256) in self.files
        self.turns.step()
        return there

    def remove(self, key: str) -> None:
        self._change(lambda: self.files.discard(key))

    def older_than(self, moment: datetime) -> Iterator[str]:
        return iter(sorted(self.files))

    # What the catalogue knows.

    def unreferenced(self, scope: Scope, hashes: Sequence[str]) -> list[str]:
        self.turns.step()
        found = [sha256 for sha256 in hashes if sha256 not in self.needed]
        self.turns.step()
        return found

    def needed_files(self, hashes: Sequence[str] | None = None) -> list[tuple[Scope, str]]:
        self.turns.step()
        found = [(ACME, sha256) for sha256 in self.needed if hashes is None or sha256 in hashes]
        self.turns.step()
        return found

    def need(self, sha256: str) -> None:
        self._change(lambda: self.needed.append(sha256))

    def no_longer_need(self, sha256: str) -> None:
        self._change(lambda: sha256 in self.needed and self.needed.remove(sha256))

    def _change(self, change: Callable[[], object]) -> None:
        self.turns.step()
        change()
        assert {blob_key(ACME, sha256) for sha256 in self.needed} <= self.files
        self.turns.step()


def acting(world: World, originals: Originals, kind: str, content: bytes) -> Callable[[], None]:
    sha256 = hashlib.sha256(content).hexdigest()

    def upload() -> None:
        with originals.keeping(ACME, [Incoming("a", BytesIO(content))], 100):
            world.need(sha256)

    def refused() -> None:
        with suppress(Refused), originals.keeping(ACME, [Incoming("a", BytesIO(content))], 100):
            raise Refused

    def delete() -> None:
        world.no_longer_need(sha256)
        assert originals.forget(ACME, [sha256]).remaining == 0

    def sweep() -> None:
        originals.sweep(EVERYTHING)

    return {"upload": upload, "refused": refused, "delete": delete, "sweep": sweep}[kind]


@settings(max_examples=400, deadline=None)
@given(
    actors=st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(CONTENTS)), min_size=2, max_size=4),
    there=st.sets(st.sampled_from(CONTENTS)),
    order=st.lists(st.integers(0, 3), max_size=80),
)
def test_in_whatever_order_files_come_and_go_each_that_is_needed_is_there(
    actors: list[tuple[str, bytes]], there: set[bytes], order: list[int]
) -> None:
    turns = Turns(iter(order))
    world = World(turns)
    originals = Originals(world, world, TurnLocks(turns))  # type: ignore[arg-type]
    for content in there:
        world.needed.append(hashlib.sha256(content).hexdigest())
        world.files.add(blob_key(ACME, world.needed[-1]))
    turns.run([acting(world, originals, *actor) for actor in actors])
    turns.run([lambda: originals.sweep(EVERYTHING)])
    assert world.files == {blob_key(ACME, sha256) for sha256 in world.needed}
