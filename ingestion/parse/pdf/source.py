"""PDF files through pypdfium2: opening, page geometry, drawn lines and images, rendering.

pdfium was chosen over pdfplumber for speed (a page's characters take milliseconds, not a second). Only
this module, `pdf_glyphs.py` and `pdf_styles.py` know pdfium; they turn its objects into the types of
`pdf_model.py` at once.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingestion.parse.pdf.model import Box, Rule
from service.errors import CorruptFile, EncryptedFile, LimitExceeded

if TYPE_CHECKING:
    from PIL.Image import Image

THIN = 2.6
"""A filled rectangle at most this thick, in points, is a line."""
SHORTEST_RULE = 6.0
SMALLEST_CELL = 12.0
"""A box smaller than this, in points, is one to tick, not a cell."""
DEEPEST_FORM = 8
MAX_DRAWN = 20_000
"""Drawn objects looked at on one page: a map or a plot holds more, a table does not."""
LARGEST_RENDER = 60_000_000
"""Pixels of a rendered page; a page larger than that is rendered smaller."""


@contextmanager
def open_pdf(content: bytes, max_pages: int) -> Iterator[Any]:
    """Open a PDF, with the empty password if it wants one.

    Raises EncryptedFile, CorruptFile, or LimitExceeded when it has more than `max_pages` pages.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise _refusal(error) from error
    try:
        pages = len(document)
        if pages > max_pages:
            raise LimitExceeded(f"the PDF has {pages} pages; parse.max_pages allows {max_pages}")
        if pages == 0:
            raise CorruptFile("the PDF has no pages")
        yield document
    finally:
        document.close()


def _refusal(error: Exception) -> Exception:
    import pypdfium2.raw as pdfium

    code = getattr(error, "err_code", None)
    if code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
        return EncryptedFile(
            "the PDF needs a password", hint="Save a copy without a password and ingest that."
        )
    return CorruptFile("the PDF is truncated or damaged")


@contextmanager
def open_page(document: Any, index: int) -> Iterator[Any]:
    """Load page `index` (from 0). Raises CorruptFile when pdfium cannot load or read it."""
    import pypdfium2

    try:
        page = document[index]
        try:
            yield page
        finally:
            page.close()
    except pypdfium2.PdfiumError as error:
        raise CorruptFile(f"page {index + 1} of the PDF is damaged") from error


def document_title(document: Any) -> str:
    """The title that the file claims, or an empty string."""
    return str(document.get_metadata_value("Title")).strip()


def render(page: Any, dpi: float) -> Image:
    """The page as a grey image; smaller than asked for when it would be huge."""
    width, height = page.get_size()
    scale = dpi / 72
    pixels = width * height * scale * scale
    if pixels > LARGEST_RENDER:
        scale *= math.sqrt(LARGEST_RENDER / pixels)
    image: Image = page.render(scale=scale, grayscale=True).to_pil()
    return image


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the page's own coordinates become points from the top left of the page as shown."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @property
    def size(self) -> tuple[float, float]:
        """(width, height) as shown."""
        across, up = self.right - self.left, self.top - self.bottom
        return (up, across) if self.rotation in (90, 270) else (across, up)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """One point, turned and moved."""
        match self.rotation:
            case 90:
                return y - self.bottom, x - self.left
            case 180:
                return self.right - x, y - self.bottom
            case 270:
                return self.top - y, self.right - x
            case _:
                return x - self.left, self.top - y

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """One rectangle, turned and moved."""
        if self.rotation == 0:
            return left - self.left, self.top - top, right - self.left, self.top - bottom
        ax, ay = self.point(left, bottom)
        bx, by = self.point(right, top)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def geometry(page: Any) -> Geometry:
    """The geometry of a loaded page."""
    left, bottom, right, top = page.get_bbox()
    return Geometry(left, bottom, right, top, page.get_rotation())


@dataclass(slots=True)
class Drawing:
    """Lines, filled areas and images of a page, as shown."""

    rules: list[Rule]
    bands: list[Box]
    image_share: float
    segments: int = 0
    """Lines and curves of all its paths: the outline of a letter has some thirty."""


def drawing(page: Any, shape: Geometry) -> Drawing:
    """What is drawn on the page apart from text; curves and slanted lines are passed over."""
    import pypdfium2.raw as pdfium

    width, height = shape.size
    found = Drawing([], [], 0.0)
    for count, (item, kind, matrix) in enumerate(_drawn(page)):
        if count >= MAX_DRAWN:
            break
        box = _shown_box(item, matrix, shape)
        if box is None:
            continue
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            share = _overlap(box, width, height) / (width * height or 1)
            found.image_share = max(found.image_share, share)
        else:
            found.segments += max(0, pdfium.FPDFPath_CountSegments(item))
            _add_path(item, box, matrix, shape, found)
    return found


def _overlap(box: Box, width: float, height: float) -> float:
    across = min(box[2], width) - max(box[0], 0)
    down = min(box[3], height) - max(box[1], 0)
    return max(across, 0) * max(down, 0)


Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


def _drawn(page: Any) -> Iterator[tuple[Any, int, Matrix]]:
    """(object, kind, matrix of the forms around it) of each path and image, in drawing order."""
    import pypdfium2.raw as pdfium

    def walk(count: int, get: Any, matrix: Matrix, depth: int) -> Iterator[tuple[Any, int, Matrix]]:
        for index in range(count):
            item = get(index)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE):
                yield item, kind, matrix
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < DEEPEST_FORM:
                inner = _times(_matrix(item), matrix)
                size = pdfium.FPDFFormObj_CountObjects(item)
                yield from walk(size, _child_of(item), inner, depth + 1)

    raw = page.raw
    yield from walk(
        pdfium.FPDFPage_CountObjects(raw), lambda i: pdfium.FPDFPage_GetObject(raw, i), IDENTITY, 0
    )


def _child_of(form: Any) -> Any:
    import pypdfium2.raw as pdfium

    return lambda index: pdfium.FPDFFormObj_GetObject(form, index)


def _matrix(item: Any) -> Matrix:
    import pypdfium2.raw as pdfium

    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, found):
        return IDENTITY
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _shown_box(item: Any, matrix: Matrix, shape: Geometry) -> Box | None:
    import pypdfium2.raw as pdfium

    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
        return None
    ax, ay = _apply(matrix, left.value, bottom.value)
    bx, by = _apply(matrix, right.value, top.value)
    return shape.box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))


def _add_path(item: Any, box: Box, matrix: Matrix, shape: Geometry, found: Drawing) -> None:
    import pypdfium2.raw as pdfium

    if _add_rule(box, found) or max(box[2] - box[0], box[3] - box[1]) < SMALLEST_CELL:
        return
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(item, fill, stroke)
    if stroke.value:
        for line in _segments(item, _times(_matrix(item), matrix), shape):
            _add_rule(line, found)
    elif fill.value and pdfium.FPDFPath_CountSegments(item) <= 6:
        found.bands.append(box)


def _add_rule(box: Box, found: Drawing) -> bool:
    x0, y0, x1, y1 = box
    thin, long = sorted((x1 - x0, y1 - y0))
    if thin > THIN:
        return False
    if long >= SHORTEST_RULE:
        found.rules.append(Rule(x0, y0, x1, y1))
    return True


def _segments(path: Any, matrix: Matrix, shape: Geometry) -> Iterator[Box]:
    """The straight sides of a stroked path."""
    import pypdfium2.raw as pdfium

    start = here = (0.0, 0.0)
    for index in range(min(pdfium.FPDFPath_CountSegments(path), 2_000)):
        segment = pdfium.FPDFPath_GetPathSegment(path, index)
        x, y = ctypes.c_float(), ctypes.c_float()
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        there = shape.point(*_apply(matrix, x.value, y.value))
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_LINETO:
            yield _side(here, there)
        elif kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = there
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield _side(there, start)
        here = there


def _side(a: tuple[float, float], b: tuple[float, float]) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])
