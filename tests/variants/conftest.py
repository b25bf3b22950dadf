"""An engine with a candidate beside it: the same words, another model's generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.local_engine import LocalEngine
from service.settings import DecideSettings, GenerateSettings, Settings, VariantSettings
from tests.core.test_answer_cache import TEXT, CountingGenerator
from tests.fakes_core import FakeEmbedder, a_tokenizer, ingested, opened, quick_folder

CANDIDATE = "theirs"
Try = Callable[..., AbstractContextManager[LocalEngine]]


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def generator() -> CountingGenerator:
    return CountingGenerator()


@pytest.fixture
def candidate() -> CountingGenerator:
    return CountingGenerator(model=CANDIDATE)


@pytest.fixture
def trying(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    generator: CountingGenerator,
    candidate: CountingGenerator,
) -> Try:
    """Opens the engine with a variant `bold` of these settings; both answer every question."""

    def generator_of(settings: Settings, *_: Any) -> CountingGenerator:
        return candidate if settings.generate.model == CANDIDATE else generator

    monkeypatch.setattr("service.wiring._generator", generator_of)
    embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))

    @contextmanager
    def open_with(*, online: Any = None, threshold: float = 0, **variant: Any) -> Iterator[LocalEngine]:
        bold = VariantSettings.model_validate({"generate": GenerateSettings(model=CANDIDATE), **variant})
        sections = {"online": online} if online else {}
        sections |= {"decide": DecideSettings(threshold=threshold), "variants": {"bold": bold}}
        with opened(folder / "data", embedder, **sections) as engine:
            if not engine.index.vectors.size():
                ingested(engine, "manual.md", TEXT)
            yield engine

    return open_with
