"""What an OpenDocument text means but Pandoc does not read, written out beforehand.

Text boxes become paragraphs behind their own, fields the text that they show, a table in a cell lines of that
cell; hidden text goes and is counted.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ingestion.parse.archive import unpacked
from ingestion.parse.markup.trees import drop_trees
from ingestion.parse.office.package import part_bytes, part_tree, read_part

CONTENT, STYLES = "content.xml", "styles.xml"
_OPEN = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _DRAW = _OPEN + "text:1.0}", _OPEN + "drawing:1.0}"
_STYLE, _TABLE = _OPEN + "style:1.0}", _OPEN + "table:1.0}"
_FIELDS = """
author-initials author-name chapter conditional-text creation-date creation-time creator database-display date
description expression file-name initial-creator keywords modification-date modification-time print-date
print-time printed-by subject text-input time title user-defined user-field-get user-field-input variable-get
variable-input variable-set
"""
"""Of OpenDocument 1.3, part 3, section 7, but for those that say on which page they stand."""
_STYLED = tuple(_TEXT + name for name in ("span", "p", "h"))


def write_out(archive: zipfile.ZipFile) -> tuple[bytes, Counter[str]]:
    """The archive with its content written out, and the characters that were hidden, by cause."""
    root = part_tree(read_part(archive, CONTENT))
    styles = [part_tree(read_part(archive, STYLES))] if STYLES in archive.namelist() else []
    hidden = _drop_hidden(root, _hidden_styles([root, *styles]))
    for field in list(root.iter(*(_TEXT + name for name in _FIELDS.split()))):
        field.tag = f"{_TEXT}span"
        field.attrib.clear()
    for box in reversed(list(root.iter(f"{_DRAW}text-box"))):
        _lift(box)
    for table in reversed(list(root.iter(f"{_TABLE}table"))):
        if next(table.iterancestors(f"{_TABLE}table-cell"), None) is not None:
            _flatten(table)
    return _copy(archive, part_bytes(root)), hidden


def _hidden_styles(roots: Iterable[Any]) -> set[str]:
    """The names of styles whose text is not shown."""
    found: set[str] = set()
    parents: dict[str, str] = {}
    for style in (style for root in roots for style in root.iter(f"{_STYLE}style")):
        name = style.get(f"{_STYLE}name", "")
        parents[name] = style.get(f"{_STYLE}parent-style-name", "")
        properties = style.find(f"{_STYLE}text-properties")
        if properties is not None and properties.get(f"{_TEXT}display") == "none":
            found.add(name)
    return found | {name for name, parent in parents.items() if parent in found}


def _drop_hidden(root: Any, styles: set[str]) -> Counter[str]:
    spans = [node for node in root.iter(*_STYLED) if node.get(f"{_TEXT}style-name") in styles]
    kinds = (f"{_TEXT}section", f"{_TEXT}variable-set", f"{_TEXT}user-field-get")
    unshown = [node for node in root.iter(*kinds) if node.get(f"{_TEXT}display") == "none"]
    hidden: Counter[str] = Counter()
    for cause, nodes in (("hidden_run", spans), ("hidden_section", unshown)):
        chosen = set(nodes)
        outermost = [node for node in nodes if chosen.isdisjoint(node.iterancestors())]
        if length := sum(len("".join(node.itertext())) for node in outermost):
            hidden[cause] = length
        drop_trees(outermost)
    return hidden


def _lift(box: Any) -> None:
    """Put what a text box holds behind the paragraph that it hangs on, or in the place of its frame."""
    hosts = box.iterancestors(f"{_TEXT}p", f"{_TEXT}h")
    place = next(hosts, None)
    place = box.getparent() if place is None else place
    for block in reversed(list(box)):
        place.addnext(block)


def _flatten(table: Any) -> None:
    """A table in a cell as one paragraph for each row."""
    for row in table.iter(f"{_TABLE}table-row"):
        line = table.makeelement(f"{_TEXT}p")
        blocks = ("".join(block.itertext()) for block in row.iter(f"{_TEXT}p", f"{_TEXT}h"))
        line.text = " ".join(" ".join(blocks).split())
        table.addprevious(line)
    table.getparent().remove(table)


def _copy(archive: zipfile.ZipFile, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for entry in archive.infolist():
            if not entry.is_dir():
                own = entry.filename == CONTENT
                copy.writestr(entry.filename, content if own else b"".join(unpacked(archive, entry.filename)))
    return target.getvalue()
