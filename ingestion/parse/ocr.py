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

    `warnings` says why it could not read, and how that is repaired.
    """

    def __init__(self, limits: ParseSettings) -> None:
        self._limits = limits
        self._engine: Any = None
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
        if self._engine is None and not self.warnings:
            if self._limits.ocr == "never":
                self.warnings.append(SWITCHED_OFF)
            else:
                self._start()
        return self._engine is not None

    def read(self, image: Image, dpi: float) -> Seen | None:
        """The words of one page with their places in points, or None when there is no OCR here.

        Raises CorruptFile for an image that the engine fails on.
        """
        if not self.ready():
            return None
        try:
            self._engine.SetImage(image)
            self._engine.SetSourceResolution(round(dpi))
            self._engine.Recognize()
            return _seen(self._engine, 72 / dpi, english=self._limits.ocr_languages == "eng")
        except RuntimeError as error:
            raise CorruptFile(f"OCR cannot read the image of a page: {error}") from error

    def refuse_empty(self, pages: Iterable[PageContent]) -> None:
        """Raise EmptyDocument, with what would repair it, when no page has text and OCR was not there."""
        if self.warnings and not any(page.words or page.sideways for page in pages):
            raise EmptyDocument("No text was found in the file: its pages are images.", hint=self.warnings[0])

    def _start(self) -> None:
        # One thread: several parsers may run side by side, and OpenMP's spinning costs more than it gains.
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        try:
            import tesserocr
        except ImportError:
            self.warnings.append(NO_BINDING)
            return
        languages = self._limits.ocr_languages
        folder = data_folder(languages)
        if folder is None:
            packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in languages.split("+"))
            self.warnings.append(
                f"Tesseract's data for {languages!r} is not installed, so scanned pages have no text; "
                f"repair: apt-get install {packages} (or set TESSDATA_PREFIX)"
            )
            return
        try:
            self._engine = tesserocr.PyTessBaseAPI(path=str(folder), lang=languages, psm=tesserocr.PSM.AUTO)
        except RuntimeError:
            self.warnings.append(f"Tesseract cannot load its data in {folder}, so scanned pages have no text")


def _seen(engine: Any, scale: float, *, english: bool) -> Seen:
    import tesserocr

    words: list[Word] = []
    weighted = characters = 0.0
    level = tesserocr.RIL.WORD
    iterator = engine.GetIterator()
    for item in tesserocr.iterate_level(iterator, level) if iterator else ():
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
