"""Marks of footnotes in an lxml tree: they go, and exponents are written so that they join no digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ingestion.parse.markup.trees import drop_trees, path
from ingestion.parse.notes import raised

_MARK = re.compile(
    r"[(\[]?(?:\d{1,4}|[a-z]{1,2}|[ivx]{1,5}|[*\u2020\u2021\u00a7\u00b6]{1,3}|note \d{1,3})[)\]]?"
)
_BRACKETED = re.compile(r"[(\[]\s*\S{1,4}\s*[)\]]")
_SAID = (
    "//a[@role='doc-noteref' or @role='doc-backlink' or contains(@class, 'footnote-ref')"
    " or contains(@class, 'footnote-backref') or contains(@class, 'reversefootnote')"
    " or contains(@*[local-name()='epub:type' or local-name()='type'], 'noteref')]"
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BEFORE = 80
"""Characters before a raised sign that are looked at."""


def resolve_marks(root: Any) -> None:
    """Drop the links to notes and back, and the raised signs that are marks."""
    drop_trees(_with_brackets(node) for node in path(_SAID)(root) if not _is_heading_itself(node))
    drop_trees(node for node in list(_linked(root)) if _MARK.fullmatch(_beginning(node)))
    for node in root.iter("sup"):
        if len(node) or _is_behind_index(node):
            continue
        sign = node.text or ""
        shown = raised(_text_before(node), sign)
        if shown != sign.strip():
            node.text = shown


def _is_heading_itself(link: Any) -> bool:
    """Whether a way back is what a heading says: Sphinx lets headings lead back to the table of contents."""
    return link.get("role") == "doc-backlink" and link.getparent().tag in _HEADINGS


def _with_brackets(mark: Any) -> Any:
    """The mark, or what holds nothing but the mark in brackets."""
    around = mark.getparent()
    return around if around.tag == "span" and _BRACKETED.fullmatch(_beginning(around)) else mark


def _linked(root: Any) -> Iterator[Any]:
    """Links within the page around a raised sign, and raised signs around such a link."""
    for link in root.iter("a"):
        if link.get("href", "").startswith("#"):
            if link.find("sup") is not None:
                yield link
            yield from islice(link.iterancestors("sup"), 1)


def _is_behind_index(node: Any) -> bool:
    """Whether a raised sign stands above or behind a lowered one, as in a formula."""
    before = node.getprevious()
    return before is not None and before.tag == "sub" and not before.tail


def _beginning(node: Any) -> str:
    """The text of a link or a raised sign, in small letters; of a long one what shows that it is no mark."""
    text = ""
    for piece in node.itertext():
        text += piece
        if len(text) > _BEFORE:
            break
    return " ".join(text.split()).lower()


def _text_before(node: Any) -> str:
    """The text right before a node, in its own parent or at the end of what precedes it there."""
    sibling, parent = node.getprevious(), node.getparent()
    if sibling is None:
        return (parent.text or "")[-_BEFORE:] if parent is not None else ""
    if sibling.tail:
        return str(sibling.tail[-_BEFORE:])
    if len(sibling):
        return str(sibling[-1].tail or sibling[-1].text or "")[-_BEFORE:]
    return "" if sibling.tag == "br" else (sibling.text or "")[-_BEFORE:]
