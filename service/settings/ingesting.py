"""How documents are read in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from service.settings.base import MIB, Count, Seconds, Section


class LoadSettings(Section):
    """Which files are taken in."""

    max_file_bytes: Count = 100 * MIB
    """Of one file."""


class ParseSettings(Section):
    """Limits of the child process that parses one file, and OCR."""

    timeout_s: Seconds = 300
    """How long one file may take."""
    memory_bytes: Count = 4096 * MIB
    """How much memory one file's process may take."""
    max_output_characters: Count = 50_000_000
    """Text of one file."""
    max_unpacked_bytes: Count = 1024 * MIB
    """Of an archive-like file (docx, xlsx, epub, ...) once unpacked."""
    max_unpack_ratio: Count = 200
    """How many times its packed size a part may unpack to."""
    max_cells: Count = 500_000
    """Of the tables and sheets of one file."""
    max_pages: Count = 5_000
    """Of one PDF or picture file."""
    max_nesting: Count = 3
    """How deep archives and attachments may lie in each other."""
    max_brackets: Count = 200_000
    """Opening square brackets in a markdown file; each may begin a link, and its end is looked for."""
    processes: Count = 2
    """How many files are parsed at once: a slow one does not hold up those behind it."""
    ocr: Literal["auto", "never"] = "auto"
    """`auto` reads scanned pages where Tesseract is installed; `never` leaves them out."""
    ocr_languages: str = "eng"
    """Tesseract's language codes, joined by `+`: `eng+deu`."""
    ocr_dpi: Count = 300
    """The resolution at which a page is drawn to be read."""
    poor_ocr_confidence: Annotated[float, Field(ge=0, le=100)] = 60
    """Pages that were read with less confidence (of 100) are marked as poor."""


class ChunkSettings(Section):
    """Sizes in tokens of the embedder's own tokenizer."""

    max_tokens: Count = 200
    """The most tokens of a chunk."""
    target_tokens: Count = 70
    """The wanted size, where structure does not say otherwise."""
    min_tokens: Annotated[int, Field(ge=0)] = 24
    """Smaller pieces of a section are joined to their neighbours."""
