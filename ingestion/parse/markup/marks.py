"""Marks of footnotes in an lxml tree: they go, and exponents are written so that they join no digit."""

from __future__ import annotations

import re
from typing import Any

from ingestion.parse.notes import raised

_MARK = re.compile(
    r"[(\[]?(?:\d{1,4}|[a-z]{1,2}|[ivx]{1,5}|[*\u2020\u2021\u00a7\u00b6]{1,3}|note \d{1,3})[)\]]?"
)
_SAID = (
    "//a[@role='doc-noteref' or @role='doc-backlink' or contains(@class, 'footnote-ref')"
    " or contains(@class, 'footnote-backref') or contains(@class, 'reversefootnote')"
    " or contains(@*[local-name()='epub:type' or local-name()='type'], 'noteref')]"
)
_LINKED = "//sup[.//a[starts-with(@href, '#')]] | //a[starts-with(@href, '#')][sup]"
_BEFORE = 80
"""Characters before a raised sign that are looked at."""


def resolve_marks(root: Any) -> None:
    """Drop the links to notes and back, and the raised signs that are marks."""
    for node in root.xpath(_SAID):
        _drop(node)
    for node in root.xpath(_LINKED):
        if _MARK.fullmatch(" ".join(node.text_content().split()).lower()):
            _drop(node)
    for node in root.xpath("//sup[not(*)][not(preceding-sibling::node()[1][self::sub])]"):
        sign = node.text or ""
        shown = raised(_text_before(node), sign)
        if shown != sign.strip():
            node.text = shown


def _drop(node: Any) -> None:
    if node.getparent() is not None:
        node.drop_tree()


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
