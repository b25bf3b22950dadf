"""What a Word file means but does not have as text of a paragraph, written into that text beforehand.

Headings by style, list items, captions and code paragraphs get a mark at their start, which `word.py` reads
back; notes and formulas become text; text boxes, content controls and tracked insertions become plain
paragraphs; merged cells repeat; hidden and white text goes and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ingestion.parse.office.package import part_bytes, part_tree
from ingestion.parse.office.word_notes import write_out_notes
from ingestion.parse.office.word_styles import Styles
from ingestion.parse.office.word_walk import MOST_COLUMNS
from ingestion.parse.tables import TableSize
from ingestion.parse.whole import whole
from service.settings import ParseSettings

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
NAMES = {
    "w": _W[1:-1],
    "m": _M[1:-1],
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
}
_SIGNS = {f"{_M}den": "/", f"{_M}sup": "^", f"{_M}sub": "_"}
MARK, END = "\ue0f0", "\ue0f1"
"""Private-use characters around `kind:level` at the start of a marked paragraph."""
_BLANKS = (f"{_W}tab", f"{_W}br", f"{_W}cr")
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


class WordSource:
    """Rewrites `word/document.xml`; `hidden` holds the characters left out, by cause."""

    def __init__(self, styles: Styles, notes: Mapping[str, bytes], limits: ParseSettings) -> None:
        self.hidden: Counter[str] = Counter()
        self._styles = styles
        self._notes = notes
        self._merged = TableSize(limits)

    def rewrite(self, content: bytes) -> bytes:
        """The main part with everything written out."""
        root = part_tree(content)
        write_out_notes(root, self._notes)
        self._drop_hidden(root)
        _write_out_formulas(root)
        _lift_text_boxes(root)
        _unwrap(root)
        _unframe(root)
        _repeat_merged_cells(root, self._merged)
        for paragraph in root.xpath("//w:body/w:p", namespaces=NAMES):
            self._mark(paragraph)
        return part_bytes(root)

    def _drop_hidden(self, root: Any) -> None:
        for run in root.xpath("//w:r", namespaces=NAMES):
            cause = self._styles.hidden_cause(run)
            if not cause:
                continue
            if length := len("".join(run.itertext(f"{_W}t"))):
                self.hidden[cause] += length
            run.getparent().remove(run)

    def _mark(self, paragraph: Any) -> None:
        text = "".join(paragraph.itertext(f"{_W}t"))
        if not text.strip():
            return
        style = self._styles.of(paragraph)
        depth = self._styles.list_depth(paragraph)
        if style.level:
            _prefix(paragraph, f"title:{style.level}")
        elif style.is_code or self._styles.is_monospaced_code(paragraph, text):
            _prefix(paragraph, "code:0")
        elif depth is not None:
            _prefix(paragraph, f"list_item:{depth}")
        elif style.is_caption:
            _prefix(paragraph, "caption:0")


def _prefix(paragraph: Any, mark: str) -> None:
    """Put a run with the mark in front of the paragraph's content."""
    run = paragraph.makeelement(f"{_W}r")
    text = run.makeelement(f"{_W}t")
    text.text = f"{MARK}{mark}{END}"
    run.append(text)
    properties = paragraph.find(f"{_W}pPr")
    paragraph.insert(0 if properties is None else paragraph.index(properties) + 1, run)


def _write_out_formulas(root: Any) -> None:
    """Each formula as the text of its parts, in order: `E=mc2`."""
    for formula in root.xpath("//m:oMath[not(ancestor::m:oMath)]", namespaces=NAMES):
        run = formula.makeelement(f"{_W}r")
        text = run.makeelement(f"{_W}t")
        text.text = " " + _linear(formula) + " "
        text.set(_XML_SPACE, "preserve")
        run.append(text)
        formula.getparent().replace(formula, run)
    _splice(root, "m:oMathPara")


def _linear(formula: Any) -> str:
    """The formula on one line; fractions with a slash, powers with a caret, indices with an underscore."""
    return "".join(_SIGNS.get(node.tag) or node.text or "" for node in formula.iter(f"{_M}t", *_SIGNS))


def _lift_text_boxes(root: Any) -> None:
    """The paragraphs of a text box come after the paragraph that it hangs on."""
    for fallback in root.xpath("//mc:Fallback", namespaces=NAMES):
        fallback.getparent().remove(fallback)
    for box in root.xpath("//w:txbxContent", namespaces=NAMES):
        hosts = box.xpath("ancestor::w:p[1]", namespaces=NAMES)
        box.getparent().remove(box)
        for block in reversed(list(box)):
            if hosts:
                hosts[0].addnext(block)


def _unwrap(root: Any) -> None:
    """Content controls, tracked insertions and the like give their place to what they hold; deletions go."""
    for gone in list(root.iter(f"{_W}del", f"{_W}moveFrom", f"{_W}sdtPr", f"{_W}sdtEndPr")):
        gone.getparent().remove(gone)
    for name in ("w:sdt", "w:sdtContent", "w:ins", "w:moveTo", "w:smartTag", "w:customXml", "w:fldSimple"):
        _splice(root, name)


def _unframe(root: Any) -> None:
    """A table of a single cell is but a frame: what it holds takes its place."""
    for table in root.xpath("//w:tbl[count(w:tr) = 1 and count(w:tr/w:tc) = 1]", namespaces=NAMES):
        for block in list(table.find(f"{_W}tr/{_W}tc").iterchildren(f"{_W}p", f"{_W}tbl")):
            table.addprevious(block)
        table.getparent().remove(table)


def _splice(root: Any, name: str) -> None:
    for node in root.xpath(f"//{name}", namespaces=NAMES):
        for child in list(node):
            node.addprevious(child)
        node.getparent().remove(node)


def _repeat_merged_cells(root: Any, size: TableSize) -> None:
    for table in root.xpath("//w:tbl", namespaces=NAMES):
        above: list[str] = []
        for row in table.findall(f"{_W}tr"):
            above = _repeat_in_row(row, above, size)


def _repeat_in_row(row: Any, above: list[str], size: TableSize) -> list[str]:
    """Make one cell of each column that a cell spans, and of each row that it reaches down into.

    The repeated ones hold the text alone. Returns the texts of the row.
    """
    texts: list[str] = []
    for cell in row.findall(f"{_W}tc"):
        properties = cell.find(f"{_W}tcPr")
        width, is_continued = 1, False
        if properties is not None:
            width, is_continued = _merge(properties)
            cell.remove(properties)
        if is_continued and len(texts) < len(above):
            text = above[len(texts)]
            _fill(cell, text, size)
        else:
            text = _text(cell)
        for _ in range(width - 1):
            repeated = cell.makeelement(cell.tag)
            _fill(repeated, text, size)
            cell.addnext(repeated)
        texts += [text] * width
    return texts


def _text(cell: Any) -> str:
    """All that stands in a cell, on one line."""
    nodes = cell.iter(f"{_W}t", f"{_W}p", *_BLANKS)
    return " ".join("".join((node.text or "") if node.tag == f"{_W}t" else " " for node in nodes).split())


def _fill(cell: Any, text: str, size: TableSize) -> None:
    """Let a cell hold this text and nothing else."""
    size.take(1, len(text))
    for child in list(cell):
        cell.remove(child)
    paragraph = cell.makeelement(f"{_W}p")
    run, said = paragraph.makeelement(f"{_W}r"), paragraph.makeelement(f"{_W}t")
    said.text = text
    run.append(said)
    paragraph.append(run)
    cell.append(paragraph)


def _merge(properties: Any) -> tuple[int, bool]:
    """How many columns a cell spans, whether it continues the one above."""
    span = properties.find(f"{_W}gridSpan")
    width = whole(span.get(f"{_W}val")) if span is not None else None
    vertical = properties.find(f"{_W}vMerge")
    is_continued = vertical is not None and vertical.get(f"{_W}val", "continue") == "continue"
    return min(MOST_COLUMNS, width or 1), is_continued
