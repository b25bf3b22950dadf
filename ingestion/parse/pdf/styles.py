"""How the text of a PDF is set, asked of pdfium as seldom as possible."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import Any

SMALLEST_SHOWN = 1.0
"""Points; text set smaller cannot be read."""
LIGHT = 200
"""Text whose darkest channel is lighter than this is looked for on the rendered page."""
OPAQUE = 12
"""Text with less opacity than this, of 255, cannot be seen."""
LEVEL = 0.995
"""Cosine of the angle (6 degrees) up to which text counts as horizontal."""
FIXED_PITCH, ITALIC, FORCE_BOLD = 1, 1 << 6, 1 << 18
BOLD_NAMES = ("bold", "black", "heavy", "-semibd", "cmbx", "medi")
ITALIC_NAMES = ("italic", "oblique")
FIXED_NAMES = ("mono", "courier", "consol", "cmtt", "typewriter")
FILLED = (0, 4)
"""Render modes that paint the inside of letters only."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one text object is set; `hidden` names why nobody sees it, or is empty.

    `light` is the grey level (of 255) of light letters, whose ground may be as light, else 0.
    """

    size: float
    bold: bool
    italic: bool
    mono: bool
    sideways: bool
    invisible: bool
    hidden: str
    light: float


class Styles:
    """The style of each text object. Some files set each character as an object of its own, so that only the
    few calls which tell one style from another are made for each, and the style itself is made once.
    """

    def __init__(self, raw: Any, rotation: int) -> None:
        import pypdfium2.raw as pdfium

        self._raw = raw
        self._turn = math.radians(rotation)
        self._address = 0
        self._style: Style | None = None
        self._styles: dict[tuple[Any, ...], Style] = {}
        self._matrix = pdfium.FS_MATRIX()
        self._channels = [ctypes.c_uint(0) for _ in range(4)]

    def of(self, item: Any, index: int) -> Style:
        """The style of the character at `index`, which belongs to the text object `item`."""
        address = ctypes.c_void_p.from_buffer(item).value or 0
        if self._style is None or address != self._address:
            self._address = address
            self._style = self._of_object(item, index)
        return self._style

    def _of_object(self, item: Any, index: int) -> Style:
        import pypdfium2.raw as pdfium

        matrix, (red, green, blue, alpha) = self._matrix, self._channels
        pdfium.FPDFText_GetMatrix(self._raw, index, matrix)
        pdfium.FPDFPageObj_GetFillColor(item, red, green, blue, alpha)
        key = (
            ctypes.c_void_p.from_buffer(pdfium.FPDFTextObj_GetFont(item)).value,
            pdfium.FPDFText_GetFontSize(self._raw, index),
            pdfium.FPDFTextObj_GetTextRenderMode(item),
            (matrix.a, matrix.b, matrix.c, matrix.d),
            (red.value, green.value, blue.value, alpha.value),
        )
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._made(index, *key[1:])
        return style

    def _made(
        self, index: int, size: float, mode: int, matrix: tuple[float, ...], colour: tuple[int, ...]
    ) -> Style:
        import pypdfium2.raw as pdfium

        a, b, c, d = matrix
        size *= math.hypot(c, d)
        angle = math.atan2(b, a) - self._turn
        hidden = (
            "tiny" if not SMALLEST_SHOWN <= size < math.inf else "transparent" if colour[3] < OPAQUE else ""
        )
        return Style(
            size,
            *self._font(index),
            sideways=math.cos(angle) < LEVEL,
            invisible=mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE,
            hidden=hidden,
            light=_grey(colour) if min(colour[:3]) > LIGHT and mode in FILLED else 0.0,
        )

    def _font(self, index: int) -> tuple[bool, bool, bool]:
        """Whether the font is bold, italic, of fixed pitch."""
        import pypdfium2.raw as pdfium

        buffer, flags = ctypes.create_string_buffer(128), ctypes.c_int()
        pdfium.FPDFText_GetFontInfo(self._raw, index, buffer, 128, flags)
        name = buffer.value.decode("utf-8", "replace").lower()
        return (
            any(word in name for word in BOLD_NAMES) or bool(flags.value & FORCE_BOLD),
            any(word in name for word in ITALIC_NAMES) or bool(flags.value & ITALIC),
            any(word in name for word in FIXED_NAMES) or bool(flags.value & FIXED_PITCH),
        )


def _grey(colour: tuple[int, ...]) -> float:
    """The luma that pdfium renders a colour with (ITU-R BT.601)."""
    red, green, blue = colour[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue
