"""The characters of a PDF page through pdfium, gathered into words; what nobody sees is counted instead.

Left out, with the cause it is counted under: `invisible` (render mode 3 away from a scan), `transparent`,
`tiny` (under one point), `off_page`, `same_colour` (light text that leaves no mark on the rendered page).
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ingestion.parse.pdf.model import Box, Word
from ingestion.parse.pdf.raised import SIGNS, SMALLER, is_raised, resolved
from ingestion.parse.pdf.source import Geometry
from ingestion.parse.pdf.styles import Style, Styles

FAINTEST_MARK = 12
"""Grey levels (of 255) that text must differ from what surrounds it to be seen."""
LEAST_GROUND = 0.35
"""The share of a word's area that its letters leave free, at least."""
RING, LEAST_RING = 2, 0.5
"""Pixels around a word, and the share of them that differs where the ground does; solid signs fill theirs."""
CHECK_SCALE = 1.5
ALEFS = frozenset("اأإآٱ")
LAM = "ل"
LIGATURES = frozenset(
    chr(code) for code in (*range(0xFB00, 0xFB07), *range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFF))
)
UNREADABLE = frozenset({0, 0xFFFD, 0xFFFE, 0xFFFF})
BULLET = "•"
LINE_END_HYPHEN = 2
"""pdfium's code for a hyphen at the end of a line."""
NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)


@dataclass(slots=True)
class Glyphs:
    """The text of one page."""

    words: list[Word] = field(default_factory=list)
    sideways: list[str] = field(default_factory=list)
    invisible: list[Word] = field(default_factory=list)
    light: list[tuple[Word, Style]] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0

    def keep(self, word: Word, style: Style) -> None:
        """Take a word that can be seen."""
        if style.sideways:
            self.sideways.append(word.text)
        else:
            self.words.append(word)


@dataclass(slots=True)
class _Open:
    """The word being gathered."""

    style: Style
    baseline: float
    characters: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


def read_glyphs(page: Any, shape: Geometry) -> Glyphs:
    """All text of a loaded page. Light text still has to be checked with `drop_unseen`."""
    textpage = page.get_textpage()
    try:
        reader = _Reader(textpage.raw, shape)
        gatherer = _Gatherer(shape, reader.baseline)
        for character in reader.characters(textpage.count_chars()):
            gatherer.take(*character)
        gatherer.close()
        gatherer.glyphs.words = resolved(gatherer.glyphs.words)
        return gatherer.glyphs
    finally:
        textpage.close()


def drop_unseen(page: Any, shape: Geometry, glyphs: Glyphs) -> None:
    """Keep the light words that stand out on the rendered page; count the others as hidden.

    A word stands out when enough of the area between or around its letters differs from their colour: dark
    text that crosses white letters does not make them readable.
    """
    if not glyphs.light:
        return
    import numpy as np

    grey = page.render(scale=CHECK_SCALE, grayscale=True).to_numpy()
    grey = grey.reshape(grey.shape[0], -1).astype(np.int16)
    for word, style in glyphs.light:
        x0, y0, x1, y1 = (round(edge * CHECK_SCALE) for edge in (word.x0, word.y0, word.x1, word.y1))
        around = grey[max(y0 - RING, 0) : y1 + RING + 1, max(x0 - RING, 0) : x1 + RING + 1]
        differs = np.abs(around - style.light) >= FAINTEST_MARK
        inside = differs[RING:-RING, RING:-RING]
        ring = (differs.sum() - inside.sum()) / max(differs.size - inside.size, 1)
        if differs.size and (ring >= LEAST_RING or (inside.size and inside.mean() >= LEAST_GROUND)):
            glyphs.keep(word, style)
        else:
            glyphs.hidden["same_colour"] += len(word.text)
    glyphs.light.clear()


class _Reader:
    """Characters of one text page. Buffers are made once: a page has thousands of characters."""

    def __init__(self, raw: Any, shape: Geometry) -> None:
        import pypdfium2.raw as pdfium

        self._raw = raw
        self._shape = shape
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._origin = pdfium.FPDFText_GetCharOrigin

    def baseline(self, index: int) -> float:
        """The height of a character's origin on the page."""
        self._origin(self._raw, index, self._x, self._y)
        return self._shape.point(self._x.value, self._y.value)[1]

    def characters(self, count: int) -> Iterator[tuple[int, int, Style | None, Box]]:
        """(index, code point, style or None where pdfium made the character up, box) in pdfium's order."""
        import pypdfium2.raw as pdfium

        raw, shape, styles = self._raw, self._shape, Styles(self._raw, self._shape.rotation)
        code_of, item_of = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetTextObject
        box_of, loose = pdfium.FPDFText_GetLooseCharBox, pdfium.FS_RECTF()
        high = 0
        for index in range(count):
            code = code_of(raw, index)
            if 0xD800 <= code < 0xDC00:
                high = code
                continue
            if 0xDC00 <= code < 0xE000 and high:
                code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
            high = 0
            item = item_of(raw, index)
            if item:
                box_of(raw, index, loose)
                box = shape.box(loose.left, loose.bottom, loose.right, loose.top)
                yield index, code, styles.of(item, index), box
            else:
                yield index, code, None, NOWHERE


class _Gatherer:
    """Puts characters together into words."""

    def __init__(self, shape: Geometry, baseline: Callable[[int], float]) -> None:
        self.glyphs = Glyphs()
        self._baseline = baseline
        self._width, self._height = shape.size
        self._open: _Open | None = None

    def take(self, index: int, code: int, style: Style | None, box: Box) -> None:
        """One character, in pdfium's order."""
        character = "-" if code == LINE_END_HYPHEN else chr(code)
        if unicodedata.category(character) == "Cc" and not character.isspace() and code:
            # A symbol font without a character map: its signs are bullets and boxes.
            character = BULLET
        if code in UNREADABLE or character.isspace():
            self.glyphs.unreadable += code in UNREADABLE and style is not None
            self.close()
        elif style is None:
            if self._open is not None and not unicodedata.category(character).startswith("C"):
                self._open.characters.append(character)
                self._open.boxes.append(self._open.boxes[-1])
        elif self._seen(style, box):
            self._add(character, style, box, index)

    def _seen(self, style: Style, box: Box) -> bool:
        cause = style.hidden
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if not (0 <= middle[0] <= self._width and 0 <= middle[1] <= self._height):
            cause = "off_page"
        if cause:
            self.glyphs.hidden[cause] += 1
        return not cause

    def _add(self, character: str, style: Style, box: Box, index: int) -> None:
        if self._open is not None and not self._continues(character, style, box, index):
            self.close()
        if self._open is None:
            self._open = _Open(style, self._baseline(index))
        if character in LIGATURES:
            character = unicodedata.normalize("NFKC", character)
        self._open.characters.append(character)
        self._open.boxes.append(box)

    def _continues(self, character: str, style: Style, box: Box, index: int) -> bool:
        word = self._open
        if word is None or (style is not word.style and _fate(word.style) != _fate(style)):
            return False
        if style.sideways:
            return True
        if style is not word.style and self._leaves_line(word, character, style, index):
            return False
        if unicodedata.combining(character):
            return True
        last = word.boxes[-1]
        size = style.size
        if box[0] - last[2] > 0.3 * size or last[0] - box[2] > 0.3 * size:
            return False
        return abs(box[3] - last[3]) <= 0.6 * max(size, word.style.size)

    def _leaves_line(self, word: _Open, character: str, style: Style, index: int) -> bool:
        """Whether a raised sign begins here, or ends."""
        if character in SIGNS and style.size <= SMALLER * word.style.size:
            return is_raised(style.size, self._baseline(index), word.style.size, word.baseline)
        if word.style.size <= SMALLER * style.size and SIGNS.issuperset(word.characters):
            return is_raised(word.style.size, word.baseline, style.size, self._baseline(index))
        return False

    def close(self) -> None:
        """End the word being gathered, if there is one."""
        word, self._open = self._open, None
        if word is None:
            return
        style, box = word.style, _around(word.boxes)
        found = Word(_logical(word), *box, word.baseline, style.size, style.bold, style.italic, style.mono)
        if style.invisible and style.sideways:
            self.glyphs.hidden["invisible"] += len(found.text)
        elif style.invisible:
            self.glyphs.invisible.append(found)
        elif style.light:
            self.glyphs.light.append((found, style))
        else:
            self.glyphs.keep(found, style)


def _fate(style: Style) -> tuple[bool, float, bool]:
    return style.invisible, style.light, style.sideways


def _around(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _logical(word: _Open) -> str:
    """The word's text, with lam-alef ligatures in the order they are read.

    pdfium expands the ligature's one glyph into two characters and then turns them with the line around them.
    """
    characters = word.characters
    for index in range(1, len(characters)):
        before, here = characters[index - 1 : index + 1]
        if here == LAM and before in ALEFS and word.boxes[index - 1] == word.boxes[index]:
            characters[index - 1 : index + 1] = here, before
    return "".join(characters)
