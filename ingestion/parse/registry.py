"""Which formats are read, how they are recognised by name, and by which module."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import cast

from ingestion.parse.base import Parser
from service.errors import UnsupportedMedia


@dataclass(frozen=True, slots=True)
class Format:
    """A media type, the module of this package that reads it, and the extensions of its files."""

    media_type: str
    module: str
    extensions: tuple[str, ...]
    is_text: bool = False


RECORD = "application/vnd.footnote.record+json"
"""One line of a `.jsonl` file: `{"_id", "title", "text", "metadata"}`."""

RECORD_SUFFIX = ".record"
"""Ends the file name that a record is given, so that its parser knows it from a JSON document."""

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
FORMATS: tuple[Format, ...] = (
    Format("text/markdown", "markdown", (".md", ".markdown", ".mdx"), is_text=True),
    Format("text/html", "markup.parser", (".html", ".htm", ".xhtml"), is_text=True),
    Format("text/plain", "plain", (".txt", ".text", ".log"), is_text=True),
    Format("text/asciidoc", "asciidoc.parser", (".adoc", ".asciidoc"), is_text=True),
    Format("text/vtt", "plain", (".vtt",), is_text=True),
    Format("text/csv", "delimited", (".csv",), is_text=True),
    Format("text/tab-separated-values", "delimited", (".tsv",), is_text=True),
    Format("application/json", "structured", (".json",), is_text=True),
    Format(RECORD, "structured", (), is_text=True),
    Format("message/rfc822", "mail", (".eml",), is_text=True),
    Format("text/x-rst", "pandoc", (".rst",), is_text=True),
    Format("application/rtf", "pandoc", (".rtf",), is_text=True),
    Format("application/vnd.oasis.opendocument.text", "pandoc", (".odt",)),
    Format("application/epub+zip", "pandoc", (".epub",)),
    Format(_OPEN_XML + "wordprocessingml.document", "office.word", (".docx",)),
    Format(_OPEN_XML + "presentationml.presentation", "office.slides", (".pptx",)),
    Format(_OPEN_XML + "spreadsheetml.sheet", "office.sheets", (".xlsx", ".xlsm")),
    Format("application/vnd.ms-excel", "office.sheets", (".xls",)),
    Format("application/pdf", "pdf.parser", (".pdf",)),
    Format("image/png", "image", (".png",)),
    Format("image/jpeg", "image", (".jpg", ".jpeg")),
    Format("image/tiff", "image", (".tif", ".tiff")),
)
_BY_MEDIA_TYPE = {known.media_type: known for known in FORMATS}
_BY_EXTENSION = {extension: known for known in FORMATS for extension in known.extensions}
SUPPORTED = " ".join(extension.removeprefix(".") for extension in _BY_EXTENSION) + " jsonl"


def format_of(filename: str) -> Format | None:
    """The format that a file's extension stands for, or None."""
    return _BY_EXTENSION.get(PurePath(filename).suffix.lower())


def parser_for(media_type: str) -> Parser:
    """The function that reads `media_type`; its module is imported only now."""
    known = _BY_MEDIA_TYPE.get(media_type)
    if known is None:
        raise unsupported(media_type)
    return cast(Parser, import_module(f"ingestion.parse.{known.module}").parse)


def unsupported(what: str) -> UnsupportedMedia:
    """The error that names what is supported."""
    return UnsupportedMedia(f"{what} is not a supported kind of file.", hint=f"Supported: {SUPPORTED}.")
