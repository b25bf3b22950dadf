"""A blind sheet of two runs: `footnote eval people export A B --out FOLDER`.

The folder gets `sheet.html`, which works without a network and keeps the ratings until they are downloaded,
and `sheet.csv` for whoever prefers a table. Which run stands on which side is drawn case by case, and stands
in `FOLDER.key.json` beside the folder: keep that, and give the folder away.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from eval.commands import Seed, command, run
from eval.judge.pairs import Pair, paired
from eval.people.key import Key, Row
from eval.run.records import RunFolder

MOST = 200
"""Nobody rates more with care."""
SCALE = {
    1: "left much better",
    2: "left better",
    3: "no difference",
    4: "right better",
    5: "right much better",
}
COLUMNS = ("sheet", "row", "rater", "rating", "comment")
TEMPLATE = Path(__file__).with_name("sheet.html.j2")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the start of a cell."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of the sheet."""

    number: int
    question: str
    left: str
    right: str


def sheet_of(pairs: Sequence[Pair], names: tuple[str, str], most: int, seed: int) -> tuple[list[Shown], Key]:
    """The rows of a sheet and its key: pairs that differ, in an order and on sides drawn by the seed."""
    draw = random.Random(seed)
    differing = [pair for pair in pairs if pair.a.strip() != pair.b.strip()]
    drawn = draw.sample(differing, min(most, len(differing)))
    swapped = [draw.random() < 0.5 for _ in drawn]
    shown = [
        Shown(number, pair.case.question, *((pair.b, pair.a) if swap else (pair.a, pair.b)))
        for number, (pair, swap) in enumerate(zip(drawn, swapped, strict=True), start=1)
    ]
    rows = {
        one.number: Row(case=pair.id, swapped=swap)
        for one, pair, swap in zip(shown, drawn, swapped, strict=True)
    }
    sheet = hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
    return shown, Key(sheet=sheet, a=names[0], b=names[1], rows=rows)


def page(shown: Sequence[Shown], sheet: str) -> str:
    """The page: what stands in answers and questions is shown as it is, and never run."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    style, script, body = TEMPLATE.read_text(encoding="utf-8").split("<!-- part -->\n")
    return environment.from_string(body).render(
        rows=shown, sheet=sheet, scale=SCALE, style=_Inline(style), script=_Inline(script), columns=COLUMNS
    )


class _Inline:
    """A part of the page that is ours: it goes in as it is, and the page names its hash as the one to run."""

    def __init__(self, content: str) -> None:
        self._content = content

    def __html__(self) -> str:
        return self._content

    @property
    def hash(self) -> str:
        digest = hashlib.sha256(self._content.encode()).digest()
        return f"sha256-{base64.b64encode(digest).decode()}"


def write_table(shown: Sequence[Shown], sheet: str, path: Path) -> None:
    """The same as a table; one row a case, with the columns to be filled in."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow([*COLUMNS, "question", "left", "right"])
        for one in shown:
            table.writerow([sheet, one.number, "", "", "", *map(_cell, (one.question, one.left, one.right))])


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def main(
    first: Annotated[Path, typer.Argument(metavar="A", help="A run's folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="That of another run of the same set.")],
    out: Annotated[Path, typer.Option("--out", help="The folder that is given away.")],
    most: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many cases.")] = MOST,
    seed: Seed = 1,
) -> None:
    """The command line."""
    pairs = paired(RunFolder(first).outcomes(), RunFolder(second).outcomes())
    shown, key = sheet_of(pairs, (first.name, second.name), most, seed)
    if not shown:
        print("The two runs answer every case alike: there is nothing to rate.")
        return
    out.mkdir(parents=True, exist_ok=True)
    (out / "sheet.html").write_text(page(shown, key.sheet), encoding="utf-8")
    write_table(shown, key.sheet, out / "sheet.csv")
    kept = out.with_name(f"{out.name}.key.json")
    kept.write_text(key.model_dump_json(indent=1), encoding="utf-8")
    print(f"{len(shown)} cases in {out}; which side is which stands in {kept}.")


if __name__ == "__main__":
    run(command(main))
