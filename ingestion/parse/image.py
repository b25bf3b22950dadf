"""Images of pages (PNG, JPEG, TIFF with any number of pages): OCR, then the same layout as a PDF's page."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingestion.parse.base import Parsed
from ingestion.parse.ocr import PageReader
from ingestion.parse.pdf.model import PageContent
from ingestion.parse.pdf.parser import layout
from ingestion.types import PageReceipt
from service.errors import CorruptFile, ExplodingFile, LimitExceeded
from service.settings import ParseSettings

if TYPE_CHECKING:
    from PIL.Image import Image

LOWEST_DPI, HIGHEST_DPI = 70, 1_200
"""What an image says of its own resolution is believed between these."""
PAGE_INCHES = 8.3
"""The width taken for a page whose image does not say its resolution."""


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read an image. Raises CorruptFile, ExplodingFile, LimitExceeded or EmptyDocument."""
    pages: list[PageContent] = []
    receipts: list[PageReceipt] = []
    with PageReader(limits) as reader:
        for number, image in enumerate(_frames(content, limits), 1):
            page, confidence = _read(image, number, reader)
            pages.append(page)
            poor = confidence is not None and reader.is_poor(page, confidence)
            receipts.append(PageReceipt(number, page.characters, confidence, poor))
    reader.refuse_empty(pages)
    return Parsed("image", tuple(layout(pages)), pages=tuple(receipts), warnings=tuple(reader.warnings))


def _read(image: Image, number: int, reader: PageReader) -> tuple[PageContent, float | None]:
    dpi = _resolution(image)
    width, height = image.width * 72 / dpi, image.height * 72 / dpi
    seen = reader.read(image, dpi)
    if seen is None:
        return PageContent(number, width, height), None
    return PageContent(number, width, height, words=seen.words, image_share=1.0), seen.confidence


def _resolution(image: Image) -> float:
    """Dots an inch: the file's own, where it is believable, else as if the image were a page."""
    stated = float(image.info.get("dpi", (0, 0))[0] or 0)
    if LOWEST_DPI < stated <= HIGHEST_DPI and image.width / stated < 4 * PAGE_INCHES:
        return stated
    return max(image.width / PAGE_INCHES, LOWEST_DPI)


def _frames(content: bytes, limits: ParseSettings) -> Iterator[Image]:
    """Each page of the image, upright and grey."""
    from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                frames = getattr(image, "n_frames", 1)
                if frames > limits.max_pages:
                    raise LimitExceeded(
                        f"the image has {frames} pages; parse.max_pages allows {limits.max_pages}"
                    )
                for frame in ImageSequence.Iterator(image):
                    _check_size(frame, limits)
                    yield ImageOps.exif_transpose(_flat(frame))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ExplodingFile("the image unpacks to far more pixels than a page has") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise CorruptFile("the image is truncated or damaged") from error


def _check_size(image: Image, limits: ParseSettings) -> None:
    if image.width * image.height * 4 > limits.max_unpacked_bytes:
        raise ExplodingFile("the image unpacks to more than parse.max_unpacked_bytes")


def _flat(image: Image) -> Image:
    """Grey, with what is transparent taken as white paper."""
    from PIL import Image

    info = image.info
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        paper = Image.new("RGBA", layered.size, "white")
        image = Image.alpha_composite(paper, layered)
    grey = image.convert("L")
    grey.info.update(info)
    return grey
