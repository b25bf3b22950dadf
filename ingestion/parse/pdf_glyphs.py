"""The characters of a PDF page through pdfium, gathered into words; what nobody sees is counted instead.

Left out, with the cause it is counted under: `invisible` (render mode 3 away from a scan), `transparent`,
`tiny` (under one point), `off_page`, `same_colour` (light text that leaves no mark on the rendered page).
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingestion.parse.pdf_model import Box, Word
from ingestion.parse.pdf_source import Geometry

SMALLEST_SHOWN = 1.0
"""Points; text set smaller cannot be read."""
LIGHT = 200
"""Text whose darkest channel is lighter than this is looked for on the rendered page."""
FAINTEST_MARK = 12
"""Grey levels (of 255) that text must differ from what surrounds it to be seen."""
CHECK_SCALE = 1.5
LEVEL = 0.1
"""Sine of the angle up to which text counts as horizontal."""
ALEFS = frozenset("اأإآٱ")
LAM = "ل"
LIGATURES = frozenset(
    chr(code) for code in (*range(0xFB00, 0xFB07), *range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFF))
)
UNREADABLE = frozenset({0, 0xFFFD, 0xFFFE, 0xFFFF})
LINE_END_HYPHEN = 2
"""pdfium's code for a hyphen at the end of a line."""
FIXED_PITCH, ITALIC, FORCE_BOLD = 1, 1 << 6, 1 << 18


@dataclass(frozen=True, slots=True)
class Style:
    """How one text object is set; `hidden` names why nobody sees it, or is empty."""

    size: float
    bold: bool
    italic: bool
    mono: bool
    sine: float
    invisible: bool
    hidden: str
    light: bool


@dataclass(slots=True)
class Glyphs:
    """The text of one page."""

    words: list[Word] = field(default_factory=list)
    sideways: list[str] = field(default_factory=list)
    invisible: list[Word] = field(default_factory=list)
    light: list[Word] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0


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
        gatherer = _Gatherer(shape)
        for character in _characters(textpage.raw, textpage.count_chars(), shape):
            gatherer.take(*character)
        gatherer.close()
        return gatherer.glyphs
    finally:
        textpage.close()


def drop_unseen(page: Any, shape: Geometry, glyphs: Glyphs) -> None:
    """Keep the light words that leave a mark on the rendered page; count the others as hidden."""
    if not glyphs.light:
        return
    import numpy as np

    grey = page.render(scale=CHECK_SCALE, grayscale=True).to_numpy()
    grey = grey.reshape(grey.shape[0], -1)
    for word in glyphs.light:
        x0, y0, x1, y1 = (round(edge * CHECK_SCALE) for edge in (word.x0, word.y0, word.x1, word.y1))
        patch = grey[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1]
        if patch.size and int(np.ptp(patch)) >= FAINTEST_MARK:
            glyphs.words.append(word)
        else:
            glyphs.hidden["same_colour"] += len(word.text)
    glyphs.light.clear()


def _characters(raw: Any, count: int, shape: Geometry) -> Iterator[tuple[int, Style | None, Box, float]]:
    """(code point, style or None where pdfium made the character up, box, baseline) in pdfium's order."""
    import pypdfium2.raw as pdfium

    styles = _Styles(raw, shape.rotation)
    loose, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    high = 0
    for index in range(count):
        code = pdfium.FPDFText_GetUnicode(raw, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000 and high:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        item = pdfium.FPDFText_GetTextObject(raw, index)
        if not item:
            yield code, None, (0, 0, 0, 0), 0
            continue
        pdfium.FPDFText_GetLooseCharBox(raw, index, loose)
        pdfium.FPDFText_GetCharOrigin(raw, index, x, y)
        box = shape.box(loose.left, loose.bottom, loose.right, loose.top)
        yield code, styles.of(item, index), box, shape.point(x.value, y.value)[1]


class _Styles:
    """The style of each text object, worked out once."""

    def __init__(self, raw: Any, rotation: int) -> None:
        self._raw = raw
        self._turn = math.radians(rotation)
        self._address = 0
        self._style: Style | None = None
        self._fonts: dict[int, tuple[bool, bool, bool]] = {}

    def of(self, item: Any, index: int) -> Style:
        address = ctypes.cast(item, ctypes.c_void_p).value or 0
        if self._style is None or address != self._address:
            self._address = address
            self._style = self._read(item, index)
        return self._style

    def _read(self, item: Any, index: int) -> Style:
        import pypdfium2.raw as pdfium

        matrix = pdfium.FS_MATRIX()
        pdfium.FPDFText_GetMatrix(self._raw, index, matrix)
        size = pdfium.FPDFText_GetFontSize(self._raw, index) * math.hypot(matrix.c, matrix.d)
        sine = math.sin(math.atan2(matrix.b, matrix.a) - self._turn)
        upside = math.cos(math.atan2(matrix.b, matrix.a) - self._turn) < 0
        channels = [ctypes.c_uint(0) for _ in range(4)]
        pdfium.FPDFPageObj_GetFillColor(item, *channels)
        *colour, alpha = (channel.value for channel in channels)
        mode = pdfium.FPDFTextObj_GetTextRenderMode(item)
        invisible = mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
        hidden = "tiny" if size < SMALLEST_SHOWN else "transparent" if alpha < FAINTEST_MARK else ""
        light = min(colour) > LIGHT and mode in (0, 4)
        bold, italic, mono = self._font(item, index)
        return Style(size, bold, italic, mono, 1.0 if upside else sine, invisible, hidden, light)

    def _font(self, item: Any, index: int) -> tuple[bool, bool, bool]:
        import pypdfium2.raw as pdfium

        font = ctypes.cast(pdfium.FPDFTextObj_GetFont(item), ctypes.c_void_p).value or 0
        if font not in self._fonts:
            buffer, flags = ctypes.create_string_buffer(128), ctypes.c_int()
            pdfium.FPDFText_GetFontInfo(self._raw, index, buffer, 128, flags)
            name = buffer.value.decode("utf-8", "replace").lower()
            bold = any(word in name for word in ("bold", "black", "heavy", "-semibd", "cmbx", "medi"))
            self._fonts[font] = (
                bold or bool(flags.value & FORCE_BOLD),
                "italic" in name or "oblique" in name or bool(flags.value & ITALIC),
                any(word in name for word in ("mono", "courier", "consol", "cmtt", "typewriter"))
                or bool(flags.value & FIXED_PITCH),
            )
        return self._fonts[font]


class _Gatherer:
    """Puts characters together into words."""

    def __init__(self, shape: Geometry) -> None:
        self.glyphs = Glyphs()
        self._width, self._height = shape.size
        self._open: _Open | None = None

    def take(self, code: int, style: Style | None, box: Box, baseline: float) -> None:
        """One character, in pdfium's order."""
        character = "-" if code == LINE_END_HYPHEN else chr(code)
        if code in UNREADABLE or character.isspace():
            self.glyphs.unreadable += code in UNREADABLE and style is not None
            self.close()
        elif style is None:
            if self._open is not None and not unicodedata.category(character).startswith("C"):
                self._open.characters.append(character)
                self._open.boxes.append(self._open.boxes[-1])
        elif self._seen(style, box):
            self._add(character, style, box, baseline)

    def _seen(self, style: Style, box: Box) -> bool:
        cause = style.hidden
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if not (0 <= middle[0] <= self._width and 0 <= middle[1] <= self._height):
            cause = "off_page"
        if cause:
            self.glyphs.hidden[cause] += 1
        return not cause

    def _add(self, character: str, style: Style, box: Box, baseline: float) -> None:
        if self._open is not None and not self._continues(style, box, baseline):
            self.close()
        if self._open is None:
            self._open = _Open(style, baseline)
        if character in LIGATURES:
            character = unicodedata.normalize("NFKC", character)
        self._open.characters.append(character)
        self._open.boxes.append(box)

    def _continues(self, style: Style, box: Box, baseline: float) -> bool:
        word = self._open
        if word is None or _fate(word.style) != _fate(style):
            return False
        if abs(style.sine) > LEVEL:
            return True
        last = word.boxes[-1]
        gap = max(box[0] - last[2], last[0] - box[2])
        return gap <= 0.3 * style.size and abs(baseline - word.baseline) <= 0.6 * max(
            style.size, word.style.size
        )

    def close(self) -> None:
        """End the word being gathered, if there is one."""
        word, self._open = self._open, None
        if word is None:
            return
        text = _logical(word)
        if abs(word.style.sine) > LEVEL:
            self.glyphs.sideways.append(text)
            return
        target = self.glyphs.words
        if word.style.invisible:
            target = self.glyphs.invisible
        elif word.style.light:
            target = self.glyphs.light
        x0, y0, x1, y1 = _around(word.boxes)
        style = word.style
        target.append(
            Word(text, x0, y0, x1, y1, word.baseline, style.size, style.bold, style.italic, style.mono)
        )


def _fate(style: Style) -> tuple[bool, bool, bool]:
    return style.invisible, style.light, abs(style.sine) > LEVEL


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
