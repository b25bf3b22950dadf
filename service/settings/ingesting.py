"""How documents are read in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from service.settings.base import MIB, Count, Seconds, Section


class LoadSettings(Section):
    """Which files are taken in."""

    max_file_bytes: Count = 100 * MIB


class ParseSettings(Section):
    """Limits of the child process that parses one file, and OCR."""

    timeout_s: Seconds = 300
    memory_bytes: Count = 4096 * MIB
    max_output_characters: Count = 50_000_000
    max_unpacked_bytes: Count = 1024 * MIB
    max_unpack_ratio: Count = 200
    max_cells: Count = 500_000
    max_pages: Count = 5_000
    max_nesting: Count = 3
    max_brackets: Count = 200_000
    """Opening square brackets in a markdown file; each may begin a link, and its end is looked for."""
    processes: Count = 2
    """How many files are parsed at once: a slow one does not hold up those behind it."""
    ocr: Literal["auto", "never"] = "auto"
    ocr_languages: str = "eng"
    ocr_dpi: Count = 300
    poor_ocr_confidence: Annotated[float, Field(ge=0, le=100)] = 60


class ChunkSettings(Section):
    """Sizes in tokens of the embedder's own tokenizer."""

    max_tokens: Count = 200
    target_tokens: Count = 70
    """The wanted size, where structure does not say otherwise."""
    min_tokens: Annotated[int, Field(ge=0)] = 24
