"""Ratings of a blind sheet read back: `footnote eval people import KEY RATINGS...`.

Tells how far those who rated agree (Cohen's kappa with quadratic weights, the mean over all pairs of them),
which run they prefer, and how sure that is. `footnote eval pairwise --people` reads what `--out` gets.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from pydantic import TypeAdapter, ValidationError
from sklearn.metrics import cohen_kappa_score

from eval.commands import AsJson, Out, command, run
from eval.judge.pairs import Winner
from eval.people.key import Key
from eval.people.sheet import COLUMNS, SCALE
from service.errors import InvalidInput

MIDDLE = 3
FEWEST = 2
"""Cases that two people must both have rated, for their agreement to be told."""
RESAMPLES, SEED = 2_000, 1

Ratings = Mapping[str, Mapping[str, int]]
"""By rater, then by case: 1 where the first run is much better, 5 where the second is."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What people said. `toward_b` is the mean over cases in [-2, 2], with its 95 % bootstrap interval.

    A case is won by the run to which its mean rating leans.
    """

    raters: int
    cases: int
    kappa: float | None
    """None where no two people rated the same cases, or all said the same."""
    toward_b: float
    low: float
    high: float
    a: int
    b: int
    ties: int


def ratings_of(key: Key, paths: Sequence[Path]) -> dict[str, dict[str, int]]:
    """The ratings of files, turned so that 5 always is for the second run.

    Raises:
        InvalidInput: a line is no rating of this sheet, or a person rated a case twice.
    """
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for path in paths:
        for number, row in _rows(path):
            where = f"{path.name}, line {number}"
            rater, case, rating = _rating(key, row, where)
            if case in found[rater]:
                raise InvalidInput(f"{where}: {rater} has rated this case already")
            found[rater][case] = rating
    return dict(found)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        if missing := set(COLUMNS) - set(table.fieldnames or ()):
            raise InvalidInput(f"{path.name} lacks the columns {', '.join(sorted(missing))}")
        # A table in which some rows were left out is a sheet that is not finished, and no mistake.
        yield from ((table.line_num, row) for row in table if (row["rating"] or "").strip())


def _rating(key: Key, row: Mapping[str, str], where: str) -> tuple[str, str, int]:
    if row["sheet"] != key.sheet:
        raise InvalidInput(f"{where}: of another sheet than the key ({key.sheet})")
    shown = key.rows.get(int(row["row"])) if row["row"].isdigit() else None
    if shown is None:
        raise InvalidInput(f"{where}: the sheet has no such row")
    rating = int(row["rating"]) if row["rating"].strip().isdigit() else 0
    if rating not in SCALE:
        raise InvalidInput(f"{where}: a rating is a number from 1 to {max(SCALE)}")
    if not (rater := row["rater"].strip()):
        raise InvalidInput(f"{where}: there is no rater")
    return rater, shown.case, 2 * MIDDLE - rating if shown.swapped else rating


def preference(ratings: Ratings) -> Preference:
    """What the ratings come to.

    Raises:
        InvalidInput: there are none.
    """
    leaning = _leaning(ratings)
    if not leaning:
        raise InvalidInput("there are no ratings")
    values = np.array(list(leaning.values()))
    drawn = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return Preference(
        raters=len(ratings),
        cases=len(values),
        kappa=_kappa(ratings),
        toward_b=float(values.mean()),
        low=float(low),
        high=float(high),
        a=int((values < 0).sum()),
        b=int((values > 0).sum()),
        ties=int((values == 0).sum()),
    )


def winners(ratings: Ratings) -> dict[str, Winner]:
    """By case the run that people prefer."""
    return {case: "b" if lean > 0 else "a" if lean < 0 else "tie" for case, lean in _leaning(ratings).items()}


def preferences(path: Path) -> dict[str, Winner]:
    """What `--out` was given before.

    Raises:
        InvalidInput: the file holds something else.
    """
    try:
        return TypeAdapter(dict[str, Winner]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InvalidInput(f"{path} holds no preferences of people ({type(error).__name__})") from None


def _leaning(ratings: Ratings) -> dict[str, float]:
    cases: dict[str, list[int]] = defaultdict(list)
    for rated in ratings.values():
        for case, rating in rated.items():
            cases[case].append(rating - MIDDLE)
    return {case: float(np.mean(given)) for case, given in cases.items()}


def _kappa(ratings: Ratings) -> float | None:
    found = []
    for one, other in combinations(ratings.values(), 2):
        both = sorted(one.keys() & other.keys())
        said = [one[case] for case in both], [other[case] for case in both]
        if len(both) >= FEWEST and len({*said[0], *said[1]}) > 1:
            found.append(float(cohen_kappa_score(*said, labels=list(SCALE), weights="quadratic")))
    return float(np.mean(found)) if found else None


def main(
    key: Annotated[Path, typer.Argument(help="The key that was written with the sheet.")],
    ratings: Annotated[list[Path], typer.Argument(help="What came back, as CSV.")],
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    opened = Key.read(key)
    given = ratings_of(opened, ratings)
    found = preference(given)
    if out is not None:
        out.write_text(json.dumps(winners(given), indent=1), encoding="utf-8")
    print(json.dumps(asdict(found), indent=1) if as_json else "\n".join(_lines(found, opened)))


def _lines(found: Preference, key: Key) -> Iterator[str]:
    kappa = "not to be told" if found.kappa is None else f"{found.kappa:.2f}"
    yield f"{found.raters} people, {found.cases} cases; agreement (quadratic kappa): {kappa}"
    yield f"{key.a} preferred on {found.a}, {key.b} on {found.b}, neither on {found.ties}"
    yield (f"toward {key.b}: {found.toward_b:+.2f} of 2, 95 % interval {found.low:+.2f} to {found.high:+.2f}")


if __name__ == "__main__":
    run(command(main))
