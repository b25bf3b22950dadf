"""Charts as SVG that stands in the page: shapes and numbers, coloured by the page's style sheet.

Each chart is a `Markup`: labels are escaped here, and nothing else in it comes from a text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from eval.relevance.calibration import Bin, Risk
from eval.run.records import Interval, Latency

WIDTH, HEIGHT = 320, 220
LEFT, BOTTOM, TOP, RIGHT = 52, 34, 22, 16
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def whisker(figure: Interval) -> Markup:
    """A mean with its interval, between 0 and 1."""
    left, right = (6 + 148 * min(1.0, max(0.0, one)) for one in (figure.low, figure.high))
    middle = 6 + 148 * min(1.0, max(0.0, figure.mean))
    shapes = (
        '<line class="axis" x1="6" y1="9" x2="154" y2="9"/>'
        f'<line class="range" x1="{left:.1f}" y1="9" x2="{right:.1f}" y2="9"/>'
        f'<circle class="mark" cx="{middle:.1f}" cy="9" r="4"/>'
    )
    about = f"{figure.mean:.3f}, from {figure.low:.3f} to {figure.high:.3f}"
    return _drawing(160, 18, shapes, about)


def reliability(bins: Sequence[Bin]) -> Markup:
    """Predicted against observed; a point's area is its part of the cases, the line is where it is true."""
    diagonal = f'<line class="guide" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    points = "".join(
        f'<circle class="mark soft" cx="{_x(one.predicted)}" cy="{_y(one.observed)}" '
        f'r="{3 + 22 * one.weight**0.5:.1f}"/>'
        for one in bins
    )
    return _plot(diagonal + points, "predicted probability", "share that had an answer")


def risk_coverage(risks: Sequence[Risk]) -> Markup:
    """The share of the answered that had no answer, the more questions are answered the further right."""
    line = " ".join(f"{_x(one.coverage)},{_y(one.risk)}" for one in risks)
    points = "".join(
        f'<circle class="mark" cx="{_x(one.coverage)}" cy="{_y(one.risk)}" r="3"/>' for one in risks
    )
    return _plot(f'<polyline class="curve" points="{line}"/>{points}', "coverage", "risk")


def histogram(series: Mapping[str, Sequence[float]], about: str, bins: int = 10) -> Markup:
    """How often values between 0 and 1 fall into each of `bins`, for one series or two side by side."""
    counted = {name: _counts(values, bins) for name, values in series.items()}
    most = max((max(counts) for counts in counted.values()), default=0) or 1
    most += -most % (len(TICKS) - 1)
    wide = (WIDTH - LEFT - RIGHT) / bins / max(1, len(series)) * 0.86
    bars = "".join(
        f'<rect class="series{number}" x="{_x(place / bins) + 1 + number * wide:.1f}" '
        f'y="{_y(count / most):.1f}" width="{wide:.1f}" height="{_y(0) - _y(count / most):.1f}"/>'
        for number, counts in enumerate(counted.values())
        for place, count in enumerate(counts)
    )
    legend = "".join(
        f'<rect class="series{number}" x="{LEFT + 2 + 120 * number}" y="4" width="10" height="10"/>'
        f'<text x="{LEFT + 16 + 120 * number}" y="13">{escape(name)}</text>'
        for number, name in enumerate(series)
    )
    return _plot(bars + legend, about, "how many", top=most)


def stages(times: Mapping[str, Latency]) -> Markup:
    """A bar a stage to its median, with a line to its 95th percentile."""
    longest = max((one.p95 for one in times.values()), default=0) or 1.0
    room, row = 960 - 110 - 150, 24
    shapes = "".join(
        f'<text class="end" x="102" y="{place * row + 16}">{escape(name)}</text>'
        f'<rect class="series0" x="110" y="{place * row + 5}" width="{room * one.p50 / longest:.1f}" '
        'height="14"/>'
        f'<line class="range thin" x1="110" y1="{place * row + 12}" '
        f'x2="{110 + room * one.p95 / longest:.1f}" y2="{place * row + 12}"/>'
        f'<text x="{118 + room * one.p95 / longest:.1f}" y="{place * row + 16}">'
        f"{one.p50:.1f} ms, p95 {one.p95:.1f}</text>"
        for place, (name, one) in enumerate(times.items())
    )
    return _drawing(960, row * len(times) + 4, shapes, "time of each stage")


def _counts(values: Sequence[float], bins: int) -> list[int]:
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, max(0, int(value * bins)))] += 1
    return counts


def _x(value: float) -> float:
    return round(LEFT + value * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float) -> float:
    return round(HEIGHT - BOTTOM - value * (HEIGHT - BOTTOM - TOP), 1)


def _plot(shapes: str, across: str, up: str, top: float = 1.0) -> Markup:
    """Shapes in a frame, from 0 to 1 across and from 0 to `top` upwards."""
    grid = "".join(
        f'<line class="axis" x1="{LEFT}" y1="{_y(tick)}" x2="{WIDTH - RIGHT}" y2="{_y(tick)}"/>'
        f'<text class="end" x="{LEFT - 5}" y="{_y(tick) + 4}">{_told(tick * top)}</text>'
        f'<text class="middle" x="{_x(tick)}" y="{HEIGHT - BOTTOM + 14}">{tick:g}</text>'
        for tick in TICKS
    )
    names = (
        f'<text class="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}">{escape(across)}</text>'
        f'<text class="middle" transform="translate(12 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">'
        f"{escape(up)}</text>"
    )
    return _drawing(WIDTH, HEIGHT, grid + shapes + names, f"{up} over {across}")


def _told(value: float) -> str:
    """A tick; of cases there are only whole ones."""
    return f"{value:g}" if value <= 1 else f"{value:.0f}"


def _drawing(width: int, height: int, shapes: str, about: str) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(about)}">{shapes}</svg>'
    )
