"""The image of a page made ready to be read: even light, less grain, straight lines, letters large enough.

Each step is for what Tesseract itself is weak in: it takes one threshold for the dark and the light side of a
photograph, follows lines that lean by a degree or two but not by five, and wants an x-height of some twenty
dots (https://tesseract-ocr.github.io/tessdoc/ImproveQuality.html).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

ENOUGH_DOTS, LARGEST_ZOOM = 1_400, 3.0
"""An image narrower than this is enlarged, up to so much: a till's receipt has 576 dots a line."""
LIGHT_CELLS = 150
"""Light is looked at in so many cells along the shorter side: one is larger than a stroke."""
PALEST_INK, INK = 230, 20
"""Ink is darker than this of 255, once the paper is white; what a fifth of it reaches becomes black."""
PAPER, GRAIN = 200, 10.0
"""Grey levels by which a tenth of a grainy paper's dots differs from the median around each."""
WIDE_ZOOM = 1.5
BLUR, GRAINY_BLUR = 0.4, 0.6
"""Dots of the image as it came; enlarged edges are stairs, and holes in worn print are as large as they."""
STEEPEST, STEP, FINE_STEP = 10.0, 0.5, 0.1
"""Degrees in which the lean of lines is looked for."""
LEAST_TURN = 0.25
"""Degrees; lines that lean less are read as they are."""
SURE_TURN = 1.1
"""How much clearer lines must stand apart once the page is turned."""
FEWEST_INKED = 50
_LOOKED_AT = 1_000
"""Dots along the longer side at which the lean of lines is looked for."""


@dataclass(frozen=True, slots=True)
class Enhanced:
    """An image for OCR. A place on it is `place / zoom - margin` on the page it came from, laid straight."""

    image: Image
    zoom: float = 1.0
    margin: tuple[float, float] = (0.0, 0.0)


def enhanced(image: Image) -> Enhanced:
    """A grey image in even light, straight and large enough."""
    from PIL import ImageFilter
    from PIL.Image import Resampling

    clear = _evenly_lit(image)
    is_grainy = _is_grainy(clear)
    lean = _lean(clear)
    if abs(lean) >= LEAST_TURN:
        clear = clear.rotate(lean, Resampling.BICUBIC, expand=True, fillcolor=255)
    margin = (clear.width - image.width) / 2, (clear.height - image.height) / 2
    zoom = min(LARGEST_ZOOM, max(1.0, ENOUGH_DOTS / image.width))
    if zoom > 1:
        clear = clear.resize((round(clear.width * zoom), round(clear.height * zoom)), Resampling.BICUBIC)
    if is_grainy:
        clear = clear.filter(ImageFilter.MedianFilter(5 if zoom > WIDE_ZOOM else 3))
    if is_grainy or zoom > 1:
        clear = clear.filter(ImageFilter.GaussianBlur((GRAINY_BLUR if is_grainy else BLUR) * zoom))
    return Enhanced(clear, zoom, margin)


def _evenly_lit(image: Image) -> Image:
    """Paper is white wherever it lies, in the shadow too, and the darkest ink black."""
    import numpy as np
    from PIL import Image as Images
    from PIL import ImageFilter
    from PIL.Image import Resampling

    cell = max(1, min(image.size) // LIGHT_CELLS)
    cells = image.resize((max(1, image.width // cell), max(1, image.height // cell)), Resampling.BOX)
    light = cells.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.MedianFilter(9))
    light = light.filter(ImageFilter.GaussianBlur(4)).resize(image.size, Resampling.BICUBIC)
    paper = np.maximum(np.asarray(light, np.float32), 1)
    shade = np.minimum(np.asarray(image, np.float32) / paper, 1) * 255
    dark = shade[shade < PALEST_INK]
    ink = float(np.percentile(dark, INK)) if dark.size else 0.0
    return Images.fromarray(np.clip((shade - ink) * (255 / (255 - ink)), 0, 255).astype(np.uint8))


def _is_grainy(image: Image) -> bool:
    """Whether the paper, not the ink, is full of dots."""
    import numpy as np
    from PIL import ImageFilter

    smooth = np.asarray(image.filter(ImageFilter.MedianFilter(3)), np.int16)
    paper = smooth > PAPER
    grain = np.abs(np.asarray(image, np.int16) - smooth)[paper]
    return bool(grain.size) and float(np.percentile(grain, 90)) > GRAIN


def _lean(image: Image) -> float:
    """Degrees by which the lines lean: at that turn, rows of ink and rows of paper part most clearly."""
    import numpy as np
    from PIL.Image import Resampling

    share = min(1.0, _LOOKED_AT / max(image.size))
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    ink = 255.0 - np.asarray(image.resize(size, Resampling.BOX), np.float32)
    rows, columns = np.nonzero(ink > 64)
    if len(rows) < FEWEST_INKED:
        return 0.0
    weights, across, reach = ink[rows, columns], columns - size[0] / 2, size[0] // 4

    def parted(degrees: float) -> float:
        line = np.round(rows - math.tan(math.radians(degrees)) * across).astype(int) + reach
        profile: Any = np.bincount(np.maximum(line, 0), weights=weights)
        return float((np.diff(profile) ** 2).sum())

    near = max(np.arange(-STEEPEST, STEEPEST + STEP, STEP), key=parted)
    best = float(max(np.arange(near - STEP, near + STEP, FINE_STEP), key=parted))
    return best if parted(best) > SURE_TURN * parted(0.0) else 0.0
