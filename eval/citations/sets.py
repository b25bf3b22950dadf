"""The sets that citations are measured on or learned from, and their cases."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from eval.citations.cases import Case, cases
from eval.collect import engine_of
from eval.labelled import LabelledSet, documentation, find
from eval.labelled.files import golden
from eval.labelled.golden import DEMO
from service.embed import Embedder
from service.settings import Settings

SECTIONS = 500
"""How many sections of a folder without labels are asked about."""

Half = Literal["first", "second"]


def sets(data: Sequence[Path], docs: Path | None, only: Sequence[str] = ()) -> Iterator[LabelledSet]:
    """The labelled sets in each of `data` (documentation where there is none), and the folders in `docs`.

    Without either it is the sample corpus. `only` restricts them by name.
    """
    if not data and docs is None:
        yield golden(DEMO)
    folders = sorted(path for path in docs.iterdir() if path.is_dir()) if docs else []
    for path in data:
        if found := list(find(path)):
            yield from (one for one in found if not only or one.name in only)
        else:
            folders.append(path)
    yield from (documentation(path, SECTIONS) for path in folders if not only or path.name in only)


def half(labelled: LabelledSet, part: Half) -> LabelledSet:
    """Every other article, beginning with the first or the second: only the questions about them."""
    groups = sorted({question.group for question in labelled.questions})
    kept = set(groups[::2] if part == "first" else groups[1::2])
    questions = tuple(question for question in labelled.questions if question.group in kept)
    return dataclasses.replace(labelled, questions=questions)


def cases_of(
    labelled: LabelledSet, settings: Settings, count: int, seed: int, engines: Path | None = None
) -> tuple[list[Case], Embedder]:
    """The cases of so many questions of the set, asked of an engine of its own; and the engine's embedder.

    With `engines` what was ingested stays there, in a folder of the set's name.
    """
    asked = [question for question in labelled.questions if question.answerable]
    draw = random.Random(f"{seed}-{labelled.name}")
    asked = draw.sample(asked, min(count, len(asked)))
    with TemporaryDirectory() as scratch:
        own = settings.model_copy(update={"data_dir": (engines or Path(scratch)) / labelled.name})
        with engine_of(labelled, own) as engine:
            return list(cases(engine, asked, draw)), engine.pipeline.embedder
