"""The binary formats of Word and PowerPoint before 2007 (doc, ppt): LibreOffice makes docx and pptx of them.

`unstructured` calls LibreOffice; what comes of it is read as any docx or pptx is, hidden text and numbers of
lists with it. The parser's own folder is LibreOffice's home, so that two files can be converted at a time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ingestion.parse.base import Parsed, Parser
from ingestion.parse.office import slides, word
from service.errors import CorruptFile
from service.settings import ParseSettings

_SLIDES = "PowerPoint Document".encode("utf-16-le")
_FILTERS = {"docx": "MS Word 2007 XML", "pptx": "Impress MS PowerPoint 2007 XML"}


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read one file; it takes seconds, most of which LibreOffice needs to start."""
    modern = "pptx" if _SLIDES in content else "docx"
    converted = _converted(content, modern)
    read: Parser = slides.parse if modern == "pptx" else word.parse
    parsed = read(converted, filename, limits)
    return replace(parsed, parser=f"libreoffice, {parsed.parser}")


def _converted(content: bytes, modern: str) -> bytes:
    from unstructured.partition.common.common import convert_office_doc

    with TemporaryDirectory() as folder:
        old = Path(folder, "document")
        old.write_bytes(content)
        # It only logs what goes wrong. With a time to wait it starts LibreOffice again and again over a
        # damaged file, which it takes for a LibreOffice that is busy; here each parser has one to itself.
        convert_office_doc(str(old), folder, modern, _FILTERS[modern], wait_for_soffice_ready_time_out=0)
        made = old.with_suffix(f".{modern}")
        if not made.is_file():
            raise CorruptFile("LibreOffice cannot read the file.")
        return made.read_bytes()
