"""`footnote tune embedder`: fine-tunes the embedding model on questions of your own domain.

    footnote tune embedder --data DIR [--documents DIR] [--feedback] [--guard DIR] [--out DIR] [--lora]

Learns from labelled sets (`--data`), from documentation without labels, whose headings and sentences ask for
their sections (`--documents`: md, rst and txt), and from what readers said of answers (`--feedback`). A part
of the articles or documents is held out; the product searches it before and after, with the compiled model.
The new model is kept only if what is served surely gained there: exit code 0, otherwise 3. `--guard` names
labelled sets of another kind and shows what was lost elsewhere.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress

from eval import labelled as sets
from eval.collect import ask, engine_of
from eval.labelled.types import LabelledQuestion, LabelledSet
from eval.tune.comparing import Comparison, QuestionScores, compared, scored, wins
from eval.tune.contrastive import Recipe, Trained, train
from eval.tune.embedder_card import advice, card, table
from eval.tune.feedback import feedback_set
from eval.tune.pairs import Split, TrainingExample, bounded, example, split, without_copies
from service.errors import Misconfigured
from service.models import folder_for, remove
from service.settings import Settings
from service.types import Found, Hit

MIN_EXAMPLES, MIN_HELD_OUT = 40, 20
"""With fewer, neither learning nor judging means anything."""
GUARD_QUESTIONS, GUARD_RECORDS = 200, 600
NOT_BETTER = 3
"""The exit code when nothing was kept."""


@dataclass(frozen=True, slots=True)
class TunedEmbedder:
    """What a run came to. `together` compares all held-out questions, which decides; `guard` other sets."""

    base: str
    sources: tuple[str, ...]
    examples: int
    recipe: Recipe
    trained: Trained
    held_out: tuple[Comparison, ...]
    together: tuple[Comparison, ...]
    guard: tuple[Comparison, ...]
    won: bool
    out: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class SplitSet:
    """A set with the questions to learn from and those held out; a guard has none to learn from."""

    labelled: LabelledSet
    questions: Split


def main(arguments: Sequence[str] | None = None) -> int:
    """Tunes, compares, keeps or deletes; the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not (options.data or options.documents or options.feedback):
        parser.error("nothing to learn from: give --data, --documents or --feedback")
    settings = Settings(**({} if options.data_dir is None else {"data_dir": options.data_dir}))
    options.out = options.out or settings.data_dir / "tuned" / "embedder"
    if options.out.exists():
        parser.error(f"{options.out} exists already: give another folder with --out")
    tuned = tune(options, settings, Console(stderr=True, soft_wrap=True, quiet=options.json))
    if options.json:
        print(json.dumps(dataclasses.asdict(tuned), indent=2))
    else:
        console = Console(soft_wrap=True)
        console.print(table([*tuned.held_out, *tuned.together, *tuned.guard]))
        console.print(advice(tuned.won, tuned.out), highlight=False, markup=False)
    return 0 if tuned.won else NOT_BETTER


def _parser() -> argparse.ArgumentParser:
    recipe = Recipe()
    parser = argparse.ArgumentParser(
        prog="footnote tune embedder",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data", type=Path, action="append", default=[], help="a labelled set, or a folder of them")
    add("--documents", type=Path, action="append", default=[], help="documentation without labels")
    add("--feedback", action="store_true", help="learn from what readers said of answers")
    add("--data-dir", type=Path, help="the data folder; FOOTNOTE_DATA_DIR otherwise")
    add("--guard", type=Path, action="append", default=[], help="labelled sets to show losses on")
    add("--out", type=Path, help="the new model's folder; tuned/embedder in the data folder")
    add("--keep", action="store_true", help="keep the model even if it does not win")
    add("--lora", action="store_true", help="learn low-rank adapters and merge them in")
    add("--minutes", type=float, default=recipe.minutes, help="of training, at most")
    add("--epochs", type=int, default=recipe.epochs)
    add("--batch-size", type=int, default=recipe.batch_size)
    add("--learning-rate", type=float, default=recipe.learning_rate)
    add("--held-out", type=float, default=0.25, help="the share of the documents that is held out")
    add("--questions", type=int, default=2_000, help="of each set, at most")
    add("--records", type=int, default=4_000, help="of each set, at most; those that answer are always in")
    add("--seed", type=int, default=recipe.seed)
    add("--json", action="store_true", help="print JSON, for machines")
    return parser


def tune(options: argparse.Namespace, settings: Settings, console: Console) -> TunedEmbedder:
    """The story: search, mine, train, search again, decide.

    Raises:
        Misconfigured: there is too little to learn from or to judge by.
    """
    started = time.monotonic()
    recipe = _recipe(options)
    own, guards = list(_own(options, settings)), list(_guards(options))
    with TemporaryDirectory(prefix="footnote-tune-") as folder:
        before = _Search(settings, settings.embed.model, Path(folder) / "before", console)
        examples, old = _mined(own, before)
        _check(examples, old)
        old_guards = [before.scores(guard) for guard in guards]
        model = Path(folder) / options.out.name
        trained = _trained(settings.embed.model, examples, recipe, model, console)
        after = _Search(settings, str(model), Path(folder) / "after", console)
        new, new_guards = [after.scores(part) for part in own], [after.scores(guard) for guard in guards]
        remove(folder_for(str(model), "embedder", settings.embed.precision, settings.cache_dir))
        together = compared("held out", _flat(old), _flat(new))
        tuned = TunedEmbedder(
            base=settings.embed.model,
            sources=tuple(part.labelled.name for part in own),
            examples=len(examples),
            recipe=recipe,
            trained=trained,
            held_out=_all_compared(own, old, new) if len(own) > 1 else (),
            together=tuple(together),
            guard=_all_compared(guards, old_guards, new_guards),
            won=wins(together),
            out=None,
            seconds=0.0,
        )
        return _settled(tuned, model, options, round(time.monotonic() - started, 1))


def _recipe(options: argparse.Namespace) -> Recipe:
    return Recipe(
        epochs=options.epochs,
        minutes=options.minutes,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        lora=options.lora,
        seed=options.seed,
    )


def _trained(
    base: str, examples: Sequence[TrainingExample], recipe: Recipe, out: Path, console: Console
) -> Trained:
    console.print(f"training on {len(examples)} questions", highlight=False)
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("training", total=1.0)

        def said(done: float, loss: float) -> None:
            progress.update(bar, completed=done, description=f"loss {loss:.3f}")

        return train(base, examples, recipe, out, said)


def _settled(tuned: TunedEmbedder, model: Path, options: argparse.Namespace, seconds: float) -> TunedEmbedder:
    """The model goes to its place with its card if it won; otherwise it goes with the temporary folder."""
    kept = tuned.won or options.keep
    tuned = dataclasses.replace(tuned, out=str(options.out.resolve()) if kept else None, seconds=seconds)
    if kept:
        (model / "README.md").write_text(card(tuned), encoding="utf-8")
        options.out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(model, options.out)
    return tuned


# --- what is learned from and judged by ------------------------------------------------------


def _own(options: argparse.Namespace, settings: Settings) -> Iterator[SplitSet]:
    for labelled in _sources(options, settings):
        fit = bounded(without_copies(labelled), options.questions, options.records, options.seed)
        if fit.questions:
            yield SplitSet(fit, split(fit, options.held_out, options.seed))


def _sources(options: argparse.Namespace, settings: Settings) -> Iterator[LabelledSet]:
    for folder in options.data:
        yield from sets.find(folder)
    for folder in options.documents:
        yield sets.documentation(folder.resolve(), options.records)
    if options.feedback:
        yield feedback_set(settings)


def _guards(options: argparse.Namespace) -> Iterator[SplitSet]:
    for folder in options.guard:
        for labelled in sets.find(folder):
            sample = bounded(labelled, GUARD_QUESTIONS, GUARD_RECORDS, options.seed)
            yield SplitSet(sample, Split((), sample.questions))


def _mined(
    own: Sequence[SplitSet], before: _Search
) -> tuple[list[TrainingExample], list[list[QuestionScores]]]:
    """What the parts to learn from teach, and the measures of what is held out, from one ingest of each."""
    examples: list[TrainingExample] = []
    old = []
    for part in own:
        train_part, held_out = part.questions.train, part.questions.held_out
        found = before.found(part.labelled, [*train_part, *held_out])
        taught = (example(question, one) for question, one in zip(train_part, found, strict=False))
        examples += [one for one in taught if one is not None]
        rest = found[len(train_part) :]
        old.append(
            [scored(part.labelled, question, one) for question, one in zip(held_out, rest, strict=True)]
        )
    return examples, old


def _check(examples: Sequence[TrainingExample], held_out: Sequence[Sequence[QuestionScores]]) -> None:
    judged = len(_flat(held_out))
    if len(examples) < MIN_EXAMPLES or judged < MIN_HELD_OUT:
        raise Misconfigured(
            f"{len(examples)} questions to learn from and {judged} to judge by are too few",
            hint=f"{MIN_EXAMPLES} and {MIN_HELD_OUT} are the least; a few hundred are sensible",
        )


@dataclass(frozen=True, slots=True)
class _Search:
    """Searches with one embedding model: every set is read into a data folder of its own."""

    settings: Settings
    model: str
    folder: Path
    console: Console

    def found(self, labelled: LabelledSet, questions: Sequence[LabelledQuestion]) -> list[Found]:
        """What is found for each question, not reranked."""
        self.console.print(f"searching {labelled.name} with {Path(self.model).name}", highlight=False)
        settings = self.settings.model_copy(
            update={
                "data_dir": self.folder / _folder_name(labelled),
                "embed": self.settings.embed.model_copy(update={"model": self.model}),
                "rerank": self.settings.rerank.model_copy(update={"method": "none", "token_dimensions": 0}),
            }
        )
        shared: dict[str, Hit] = {}
        with engine_of(labelled, settings) as engine:
            return [ask(engine, question.text, shared) for question in questions]

    def scores(self, part: SplitSet) -> list[QuestionScores]:
        """The measures of the part's held-out questions."""
        questions = part.questions.held_out
        found = self.found(part.labelled, questions)
        return [scored(part.labelled, asked, one) for asked, one in zip(questions, found, strict=True)]


def _folder_name(labelled: LabelledSet) -> str:
    """One for each set, also where two folders bear the same name."""
    return f"{labelled.name}-{hashlib.sha256(str(labelled.folder.resolve()).encode()).hexdigest()[:8]}"


def _flat(scores: Sequence[Sequence[QuestionScores]]) -> list[QuestionScores]:
    """All sets' scores as one list; groups of two sets stay apart."""
    return [
        dataclasses.replace(one, group=f"{place}:{one.group}")
        for place, each in enumerate(scores)
        for one in each
    ]


def _all_compared(
    parts: Sequence[SplitSet],
    before: Sequence[Sequence[QuestionScores]],
    after: Sequence[Sequence[QuestionScores]],
) -> tuple[Comparison, ...]:
    return tuple(
        comparison
        for part, old, new in zip(parts, before, after, strict=True)
        if old
        for comparison in compared(part.labelled.name, old, new)
    )
