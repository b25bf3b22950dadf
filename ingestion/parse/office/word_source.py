"""What a Word file means but does not have as text of a paragraph, written into that text beforehand.

Headings by style, list items, captions and code paragraphs get a mark at their start, which `word.py` reads
back; notes and formulas become text; text boxes, content controls and tracked insertions become plain
paragraphs; merged cells repeat; hidden and white text goes and is counted.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ingestion.parse.office.package import part_bytes, part_tree
from ingestion.parse.office.word_notes import write_out_notes
from ingestion.parse.office.word_styles import Styles

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
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


class WordSource:
    """Rewrites `word/document.xml`; `hidden` holds the characters left out, by cause."""

    def __init__(self, styles: Styles, notes: Mapping[str, bytes]) -> None:
        self.hidden: Counter[str] = Counter()
        self._styles = styles
        self._notes = notes

    def rewrite(self, content: bytes) -> bytes:
        """The main part with everything written out."""
        root = part_tree(content)
        write_out_notes(root, self._notes)
        self._drop_hidden(root)
        _write_out_formulas(root)
        _lift_text_boxes(root)
        _unwrap(root)
        _unframe(root)
        _repeat_merged_cells(root)
        for paragraph in root.xpath("//w:body/w:p", namespaces=NAMES):
            self._mark(paragraph)
        return part_bytes(root)

    def _drop_hidden(self, root: Any) -> None:
        for run in root.xpath("//w:r", namespaces=NAMES):
            cause = self._styles.hidden_cause(run)
            if not cause:
                continue
            if length := len("".join(run.xpath(".//w:t/text()", namespaces=NAMES))):
                self.hidden[cause] += length
            run.getparent().remove(run)

    def _mark(self, paragraph: Any) -> None:
        text = "".join(paragraph.xpath(".//w:t/text()", namespaces=NAMES))
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
    for formula in root.xpath("//m:oMath", namespaces=NAMES):
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
    for gone in root.xpath("//w:del | //w:moveFrom | //w:sdtPr | //w:sdtEndPr", namespaces=NAMES):
        gone.getparent().remove(gone)
    for name in ("w:sdt", "w:sdtContent", "w:ins", "w:moveTo", "w:smartTag", "w:customXml", "w:fldSimple"):
        _splice(root, name)


def _unframe(root: Any) -> None:
    """A table of a single cell is but a frame: what it holds takes its place."""
    for table in root.xpath("//w:tbl[count(w:tr) = 1 and count(w:tr/w:tc) = 1]", namespaces=NAMES):
        for block in table.xpath("w:tr/w:tc/w:p | w:tr/w:tc/w:tbl", namespaces=NAMES):
            table.addprevious(block)
        table.getparent().remove(table)


def _splice(root: Any, name: str) -> None:
    for node in root.xpath(f"//{name}", namespaces=NAMES):
        for child in list(node):
            node.addprevious(child)
        node.getparent().remove(node)


def _repeat_merged_cells(root: Any) -> None:
    for table in root.xpath("//w:tbl", namespaces=NAMES):
        above: list[Any] = []
        for row in table.findall(f"{_W}tr"):
            above = _repeat_in_row(row, above)


def _repeat_in_row(row: Any, above: list[Any]) -> list[Any]:
    """Make one cell of each column that a cell spans, and of each row that it reaches down into."""
    cells: list[Any] = []
    for cell in row.findall(f"{_W}tc"):
        properties = cell.find(f"{_W}tcPr")
        width, is_continued = 1, False
        if properties is not None:
            width, is_continued = _merge(properties)
            cell.remove(properties)
        if is_continued and len(cells) < len(above):
            _refill(cell, above[len(cells)])
        cells.append(cell)
        for _ in range(width - 1):
            cells.append(copy.deepcopy(cell))
            cells[-2].addnext(cells[-1])
    return cells


def _merge(properties: Any) -> tuple[int, bool]:
    """How many columns a cell spans (at most 63, Word's own bound), whether it continues the one above."""
    span = properties.find(f"{_W}gridSpan")
    width = span.get(f"{_W}val", "1") if span is not None else "1"
    vertical = properties.find(f"{_W}vMerge")
    is_continued = vertical is not None and vertical.get(f"{_W}val", "continue") == "continue"
    return (min(63, int(width)) if width.isdecimal() and width != "0" else 1), is_continued


def _refill(cell: Any, source: Any) -> None:
    for child in list(cell):
        cell.remove(child)
    for child in source:
        cell.append(copy.deepcopy(child))
