"""Footnotes and endnotes of a Word file: paragraphs behind the one, or the table, they belong to.

Word numbers them itself; here all are numbered in the order of the text, footnotes and endnotes apart.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ingestion.parse.office.package import part_tree

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NAMES = {"w": _W[1:-1]}
_MARKS = (
    "//*[self::w:footnoteReference or self::w:endnoteReference][not(ancestor::w:del or ancestor::w:moveFrom)]"
)
PARTS = {"footnote": "word/footnotes.xml", "endnote": "word/endnotes.xml"}


def write_out_notes(root: Any, parts: Mapping[str, bytes]) -> None:
    """Put the notes of `parts` (by kind) into the main part's tree, each where it is first named."""
    notes = {(kind, note.get(f"{_W}id")): note for kind in parts for note in _notes(parts[kind], kind)}
    counts: Counter[str] = Counter()
    ends: dict[Any, Any] = {}
    for mark in root.xpath(_MARKS, namespaces=_NAMES):
        kind = mark.tag.removeprefix(_W).removesuffix("Reference")
        note = notes.pop((kind, mark.get(f"{_W}id")), None)
        host = _host(mark)
        if note is None or host is None:
            continue
        counts[kind] += 1
        for paragraph in _paragraphs(note, counts[kind]):
            ends.get(host, host).addnext(paragraph)
            ends[host] = paragraph


def _notes(content: bytes, kind: str) -> list[Any]:
    """The notes that hold text: the lines that part them from the page are notes of a type, too."""
    found = part_tree(content).findall(f"{_W}{kind}")
    return [note for note in found if note.get(f"{_W}type", "normal") == "normal"]


def _host(mark: Any) -> Any:
    """The block of the body in which a mark stands."""
    node = mark
    while (parent := node.getparent()) is not None:
        if parent.tag == f"{_W}body":
            return node
        node = parent
    return None


def _paragraphs(note: Any, number: int) -> list[Any]:
    paragraphs = [copy.deepcopy(paragraph) for paragraph in note.iter(f"{_W}p")]
    paragraphs = [each for each in paragraphs if "".join(each.itertext(f"{_W}t")).strip()]
    for paragraph in paragraphs:
        for mark in paragraph.xpath(".//w:footnoteRef | .//w:endnoteRef", namespaces=_NAMES):
            mark.getparent().remove(mark)
    if paragraphs:
        first = next(paragraphs[0].iter(f"{_W}t"))
        first.text = f"{number} {(first.text or '').lstrip()}"
    return paragraphs
