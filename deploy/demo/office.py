"""Word, PowerPoint and Excel files from blocks, and what pandoc writes, the same on every build."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pptx
import pypandoc
from docx.document import Document
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from pptx.slide import Slide
from pptx.util import Inches, Pt

from deploy.demo.markup import Block, Rows, read, title

BUILT = datetime(2025, 7, 1, 8, 0, tzinfo=UTC)
"""The moment that every generated file claims, so that a rebuild changes nothing."""
NOTES = "Notes: "
NUMBER = re.compile(r"\d+(\.\d+)?")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def write_docx(markdown: str, target: Path) -> None:
    """A Word file with heading styles, tables, a running header and a footer."""
    blocks = read(markdown)
    document = docx.Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = f"Norrask Fluidics - {title(blocks)}"
    section.footer.paragraphs[0].text = "Printed copies are not controlled"
    draw: dict[str, Callable[[Block], object]] = {
        "heading": lambda block: document.add_heading(block.text, level=block.level),
        "paragraph": lambda block: document.add_paragraph(block.text),
        "item": lambda block: document.add_paragraph(block.text, style="List Bullet"),
        "table": lambda block: _fill_docx_table(document, block.rows),
    }
    for block in blocks:
        draw[block.kind](block)
    document.core_properties.title = title(blocks)
    document.core_properties.author = "Norrask Fluidics Ltd"
    _save(document.save, target)


def _fill_docx_table(document: Document, rows: Rows) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


def write_pptx(markdown: str, target: Path) -> None:
    """A slide for each second-level heading; paragraphs that begin with `Notes:` become speaker notes."""
    presentation = pptx.Presentation()
    for heading, content in _slides(read(markdown)):
        layout = presentation.slide_layouts[0 if heading.level == 1 else 1]
        slide = presentation.slides.add_slide(layout)
        slide.shapes.title.text = heading.text
        lines = [block.text for block in content if block.kind in ("paragraph", "item")]
        slide.placeholders[1].text = "\n".join(line for line in lines if not line.startswith(NOTES))
        for line in lines:
            if line.startswith(NOTES):
                slide.notes_slide.notes_text_frame.text = line.removeprefix(NOTES)
        for block in content:
            if block.kind == "table":
                _fill_slide_table(slide, block.rows)
    presentation.core_properties.author = "Norrask Fluidics Ltd"
    _save(presentation.save, target)


def _slides(blocks: Sequence[Block]) -> list[tuple[Block, list[Block]]]:
    slides: list[tuple[Block, list[Block]]] = []
    for block in blocks:
        if block.kind == "heading":
            slides.append((block, []))
        else:
            slides[-1][1].append(block)
    return slides


def _fill_slide_table(slide: Slide, rows: Rows) -> None:
    size = (Inches(0.5), Inches(2), Inches(9), Inches(0.4 * len(rows)))
    table = slide.shapes.add_table(len(rows), len(rows[0]), *size).table
    for y, row in enumerate(rows):
        for x, text in enumerate(row):
            table.cell(y, x).text = text
            table.cell(y, x).text_frame.paragraphs[0].font.size = Pt(14)
    if not slide.placeholders[1].text:  # an empty text box would lie over the table
        slide.placeholders[1].element.getparent().remove(slide.placeholders[1].element)


def write_xlsx(markdown: str, target: Path) -> None:
    """A sheet for each first-level heading; numbers and dates become real ones."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for heading, content in _slides(read(markdown)):
        sheet = workbook.create_sheet(heading.text)
        for block in content:
            for y, row in enumerate(block.rows or ((block.text,),)):
                sheet.append([_value(text) for text in row])
                _show_cents(sheet)
                if block.rows and y == 0:
                    _style_header(sheet, block.rows)
    workbook.properties.creator = "Norrask Fluidics Ltd"
    _save(workbook.save, target)


def _style_header(sheet: Worksheet, rows: Rows) -> None:
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
    for x, column in enumerate(zip(*rows, strict=True), start=1):
        sheet.column_dimensions[get_column_letter(x)].width = max(map(len, column)) + 2


def _show_cents(sheet: Worksheet) -> None:
    for cell in sheet[sheet.max_row]:
        if isinstance(cell.value, float):
            cell.number_format = "#,##0.00"


def _value(text: str) -> str | float | int | date:
    if ISO_DATE.fullmatch(text):
        return date.fromisoformat(text)
    if NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def write_with_pandoc(markdown: str, target: Path) -> None:
    """An OpenDocument text or an e-book, as the target's extension says."""
    name = title(read(markdown))
    options = [
        f"--metadata=title:{name}",
        f"--metadata=identifier:norrask-{target.stem}",
        "--metadata=lang:en",
    ]
    pypandoc.convert_text(
        markdown, target.suffix[1:], format="gfm", outputfile=str(target), extra_args=options
    )
    _save(lambda stream: stream.write(target.read_bytes()), target)


def _save(write: Callable[[BytesIO], object], target: Path) -> None:
    """Writes an office archive with the moment of the build taken out of it."""
    stream = BytesIO()
    write(stream)
    with zipfile.ZipFile(stream) as made, zipfile.ZipFile(target, "w") as kept:
        for entry in made.infolist():
            frozen = zipfile.ZipInfo(entry.filename, BUILT.timetuple()[:6])
            frozen.compress_type = entry.compress_type
            kept.writestr(frozen, _without_moment(made.read(entry)))


def _without_moment(content: bytes) -> bytes:
    stamp = BUILT.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
