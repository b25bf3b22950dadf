"""A measured figure, with its goal and what it stands beside, and the tables that they make."""

from __future__ import annotations

import json
import multiprocessing
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

import psutil
from rich.console import Console

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

MIB = 1024 * 1024
COLUMNS = ("group", "what", "figure", "goal", "baseline", "ratio")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure shall be: at least, or at most, `bound`."""

    kind: Literal["at least", "at most"]
    bound: float

    def is_met(self, value: float) -> bool:
        """Whether `value` reaches it."""
        return value >= self.bound if self.kind == "at least" else value <= self.bound


@dataclass(frozen=True, slots=True)
class Baseline:
    """The same quantity of another package, from the same run and in the same unit."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity in `unit` (empty for a ratio); `note` says what the name leaves open."""

    group: str
    name: str
    value: float
    unit: str = ""
    goal: Goal | None = None
    baseline: Baseline | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether its goal is met; None without a goal."""
        return None if self.goal is None else self.goal.is_met(self.value)

    @property
    def ratio(self) -> float | None:
        """Ours over the baseline's; None without a baseline."""
        return self.value / self.baseline.value if self.baseline and self.baseline.value else None


@dataclass(frozen=True, slots=True)
class Spread:
    """How the times of many runs lie, in milliseconds."""

    p50: float
    p95: float

    @classmethod
    def of(cls, milliseconds: Iterable[float]) -> Spread:
        """Of at least one time."""
        ordered = sorted(milliseconds)
        return cls(statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))])


def resident_mib(pid: int, *, with_children: bool = True) -> float:
    """Resident memory of a process, and of its children if wanted, in MiB."""
    process = psutil.Process(pid)
    family = [process, *(process.children(recursive=True) if with_children else ())]
    total = 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:  # a parser's child that was replaced meanwhile
            continue
    return total / MIB


def processor_s(pids: Iterable[int]) -> float:
    """Processor time that these processes and their children have taken so far, all threads together."""
    found = [psutil.Process(pid) for pid in pids]
    times = [one.cpu_times() for process in found for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def alone(work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """What `work` returns when it runs in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *args, **kwargs).result()


@dataclass
class Report:
    """The figures of one run; each is printed when it comes."""

    console: Console
    options: dict[str, object]
    figures: list[Figure] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def add(self, figures: Iterable[Figure]) -> None:
        """Prints and keeps figures as they come."""
        for figure in figures:
            self.figures.append(figure)
            group, name, value, goal, baseline, ratio = row_of(figure)
            beside = f"  [{baseline}: x {ratio}]" if baseline else ""
            wanted = f"  ({goal})" if goal else ""
            self.console.print(
                f"{group:<10} {name:<58} {value:>14}{wanted}{beside}", highlight=False, markup=False
            )

    def save(self, folder: Path) -> tuple[Path, Path]:
        """Writes `<time>.json` and `<time>.md`; returns both paths."""
        folder.mkdir(parents=True, exist_ok=True)
        moment = datetime.now(UTC)
        base = folder / moment.strftime("%Y%m%d-%H%M%S")
        body = {
            "at": moment.isoformat(timespec="seconds"),
            "machine": machine(),
            "options": self.options,
            "seconds": self.seconds,
            "figures": [_as_json(figure) for figure in self.figures],
        }
        as_json, as_table = base.with_suffix(".json"), base.with_suffix(".md")
        as_json.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        as_table.write_text(markdown(self.figures), encoding="utf-8")
        return as_json, as_table


def machine() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / MIB / 1024, 1),
        "python": platform.python_version(),
        "load": round(psutil.getloadavg()[0], 1),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def markdown(figures: Sequence[Figure]) -> str:
    """A markdown table, a missed goal in bold."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|---:|---|---|---:|"]
    lines.extend("| " + " | ".join(row_of(figure)) + " |" for figure in figures)
    notes = [f"{figure.group} · {figure.name}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)]).rstrip() + "\n"


def row_of(figure: Figure) -> tuple[str, ...]:
    """The cells under `COLUMNS`."""
    value = f"{_number(figure.value)} {figure.unit}".strip()
    goal = "" if figure.goal is None else f"{figure.goal.kind} {_number(figure.goal.bound)}"
    if figure.is_met is not None:
        goal += ", met" if figure.is_met else ", **missed**"
    baseline = "" if figure.baseline is None else f"{figure.baseline.name} {_number(figure.baseline.value)}"
    ratio = "" if figure.ratio is None else _number(figure.ratio)
    return (figure.group, figure.name, value, goal, baseline, ratio)


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _as_json(figure: Figure) -> dict[str, object]:
    return {**asdict(figure), "met": figure.is_met, "ratio": figure.ratio}
