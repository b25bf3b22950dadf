"""What each test of this suite starts from: an engine on the services, and hands that work beside it.

Each test has a short form and, marked `chaos`, a full one. The full one's dice are those of `CHAOS_SEED`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from service.local_engine import LocalEngine
from service.settings import CatalogueSettings
from tests.durability.checking import Confirmed
from tests.durability.crew import Crew
from tests.durability.working import Place
from tests.fakes_core import FakeEmbedder, a_tokenizer, opened, quick_folder

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it."""

    documents: int
    parts: int
    rounds: int
    kills: int
    """At most: workers that never live for long enough would never be done."""
    beat_s: float
    """Between two blows."""
    pause_s: float
    """How long embedding 64 chunks takes."""
    workers: int
    steps: int
    """What the people of one tenant do in a round."""
    lease_s: float
    """Long enough for a living worker on a busy machine to renew it, short enough to wait for."""


QUICK = Size(
    documents=8, parts=5, rounds=1, kills=2, beat_s=0.3, pause_s=0.1, workers=3, steps=8, lease_s=2.0
)
FULL = Size(
    documents=500, parts=10, rounds=5, kills=50, beat_s=3.0, pause_s=0.05, workers=10, steps=80, lease_s=5.0
)


def pytest_report_header() -> str:
    return f"chaos: CHAOS_SEED={SEED}"


@pytest.fixture(
    params=[pytest.param(QUICK, id="quick"), pytest.param(FULL, id="full", marks=pytest.mark.chaos)]
)
def size(request: pytest.FixtureRequest) -> Size:
    found: Size = request.param
    return found


@pytest.fixture
def dice() -> random.Random:
    """The same in each run of a seed."""
    return random.Random(SEED)


@pytest.fixture
def lease_s(request: pytest.FixtureRequest) -> float:
    """That of the test's size; one second where a stopped worker has to be waited for."""
    if "size" in request.fixturenames:
        found: Size = request.getfixturevalue("size")
        return found.lease_s
    return 1.0


@pytest.fixture
def lock_wait_s() -> float:
    return 30.0


@pytest.fixture
def place(services: dict[str, Any], lease_s: float, lock_wait_s: float) -> Iterator[Place]:
    url = services["catalogue"].url
    services["catalogue"] = CatalogueSettings(url=url, lease_s=lease_s, lock_wait_s=lock_wait_s)
    with quick_folder() as folder:
        yield Place(folder, services)


@pytest.fixture
def crew(place: Place) -> Iterator[Crew]:
    crew = Crew(place)
    yield crew
    crew.dismiss()


@pytest.fixture
def embedder(place: Place) -> FakeEmbedder:
    return FakeEmbedder(a_tokenizer(place.folder / "tokenizer"))


@pytest.fixture
def engine(place: Place, crew: Crew, embedder: FakeEmbedder) -> Iterator[LocalEngine]:
    """What takes uploads and deletes, and looks in the end; closed after the crew is dismissed."""
    with opened(place.folder / "data", embedder, **place.services) as engine:
        yield engine


@pytest.fixture
def confirmed(engine: LocalEngine) -> Confirmed:
    return Confirmed(engine)
