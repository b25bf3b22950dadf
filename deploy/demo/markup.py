"""The sources of the generated documents: markdown, read into the few kinds of block that they use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, paragraph, list item or table; `rows` holds a table's cells, header first."""

    kind: Literal["heading", "paragraph", "item", "table"]
    text: str = ""
    level: int = 0
    rows: Rows = ()


def read(markdown: str) -> tuple[Block, ...]:
    """The blocks of a source in order; a construct that the sources do not use raises `ValueError`."""
    root = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown))
    return tuple(block for node in root.children for block in _blocks(node))


def title(blocks: tuple[Block, ...]) -> str:
    """The text of the first heading."""
    return next(block.text for block in blocks if block.kind == "heading")


def _blocks(node: SyntaxTreeNode) -> Iterator[Block]:
    match node.type:
        case "heading":
            yield Block("heading", _text(node), level=int(node.tag[1]))
        case "paragraph":
            yield Block("paragraph", _text(node))
        case "bullet_list":
            yield from (Block("item", _text(item)) for item in node.children)
        case "table":
            yield Block("table", rows=_rows(node))
        case other:
            raise ValueError(f"the sources may not use {other}")


def _rows(table: SyntaxTreeNode) -> Rows:
    rows = (row for row in table.walk() if row.type == "tr")
    return tuple(tuple(_text(cell) for cell in row.children) for row in rows)


def _text(node: SyntaxTreeNode) -> str:
    inlines = (inline.content for inline in node.walk() if inline.type == "inline")
    return " ".join(" ".join(inlines).split())
