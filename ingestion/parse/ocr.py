"""Scanned pages through Tesseract, by way of tesserocr.

tesserocr binds the library itself: one engine reads page after page without starting a process or writing
temporary files for each, as pytesseract does, and its wheel brings libtesseract along. The trained data is
looked for in `TESSDATA_PREFIX` and where the systems' packages put it. Without the binding or the data, pages
stay without text and the receipt names the command that repairs it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ingestion.parse.enhance import Enhanced, enhanced
from ingestion.parse.pdf.model import PageContent, Word
from service.errors import CorruptFile, EmptyDocument
from service.settings import ParseSettings

if TYPE_CHECKING:
    from PIL.Image import Image

DATA_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
    "/opt/local/share/tessdata",
    "C:/Program Files/Tesseract-OCR/tessdata",
)
LEAST_CONFIDENCE = 15.0
"""Words below are specks and lines taken for letters."""
SURE, UNREAD = 80.0, 0.12
"""A page read with less confidence, or with more of its ink outside all words, is read again as one block of
lines: Tesseract's own segmentation leaves out what stands alone, such as the prices of a receipt. Where that
is not sure either, the image as it came is tried: grain that was smoothed may have been small print."""
EVEN = 40.0
"""Characters read with this confidence are as likely wrong as right."""
DARK = 128
SIZE_ERROR = 1.14
MISREAD_BULLETS = frozenset("¢©«»°®")
NO_BINDING = "OCR is not installed, so scanned pages have no text; repair: pip install 'footnote[ocr]'"


SWITCHED_OFF = "OCR is switched off, so scanned pages have no text; the setting is parse.ocr"


@dataclass(frozen=True, slots=True)
class Seen:
    """What OCR read on one page; `confidence` in [0, 100] is the mean over characters."""

    words: tuple[Word, ...]
    confidence: float


def data_folder(languages: str) -> Path | None:
    """The folder with the trained data of all `languages` ("eng+deu"), or None."""
    named = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(named), Path(named) / "tessdata"] if named else []
    folders += map(Path, DATA_FOLDERS)
    wanted = [f"{language}.traineddata" for language in languages.split("+")]
    return next((folder for folder in folders if all((folder / name).is_file() for name in wanted)), None)


class PageReader:
    """Reads pages one after another with one engine, started at the first page that needs it.

    `warnings` says why it could not read, and how that is repaired, and which pages it read poorly.
    """

    def __init__(self, limits: ParseSettings) -> None:
        self._limits = limits
        self._engine: Any = None
        self._why_not = ""
        self.warnings: list[str] = []

    def __enter__(self) -> PageReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine is not None:
            self._engine.End()

    def ready(self) -> bool:
        """Whether pages can be read; the first call starts the engine, or notes in `warnings` why not."""
        if self._engine is None and not self._why_not:
            if self._limits.ocr == "never":
                self._do_without(SWITCHED_OFF)
            else:
                self._start()
        return self._engine is not None

    def is_poor(self, page: PageContent, confidence: float) -> bool:
        """Whether a page was read so poorly that its text may be wrong; `warnings` then names the page."""
        poor = confidence < self._limits.poor_ocr_confidence
        if poor and page.words:
            self.warnings.append(
                f"page {page.number}: read by OCR with a confidence of {confidence:.0f} of 100; "
                "compare it with the page before you rely on it"
            )
        return poor

    def read(self, image: Image, dpi: float) -> Seen | None:
        """The words of one page with their places in points, or None when there is no OCR here.

        Raises CorruptFile for an image that the engine fails on.
        """
        if not self.ready():
            return None
        page = enhanced(image)
        try:
            seen = self._seen(page, dpi, "AUTO")
            if seen.confidence < SURE or _unread(page, seen.words, dpi) > UNREAD:
                seen = max(seen, self._seen(page, dpi, "SINGLE_BLOCK"), key=_read_surely)
            if seen.confidence < SURE:
                seen = max(seen, self._seen(Enhanced(image), dpi, "AUTO"), key=_read_surely)
        except RuntimeError as error:
            raise CorruptFile(f"OCR cannot read the image of a page: {error}") from error
        return seen

    def _seen(self, page: Enhanced, dpi: float, segmentation: str) -> Seen:
        """The words that one way of finding lines gives, at their places on the page laid straight."""
        import tesserocr

        self._engine.SetPageSegMode(getattr(tesserocr.PSM, segmentation))
        self._engine.SetImage(page.image)
        self._engine.SetSourceResolution(round(dpi * page.zoom))
        self._engine.Recognize()
        seen = _seen(self._engine, 72 / (dpi * page.zoom), english=self._limits.ocr_languages == "eng")
        return replace(seen, words=_moved(seen.words, page.margin, 72 / dpi))

    def refuse_empty(self, pages: Iterable[PageContent]) -> None:
        """Raise EmptyDocument, with what would repair it, when no page has text and OCR was not there."""
        if self._why_not and not any(page.words or page.sideways for page in pages):
            raise EmptyDocument("No text was found in the file: its pages are images.", hint=self._why_not)

    def _do_without(self, why: str) -> None:
        self._why_not = why
        self.warnings.append(why)

    def _start(self) -> None:
        # One thread: several parsers may run side by side, and OpenMP's spinning costs more than it gains.
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        try:
            import tesserocr
        except ImportError:
            self._do_without(NO_BINDING)
            return
        languages = self._limits.ocr_languages
        folder = data_folder(languages)
        if folder is None:
            packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in languages.split("+"))
            self._do_without(
                f"Tesseract's data for {languages!r} is not installed, so scanned pages have no text; "
                f"repair: apt-get install {packages} (or set TESSDATA_PREFIX)"
            )
            return
        try:
            self._engine = tesserocr.PyTessBaseAPI(path=str(folder), lang=languages, psm=tesserocr.PSM.AUTO)
        except RuntimeError:
            self._do_without(f"Tesseract cannot load its data in {folder}, so scanned pages have no text")


def _read_surely(seen: Seen) -> float:
    """How much was read, less what is likelier wrong than right."""
    return sum(len(word.text) for word in seen.words) * (seen.confidence - EVEN)


def _moved(words: Iterable[Word], margin: tuple[float, float], scale: float) -> tuple[Word, ...]:
    """The words without the margin that turning the page has added."""
    left, top = margin[0] * scale, margin[1] * scale
    if not (left or top):
        return tuple(words)
    return tuple(
        replace(
            word,
            x0=word.x0 - left,
            x1=word.x1 - left,
            y0=word.y0 - top,
            y1=word.y1 - top,
            baseline=word.baseline - top,
        )
        for word in words
    )


def _unread(page: Enhanced, words: Iterable[Word], dpi: float) -> float:
    """The share of the ink that lies outside all words."""
    import numpy as np

    ink = np.asarray(page.image) < DARK
    total = int(ink.sum())
    left = ink.copy()
    scale = page.zoom * dpi / 72
    shift_x, shift_y = page.margin[0] * page.zoom, page.margin[1] * page.zoom
    for word in words:
        x0, x1 = (max(0, round(edge * scale + shift_x)) for edge in (word.x0, word.x1))
        y0, y1 = (max(0, round(edge * scale + shift_y)) for edge in (word.y0, word.y1))
        left[y0 : y1 + 1, x0 : x1 + 1] = False
    return int(left.sum()) / total if total else 0.0


def _seen(engine: Any, scale: float, *, english: bool) -> Seen:
    import tesserocr

    words: list[Word] = []
    weighted = characters = 0.0
    level = tesserocr.RIL.WORD
    iterator = engine.GetIterator()
    for item in tesserocr.iterate_level(iterator, level) if iterator else ():
        if item.Empty(level):
            continue  # where nothing was found there is one item, which has no text to ask for
        text = (item.GetUTF8Text(level) or "").strip()
        confidence = item.Confidence(level)
        if not text or confidence < LEAST_CONFIDENCE:
            continue
        if _misread_bullet(item, text, english=english):
            text = "•"
        word = _word(item, text, scale)
        if word.size > 0:
            words.append(word)
        weighted += confidence * len(text)
        characters += len(text)
    return Seen(tuple(_evened(words)), weighted / characters if characters else 0.0)


def _evened(words: list[Word]) -> list[Word]:
    """The words with sizes that differ by no more than a measured line height errs made one."""
    weights: dict[float, int] = {}
    for word in words:
        weights[word.size] = weights.get(word.size, 0) + len(word.text)
    home: dict[float, float] = {}
    for size in sorted(weights, key=lambda size: -weights[size]):
        near = [known for known in set(home.values()) if 1 / SIZE_ERROR <= size / known <= SIZE_ERROR]
        home[size] = min(near, key=lambda known: abs(known - size)) if near else size
    return [replace(word, size=home[word.size]) for word in words]


def _misread_bullet(item: Any, text: str, *, english: bool) -> bool:
    """Whether a sign at the start of a line is a bullet: Tesseract takes it for a small letter or sign."""
    import tesserocr

    if text not in MISREAD_BULLETS and not (english and text == "e"):
        return False
    return bool(item.IsAtBeginningOf(tesserocr.RIL.TEXTLINE))


def _word(item: Any, text: str, scale: float) -> Word:
    """A word at its place; its font size is that of its line, because a word's own height says little."""
    import tesserocr

    x0, y0, x1, y1 = (edge * scale for edge in item.BoundingBox(tesserocr.RIL.WORD))
    _, top, _, bottom = (edge * scale for edge in item.BoundingBox(tesserocr.RIL.TEXTLINE))
    line = item.Baseline(tesserocr.RIL.TEXTLINE)
    baseline = max(line[0][1], line[1][1]) * scale if line else y1
    attributes = item.RowAttributes()
    size = attributes["row_height"] * scale if attributes else bottom - top
    return Word(text, x0, y0, x1, y1, baseline, size)
