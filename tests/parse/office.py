"""Small office files made in memory for tests."""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import docx
import openpyxl
import pptx


def word(fill: Callable[[Any], object]) -> bytes:
    """A docx file that `fill` wrote into."""
    document = docx.Document()
    fill(document)
    return _saved(document)


def workbook(fill: Callable[[Any], object]) -> bytes:
    """An xlsx file that `fill` wrote into."""
    book = openpyxl.Workbook()
    fill(book)
    return _saved(book)


def deck(fill: Callable[[Any], object]) -> bytes:
    """A pptx file that `fill` wrote into."""
    presentation = pptx.Presentation()
    fill(presentation)
    return _saved(presentation)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one part changed or added."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    return zipped({**parts, name: change(parts.get(name, b""))})


def _saved(document: Any) -> bytes:
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()
