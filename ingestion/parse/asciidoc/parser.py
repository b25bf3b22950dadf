"""The bytes of an AsciiDoc file as elements."""

from __future__ import annotations

import re

from ingestion.parse.asciidoc.blocks import Blocks
from ingestion.parse.asciidoc.inline import Inline
from ingestion.parse.asciidoc.source import Source
from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from service.settings import ParseSettings

_OLD_TITLE = re.compile(r"\s*+(?:(?://|:).*\n\s*+){0,50}\S.*\n={4,}[ \t]*(?:\n|\Z)")
"""A title in two lines at the top: AsciiDoc as it was before Asciidoctor, which takes it as the same sign."""


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read one page; the first heading is its title, `:name: value` lines at the top are not text."""
    text, warnings = decode(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    source = Source(text)
    inline = Inline(_OLD_TITLE.match(text) is not None, limits.max_output_characters)
    blocks = Blocks(source.lines(), inline, limits)
    elements = tuple(blocks.read())
    return Parsed(
        "asciidoc",
        elements,
        hidden=dict(blocks.hidden),
        warnings=(*warnings, *source.warnings),
        metadata=blocks.metadata,
    )
