"""Which formats are read, how they are recognised by name, and by which module."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import PurePath
from shutil import which
from typing import cast

from ingestion.parse.base import Parser
from service.errors import UnsupportedMedia


@dataclass(frozen=True, slots=True)
class Need:
    """A Python package or a program that not every installation has, and how one gets it."""

    name: str
    repair: str
    package: str = ""
    program: str = ""

    def is_there(self) -> bool:
        """Whether it is installed; a package is looked for, not imported."""
        return find_spec(self.package) is not None if self.package else which(self.program) is not None


@dataclass(frozen=True, slots=True)
class Format:
    """A media type, the module of this package that reads it, the extensions of its files, and its needs."""

    media_type: str
    module: str
    extensions: tuple[str, ...]
    is_text: bool = False
    needs: tuple[Need, ...] = ()

    def missing(self) -> list[Need]:
        """What it needs and this installation has not."""
        return [need for need in self.needs if not need.is_there()]


RECORD = "application/vnd.footnote.record+json"
"""One line of a `.jsonl` file: `{"_id", "title", "text", "metadata"}`."""

RECORD_SUFFIX = ".record"
"""Ends the file name that a record is given, so that its parser knows it from a JSON document."""

OUTLOOK = "application/vnd.ms-outlook"
EXCEL, WORD, POWERPOINT = "application/vnd.ms-excel", "application/msword", "application/vnd.ms-powerpoint"

_OCR = (Need("Tesseract", "pip install 'footnote[ocr]'", package="tesserocr"),)
_OUTLOOK = (Need("python-oxmsg", "pip install 'footnote[outlook]'", package="oxmsg"),)
_LIBREOFFICE = (
    Need("unstructured", "pip install 'footnote[office]'", package="unstructured"),
    Need(
        "LibreOffice",
        "apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-impress-nogui",
        program="soffice",
    ),
)
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
    Format(OUTLOOK, "outlook", (".msg",), needs=_OUTLOOK),
    Format("text/x-rst", "pandoc", (".rst",), is_text=True),
    Format("application/rtf", "pandoc", (".rtf",), is_text=True),
    Format("text/x-org", "pandoc", (".org",), is_text=True),
    Format("application/vnd.oasis.opendocument.text", "pandoc", (".odt",)),
    Format("application/epub+zip", "pandoc", (".epub",)),
    Format(_OPEN_XML + "wordprocessingml.document", "office.word", (".docx",)),
    Format(_OPEN_XML + "presentationml.presentation", "office.slides", (".pptx",)),
    Format(_OPEN_XML + "spreadsheetml.sheet", "office.sheets", (".xlsx", ".xlsm")),
    Format(EXCEL, "office.sheets", (".xls",)),
    Format(WORD, "office.binary", (".doc", ".dot"), needs=_LIBREOFFICE),
    Format(POWERPOINT, "office.binary", (".ppt", ".pps"), needs=_LIBREOFFICE),
    Format("application/pdf", "pdf.parser", (".pdf",)),
    Format("image/png", "image", (".png",), needs=_OCR),
    Format("image/jpeg", "image", (".jpg", ".jpeg"), needs=_OCR),
    Format("image/tiff", "image", (".tif", ".tiff"), needs=_OCR),
)
_BY_MEDIA_TYPE = {known.media_type: known for known in FORMATS}
_BY_EXTENSION = {extension: known for known in FORMATS for extension in known.extensions}
SUPPORTED = " ".join(extension.removeprefix(".") for extension in _BY_EXTENSION) + " jsonl"


def format_of(filename: str) -> Format | None:
    """The format that a file's extension stands for, or None."""
    return _BY_EXTENSION.get(PurePath(filename).suffix.lower())


def parser_for(media_type: str) -> Parser:
    """The function that reads `media_type`; its module is imported only now.

    Raises:
        UnsupportedMedia: no module does, or what it needs is not installed.
    """
    known = _BY_MEDIA_TYPE.get(media_type)
    if known is None:
        raise unsupported(media_type)
    if missing := known.missing():
        kind = "/".join(known.extensions)
        raise UnsupportedMedia(f"Reading {kind} needs {missing[0].name}.", hint=missing[0].repair)
    return cast(Parser, import_module(f"ingestion.parse.{known.module}").parse)


def unsupported(what: str) -> UnsupportedMedia:
    """The error that names what is supported."""
    hint = f"Supported: {SUPPORTED}; `footnote formats` says what each needs."
    return UnsupportedMedia(f"{what} is not a supported kind of file.", hint=hint)
