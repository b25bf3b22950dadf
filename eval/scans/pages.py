"""Pages of known text, drawn: receipts as a till prints them, and pages of prose with a table of figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.random import Generator
    from PIL.Image import Image

_TILL_DOTS, _TILL_COLUMNS = 576, 42
"""Of a thermal printer on paper of 80 mm."""
_PAGE_DOTS, _PAGE_CHARACTERS = 1650, 78
"""A page 8.25 inches wide at 200 dots an inch."""
_SHOPS = (
    "HARBOUR GROCERIES LTD",
    "Bakery & Cafe Lindner",
    "TOOL DEPOT NO. 17",
    "City Pharmacy",
    "BOOKS ON 5TH",
)
_STREETS = (
    "14 Station Road",
    "Unit 3, Mill Lane",
    "221 Kingsway",
    "No. 8, Jalan Permas 10/2",
    "77 Old Market",
)
_GOODS = (
    "WHOLE MILK 1L", "Sourdough bread", "EGGS FREE RANGE 10", "Cable tie 200MM", "A4 PAPER 80G",
    "Ibuprofen 400mg", "Wood screw 4x40", "ORANGE JUICE", "Chicken breast", "Notebook ruled",
    "BATTERY AA 4PK",
    "Green tea 20 bags", "PAINT BRUSH 2IN", "Hand soap 500ml", "Rice basmati 5kg",
    "Latte macchiato", "LED BULB E27 9W",
    "Olives black",
)  # fmt: skip
_SENTENCES = (
    "The pump must be drained before the cover is lifted.",
    "Deliveries are accepted on working days between 8 and 16 o'clock at gate 4.",
    "Employees who travel by train may claim the fare and one meal a day.",
    "A complaint that is not answered within 14 days goes to the head of service.",
    "The warranty does not cover damage that was caused by water or by frost.",
    "Every visitor wears a badge and is met at the reception on the ground floor.",
    "Invoices above 5,000 are signed by two people, of whom one is not of the team.",
    "Keep the oil between the two marks; the engine holds 3.8 litres.",
    "The licence fee rises with the consumer price index, but by no more than 3 % a year.",
    "Backups are made each night, kept for 35 days and tried out every quarter.",
    "In case of fire leave by the nearest stairs and do not use the lifts.",
    "The tenant returns all 3 keys and the meter is read in the presence of both parties.",
    "Samples are stored at 4 degrees and thrown away after 72 hours.",
    "Whoever finds an error in the price list tells the sales office at once.",
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page in grey and the lines that stand on it."""

    image: Image
    lines: tuple[str, ...]


Font = Callable[[float], Any]
"""A face of the size, in dots."""


def fonts(folder: Path | None) -> list[Font]:
    """The faces in a folder; without one, the single face that comes with Pillow."""
    from PIL import ImageFont

    if folder is None:
        return [ImageFont.load_default]
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf"))
    return [partial(ImageFont.truetype, str(path)) for path in found]


def receipt(random: Generator, font: Font) -> Drawn:
    """A till's receipt: goods and prices, total, tax, how it was paid."""
    prices = [round(float(random.uniform(0.4, 60)), 2) for _ in range(int(random.integers(4, 11)))]
    total = sum(prices)
    paid = 10 * (total // 10 + 1)
    lines = [
        str(random.choice(_SHOPS)),
        str(random.choice(_STREETS)),
        f"Tel {random.integers(10**6, 10**7)}",
        "",
    ]
    lines += [f"Receipt {random.integers(1000, 99999)}", _day(random), ""]
    lines += [_till_line(str(random.choice(_GOODS)), price) for price in prices]
    lines += ["-" * _TILL_COLUMNS, _till_line("TOTAL", total), _till_line("VAT 7%", total * 7 / 107)]
    lines += [
        _till_line("CASH", paid),
        _till_line("CHANGE", paid - total),
        "",
        "Thank you, please come again",
    ]
    return _drawn(lines, font, _TILL_DOTS, _TILL_COLUMNS, pitch=1.25)


def prose(random: Generator, font: Font) -> Drawn:
    """Paragraphs of prose with figures among them."""
    lines: list[str] = []
    for _ in range(3):
        chosen = random.choice(len(_SENTENCES), size=5, replace=False)
        lines += [*wrap(" ".join(_SENTENCES[place] for place in chosen), _PAGE_CHARACTERS), ""]
    lines += [
        f"Item {place}   {random.integers(10, 9999)}   {random.uniform(1, 99):.2f}" for place in range(1, 5)
    ]
    return _drawn(lines, font, _PAGE_DOTS, _PAGE_CHARACTERS, pitch=1.4)


KINDS: dict[str, Callable[[Generator, Font], Drawn]] = {"receipt": receipt, "prose": prose}


def _day(random: Generator) -> str:
    day, month, year = (int(random.integers(*bounds)) for bounds in ((1, 29), (1, 13), (2015, 2027)))
    return f"{day:02}/{month:02}/{year} {random.integers(8, 21):02}:{random.integers(0, 60):02}"


def _till_line(name: str, price: float) -> str:
    return f"{name:<{_TILL_COLUMNS - 10}}{price:>10.2f}"


def _drawn(lines: Sequence[str], font: Font, dots: int, columns: int, pitch: float) -> Drawn:
    """The lines in the largest size in which all fit; a price stands at the right edge in any face."""
    from PIL import Image, ImageDraw

    margin = dots // 16
    size = (dots - 2 * margin) / columns * 1.9
    face = font(size)
    widest = max(face.getlength(" ".join(line.split())) for line in lines)
    if widest > dots - 2 * margin:
        size *= (dots - 2 * margin) / widest
        face = font(size)
    image = Image.new("L", (dots, round(size * pitch * (len(lines) + 4))), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        left, _, right = line.partition("    ")
        y = size * pitch * (number + 2)
        draw.text((margin, y), left, font=face, fill=20)
        if right.strip():
            draw.text((dots - margin, y), right.strip(), font=face, fill=20, anchor="ra")
    return Drawn(image, tuple(" ".join(line.split()) for line in lines if line.strip("- ")))
