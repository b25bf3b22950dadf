"""From the bytes of one file to a `Document`: its normalised text, its elements in place, its receipt.

Each family of formats has one module here with the same `parse(content, filename, limits) -> Parsed`:

    markup/        html                         office/       docx pptx xlsx xls
    markdown.py    md, through markup/          delimited.py  csv tsv
    pandoc.py      odt epub rst rtf, likewise   mail.py       eml
    plain.py       txt vtt                      image.py      png jpeg tiff
    asciidoc/      adoc                         structured.py json and jsonl records
    pdf/           pdf

`registry.py` knows them by media type, `normalise.py` lays the elements out, `hidden.py` and `markup/css.py`
find what no reader sees, `notes.py` tells a footnote's mark from an exponent, `odt_source.py` writes out what
Pandoc does not read, `enhance.py` makes images ready for `ocr.py`, and `ingestion/sandbox/` runs all of it in
a child process with limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from ingestion.parse.base import Parsed
from ingestion.parse.language import detect_language
from ingestion.parse.normalise import Normalised, clean_text, normalise
from ingestion.parse.registry import parser_for
from ingestion.types import Document, Element, RawFile, Receipt
from service.errors import EmptyDocument, ExplodingFile
from service.settings import ParseSettings

__all__ = ["parse"]

MOST_WARNINGS, LONGEST_WARNING = 100, 500
"""Of one file, and characters of each; they are kept with the document."""


def parse(raw: RawFile, settings: ParseSettings) -> Document:
    """Read one file in this process; use `ingestion.sandbox.ParserPool` for files that others wrote.

    Raises a `ParseError` for a file that cannot be read and `UnsupportedMedia` for an unknown media type.
    """
    parsed = parser_for(raw.media_type)(raw.content, raw.filename, settings)
    normalised = normalise(parsed.elements)
    if not normalised.text:
        raise EmptyDocument("No text was found in the file.")
    if len(normalised.text) > settings.max_output_characters:
        raise ExplodingFile(
            f"The file holds more than {settings.max_output_characters} characters of text.",
            hint="The limit is the setting parse.max_output_characters.",
        )
    elements = [placed.element for placed in normalised.elements]
    language = detect_language(elements)
    return Document(
        text=normalised.text,
        elements=normalised.elements,
        title=_title(parsed, elements, raw.filename),
        language=language,
        receipt=_receipt(parsed, normalised, language),
        external_id=parsed.external_id,
        metadata=dict(parsed.metadata),
    )


def _title(parsed: Parsed, elements: list[Element], filename: str) -> str:
    """What the file calls itself, else its first heading, else its name."""
    title = " ".join(clean_text(parsed.title)[0].split())
    if title:
        return title
    heading = next((element.text for element in elements if element.kind == "title"), "")
    return " ".join(heading.split()) or PurePath(filename).stem


def _receipt(parsed: Parsed, normalised: Normalised, language: str) -> Receipt:
    every = [*(placed.element for placed in normalised.elements), *normalised.furniture]
    return Receipt(
        parser=parsed.parser,
        pages=parsed.pages,
        pages_without_text=tuple(page.number for page in parsed.pages if page.characters == 0),
        tables=tuple((len(element.rows), len(element.rows[0])) for element in every if element.rows),
        language=language,
        elements=dict(Counter(element.kind for element in every)),
        hidden=dict(Counter(parsed.hidden) + normalised.hidden),
        warnings=_few(parsed.warnings),
    )


def _few(warnings: Sequence[str]) -> tuple[str, ...]:
    """The first warnings, each at a length that can be read: a file may give reason for any number."""
    few = tuple(warning[:LONGEST_WARNING] for warning in warnings[:MOST_WARNINGS])
    more = len(warnings) - MOST_WARNINGS
    return (*few, f"There are {more:,} warnings more.") if more > 0 else few
