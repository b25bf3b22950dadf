"""`footnote tune embedder`: fine-tunes the embedding model on questions of your own domain.

Learns from labelled sets (`--data`), from documentation without labels, whose headings and sentences ask for
their sections (`--documents`: md, rst and txt), and from what readers said of answers (`--feedback`). A part
of the articles or documents is held out; the product searches it before and after, with the compiled model.
The new model is kept only if what is served surely gained there: exit code 0, otherwise 3. `--guard` names
labelled sets of another kind and shows what was lost elsewhere.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from eval.collect import ask, engine_of
from eval.commands import NOTHING_BETTER, AsJson, command, run
from eval.labelled.types import LabelledQuestion, LabelledSet
from eval.tune.comparing import Comparison, QuestionScores, compared, scored, wins
from eval.tune.contrastive import Recipe, Trained, train
from eval.tune.embedder_card import advice, card, table
from eval.tune.embedder_parts import SplitSet, TuningOptions, guard_parts, own_parts
from eval.tune.pairs import TrainingExample, example
from service.errors import Misconfigured
from service.models import folder_for, remove
from service.settings import Settings
from service.types import Found, Hit

MIN_EXAMPLES, MIN_HELD_OUT = 40, 20
"""With fewer, neither learning nor judging means anything."""


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


Paths = list[Path] | None
DEFAULT = Recipe()


def main(
    data: Annotated[Paths, typer.Option(help="A labelled set, or a folder of them; repeatable.")] = None,
    documents: Annotated[Paths, typer.Option(help="Documentation without labels; repeatable.")] = None,
    feedback: Annotated[bool, typer.Option("--feedback", help="What readers said of answers.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="The data folder.")] = None,
    guard: Annotated[Paths, typer.Option(help="Labelled sets to show losses on; repeatable.")] = None,
    out: Annotated[Path | None, typer.Option(help="The new model's folder.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep it even if it does not win.")] = False,
    lora: Annotated[bool, typer.Option("--lora", help="Learn low-rank adapters, merge them in.")] = False,
    minutes: Annotated[float, typer.Option(help="Of training, at most.")] = DEFAULT.minutes,
    epochs: int = DEFAULT.epochs,
    batch_size: int = DEFAULT.batch_size,
    learning_rate: float = DEFAULT.learning_rate,
    held_out: Annotated[float, typer.Option(help="The share of the documents to judge by.")] = 0.25,
    limit: Annotated[int, typer.Option("--limit", "--questions", help="Of each set, at most.")] = 2_000,
    records: Annotated[int, typer.Option(help="Of each set, at most, and those that answer.")] = 4_000,
    seed: int = DEFAULT.seed,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    if not (data or documents or feedback):
        raise typer.BadParameter("there is nothing to learn from: give --data, --documents or --feedback")
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    out = out or settings.data_dir / "tuned" / "embedder"
    if out.exists():
        raise typer.BadParameter(f"{out} exists already: give another folder with --out")
    recipe = Recipe(epochs, minutes, batch_size, learning_rate, lora=lora, seed=seed)
    options = TuningOptions(
        data or (), documents or (), feedback, guard or (), out, keep, held_out, limit, records, recipe
    )
    tuned = tune(options, settings, Console(stderr=True, soft_wrap=True, quiet=as_json))
    _tell(tuned, as_json=as_json)
    if not tuned.won:
        raise typer.Exit(NOTHING_BETTER)


def _tell(tuned: TunedEmbedder, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(dataclasses.asdict(tuned), indent=2))
        return
    console = Console(soft_wrap=True)
    console.print(table([*tuned.held_out, *tuned.together, *tuned.guard]))
    console.print(advice(tuned.won, tuned.out), highlight=False, markup=False)


def tune(options: TuningOptions, settings: Settings, console: Console) -> TunedEmbedder:
    """The story: search, mine, train, search again, decide.

    Raises:
        Misconfigured: there is too little to learn from or to judge by.
    """
    started = time.monotonic()
    recipe = options.recipe
    own, guards = list(own_parts(options, settings)), list(guard_parts(options))
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


def _trained(
    base: str, examples: Sequence[TrainingExample], recipe: Recipe, out: Path, console: Console
) -> Trained:
    console.print(f"training on {len(examples)} questions", highlight=False)
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("training", total=1.0)

        def said(done: float, loss: float) -> None:
            progress.update(bar, completed=done, description=f"loss {loss:.3f}")

        return train(base, examples, recipe, out, said)


def _settled(tuned: TunedEmbedder, model: Path, options: TuningOptions, seconds: float) -> TunedEmbedder:
    """The model goes to its place with its card if it won; otherwise it goes with the temporary folder."""
    kept = tuned.won or options.keep
    tuned = dataclasses.replace(tuned, out=str(options.out.resolve()) if kept else None, seconds=seconds)
    if kept:
        (model / "README.md").write_text(card(tuned), encoding="utf-8")
        options.out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(model, options.out)
    return tuned


# --- what is learned from and judged by ------------------------------------------------------


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


if __name__ == "__main__":
    run(command(main))
