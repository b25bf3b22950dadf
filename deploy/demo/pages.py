"""PDF files: running text in one or two columns, and a scan without a text layer."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from fpdf import FPDF
from fpdf.enums import Align, TextEmphasis
from fpdf.fonts import FontFace
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from deploy.demo.markup import Block, Rows, read, title
from deploy.demo.office import BUILT

SOFT_HYPHEN = "\u00ad"
HEADING_POINTS = {1: 17, 2: 13, 3: 11, 4: 10}
SCAN_DPI = 300
A4_PIXELS = (2480, 3508)
MARGIN_PIXELS = 260


class Pages(FPDF):
    """A4 pages with a running header, a footer and page numbers."""

    def __init__(self, name: str, heading: str, footing: str) -> None:
        super().__init__()
        self.heading, self.footing = heading, footing
        self.set_creation_date(BUILT)
        self.set_title(name)
        self.set_margins(20, 24, 20)
        self.set_auto_page_break(auto=True, margin=22)
        self.add_page()

    def header(self) -> None:
        """Drawn by fpdf2 at the top of every page."""
        self._furniture(10, self.heading, "Norrask Fluidics")

    def footer(self) -> None:
        """Drawn by fpdf2 at the bottom of every page."""
        self._furniture(-15, self.footing, f"Page {self.page_no()} of {{nb}}")

    def _furniture(self, y: float, left: str, right: str) -> None:
        self.set_y(y)
        self.set_font("Helvetica", size=8)
        self.cell(self.epw / 2, 5, left)
        self.cell(self.epw / 2, 5, right, align="R", new_x="LMARGIN", new_y="NEXT")
        self.set_y(24)


def write_pdf(markdown: str, target: Path) -> None:
    """One column of text with tables that have ruled cells."""
    blocks = read(markdown)
    pages = Pages(title(blocks), title(blocks), blocks[1].text.partition(",")[0])
    for block in blocks:
        _draw(pages, block)
    pages.output(str(target))


def write_two_column_pdf(markdown: str, target: Path) -> None:
    """A journal's layout: the title over two justified, hyphenated columns, the tables full width below."""
    blocks = read(markdown)
    pages = Pages(title(blocks), "Technical Bulletin TB-17", "Norrask Fluidics, May 2023")
    for block in blocks[:2]:
        _draw(pages, block)
    flow = [block for block in blocks[2:] if block.kind != "table"]
    annex = next(place for place, block in enumerate(flow) if block.text.startswith("Annex"))
    with pages.text_columns(ncols=2, gutter=8, text_align="J", line_height=1.25) as columns:
        for block in flow[:annex]:
            heading = block.kind == "heading"
            pages.set_font("Times", "B" if heading else "", 11 if heading else 10)
            with columns.paragraph(
                text_align=Align.L if heading else Align.J,
                top_margin=2.5 if heading else 0,
                bottom_margin=1.5,
            ) as paragraph:
                paragraph.write(block.text if heading else hyphenate(block.text))
    pages.ln(4)
    for block in flow[annex:] + [block for block in blocks if block.kind == "table"]:
        _draw(pages, block)
    pages.output(str(target))


def hyphenate(text: str) -> str:
    """Marks where the long words of the sources may be broken."""
    places = (Path(__file__).parent / "sources" / "hyphenation.txt").read_text(encoding="utf-8").split()
    for place in places:
        text = text.replace(place.replace("-", ""), place.replace("-", SOFT_HYPHEN))
    return text


def _draw(pages: FPDF, block: Block) -> None:
    match block.kind:
        case "heading":
            pages.ln(2)
            pages.set_font("Helvetica", "B", HEADING_POINTS[block.level])
            pages.multi_cell(0, text=block.text, align="L", new_x="LMARGIN", new_y="NEXT")
            pages.ln(1)
        case "table":
            _draw_table(pages, block.rows)
        case kind:
            pages.set_font("Helvetica", size=10)
            text = f"\u00b7  {block.text}" if kind == "item" else block.text
            pages.multi_cell(0, 5, text=text, align="L", new_x="LMARGIN", new_y="NEXT")
            pages.ln(1.5)


def _draw_table(pages: FPDF, rows: Rows) -> None:
    pages.ln(1)
    pages.set_font("Helvetica", size=9)
    widths = [max(max(map(len, column)), 8) for column in zip(*rows, strict=True)]
    bold = FontFace(emphasis=TextEmphasis.B)
    with pages.table(col_widths=tuple(widths), text_align="L", headings_style=bold) as table:
        for row in rows:
            table.row(row)
    pages.ln(3)


def write_scan(markdown: str, target: Path) -> None:
    """Pages that are pictures only: grey paper, a slight tilt, blur and noise, as from an office scanner."""
    pages = FPDF()
    pages.set_creation_date(BUILT)
    pages.set_margin(0)
    pages.set_auto_page_break(auto=False)
    for number, sheet in enumerate(_typeset(read(markdown))):
        pages.add_page()
        picture = BytesIO()
        _scanned(sheet, seed=number).save(picture, "JPEG", quality=38, dpi=(SCAN_DPI, SCAN_DPI))
        pages.image(picture, x=0, y=0, w=pages.w, h=pages.h)
    pages.output(str(target))


def _typeset(blocks: tuple[Block, ...]) -> list[Image.Image]:
    """Lines of print on as many sheets as they need."""
    sheets: list[Image.Image] = []
    y = A4_PIXELS[1]
    for block in blocks:
        heading = block.kind == "heading"
        font = ImageFont.load_default(size=66 if heading else 50)
        lines = _lines(block.text, font)
        if y + 76 * len(lines) > A4_PIXELS[1] - MARGIN_PIXELS:
            sheets.append(Image.new("L", A4_PIXELS, 236))
            y = MARGIN_PIXELS
        for line in lines:
            ImageDraw.Draw(sheets[-1]).text((MARGIN_PIXELS, y), line, fill=40, font=font)
            y += 76
        y += 46
    return sheets


def _lines(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= A4_PIXELS[0] - 2 * MARGIN_PIXELS:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _scanned(sheet: Image.Image, *, seed: int) -> Image.Image:
    tilted = sheet.rotate(0.35 - 0.6 * seed, resample=Image.Resampling.BICUBIC, fillcolor=236)
    blurred = np.asarray(tilted.filter(ImageFilter.GaussianBlur(0.9)), dtype=np.float32)
    noise = np.random.default_rng(seed).normal(0, 5, blurred.shape)
    return Image.fromarray(np.clip(blurred + noise, 0, 255).astype(np.uint8))
