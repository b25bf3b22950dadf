"""From an lxml tree to elements, in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ingestion.parse.markup.table import is_layout, says_headed, table_rows
from ingestion.parse.tables import TableSize, table_element
from ingestion.parse.whole import whole
from ingestion.types import Element, Kind
from service.errors import NestingTooDeep
from service.settings import ParseSettings

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
    }
    | {
        "fieldset",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "main",
        "nav",
        "p",
        "search",
        "section",
    }
    | {"summary", "tr", "td", "th", "tbody", "thead", "tfoot"}
)
_KINDS: dict[str, Kind] = {"caption": "caption", "figcaption": "caption"}
_SPACE = re.compile(r"[ \t\n\r\f]+")
_AROUND_BREAK = re.compile(r" *\n *")
_LONGEST_TERM = 120
"""Characters of what a definition list defines; a longer text is a paragraph."""
_DEEPEST = 150
"""Four Python frames a level, within the interpreter's own bound."""


class Walker:
    """One pass over the tree: inline content gathers in a buffer, every block boundary flushes it."""

    def __init__(self, limits: ParseSettings) -> None:
        self.limits = limits
        self._tables = TableSize(limits)
        self.elements: list[Element] = []
        self._inline: list[str] = []
        self._kind: Kind = "paragraph"
        self._level = 0
        self._marker = ""
        self._lists: list[int | None] = []
        self._depth = 0
        self._by_tag: dict[str, Callable[[Any], None]] = {
            **dict.fromkeys(("ul", "ol", "menu", "dir"), self._list),
            "li": self._item,
            "dl": self._definitions,
            "dt": self._term,
            "pre": self._code,
            "table": self._table,
        }
        self._terms: list[str] = []
        self._defining: tuple[Kind, int] = (self._kind, self._level)

    def walk(self, node: Any) -> None:
        """Take in a node, its children and the text behind each child."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NestingTooDeep("The HTML nests too deeply.")
        self._enter(node)
        self._depth -= 1

    def flush(self) -> None:
        """End the current block."""
        text = _SPACE.sub(" ", "".join(self._inline)).strip()
        self._inline.clear()
        if not text:
            return
        if "\v" in text:
            text = _AROUND_BREAK.sub("\n", text.replace("\v", "\n")).strip()
        if self._terms and self._defining == (self._kind, self._level):
            text = f"{self._defined()} {text}"
        if self._kind == "list_item" and self._marker:
            text, self._marker = f"{self._marker} {text}", ""
        self._add(Element(self._kind, text, level=self._level))

    def _add(self, element: Element) -> None:
        """Takes an element; terms whose definition is no paragraph stand before it by themselves."""
        if self._terms:
            self.elements.append(Element("paragraph", self._defined()))
        self.elements.append(element)

    def _defined(self) -> str:
        """`term, term:`, once."""
        names = ", ".join(term.rstrip(": ") for term in self._terms)
        self._terms.clear()
        return f"{names}:"

    def _enter(self, node: Any) -> None:
        tag = node.tag
        if tag in _HEADINGS:
            self._block(node, "title", _HEADINGS[tag])
        elif tag in _KINDS:
            self._block(node, _KINDS[tag], 0)
        elif take := self._by_tag.get(tag):
            take(node)
        elif tag in _BLOCKS:
            self.flush()
            self._children(node)
            self.flush()
        else:
            self._inline_node(node)

    def _children(self, node: Any) -> None:
        self._inline.append(node.text or "")
        for child in node:
            self.walk(child)
            self._inline.append(child.tail or "")

    def _inline_node(self, node: Any) -> None:
        if node.tag == "br":
            self._inline.append("\v")
        elif node.tag == "img":
            self._inline.append(f" {node.get('alt') or ''} ")
        elif node.tag in ("select", "datalist"):
            return
        elif node.tag == "input":
            self._inline.append("[x] " if node.get("checked") is not None else "")
        else:
            self._children(node)

    def _block(self, node: Any, kind: Kind, level: int) -> None:
        self.flush()
        before = self._kind, self._level
        self._kind, self._level = kind, level
        self._children(node)
        self.flush()
        self._kind, self._level = before

    def _list(self, node: Any) -> None:
        self.flush()
        start = whole(node.get("start"))
        self._lists.append((1 if start is None else start) if node.tag == "ol" else None)
        before = self._kind, self._level, self._marker
        self._children(node)
        self.flush()
        self._kind, self._level, self._marker = before
        self._lists.pop()

    def _item(self, node: Any) -> None:
        self.flush()
        before = self._kind, self._level
        self._kind, self._level = "list_item", max(0, len(self._lists) - 1)
        self._marker = self._next_marker(node)
        self._children(node)
        self.flush()
        self._marker = ""
        self._kind, self._level = before

    def _next_marker(self, node: Any) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "-"
        if (given := whole(node.get("value"))) is not None:
            number = given
        self._lists[-1] = number + 1
        return f"{number}."

    def _definitions(self, node: Any) -> None:
        """A definition list: each paragraph that defines begins with what it defines."""
        self.flush()
        self._children(node)
        self.flush()
        if self._terms:
            self.elements.append(Element("paragraph", self._defined()))

    def _term(self, node: Any) -> None:
        self.flush()
        first = len(self.elements)
        self._children(node)
        text = _SPACE.sub(" ", "".join(self._inline).replace("\v", " ")).strip()
        if text and len(text) <= _LONGEST_TERM and len(self.elements) == first:
            self._inline.clear()
            self._terms.append(text)
            self._defining = self._kind, self._level
        self.flush()

    def _code(self, node: Any) -> None:
        self.flush()
        for line_break in node.iter("br"):
            line_break.tail = "\n" + (line_break.tail or "")
        text = node.text_content().strip("\n").rstrip()
        if text.strip():
            self._add(Element("code", text))

    def _table(self, node: Any) -> None:
        self.flush()
        if is_layout(node):
            self._children(node)
            self.flush()
            return
        for caption in node.findall("caption"):
            self._block(caption, "caption", 0)
            node.remove(caption)
        rows = table_rows(node, self.limits.max_cells)
        if table := table_element(rows, size=self._tables, headed=says_headed(node)):
            self._add(table)
