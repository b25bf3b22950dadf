"""What a measurement comes to, in the one form that runs have too (eval/run/records.py).

A folder with `cases.jsonl`, a line a case, and `run.json`, the summary. Without a folder the summary alone is
printed: as a table, or with `--json` as it is written.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from eval.run.records import CASES, SUMMARY
from service.cli.progress import counting

One = TypeVar("One")
err = Console(stderr=True)


def give(
    summary: object,
    cases: Iterable[object],
    *,
    out: Path | None,
    as_json: bool,
    show: Callable[[], None],
) -> None:
    """Prints the summary, as JSON or by `show`, and keeps it with its cases in the folder `out`."""
    told = json.dumps(_plain(summary), indent=1, ensure_ascii=False, allow_nan=False)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(_plain(case), ensure_ascii=False, allow_nan=False) for case in cases)
        (out / CASES).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        (out / SUMMARY).write_text(f"{told}\n", encoding="utf-8")
    if as_json:
        print(told)
    else:
        show()


def each(what: str, items: Sequence[One]) -> Iterator[One]:
    """The items, with a bar on standard error that says how many are done."""
    with counting(what, err) as tell:
        for number, item in enumerate(items):
            tell(number, len(items))
            yield item
        tell(len(items), len(items))


def _plain(value: Any) -> Any:
    """JSON's values; what is no number is null, as JSON has none."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
