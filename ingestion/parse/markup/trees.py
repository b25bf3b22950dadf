"""Nodes that leave an lxml tree, their tails staying where they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def drop_trees(nodes: Iterable[Any]) -> None:
    """Drop each node with all in it, keeping the text behind it.

    As lxml's `drop_tree` does one by one, which writes the text of a paragraph again for each node in it.
    """
    dropped = {node: None for node in nodes if node.getparent() is not None}
    for parent in dict.fromkeys(node.getparent() for node in dropped):
        _drop_children(parent, dropped)


def _drop_children(parent: Any, dropped: dict[Any, None]) -> None:
    kept: Any = None
    text = [parent.text or ""]
    for child in list(parent):
        if child in dropped:
            text.append(child.tail or "")
            parent.remove(child)
            continue
        _write(parent, kept, text)
        kept, text = child, [child.tail or ""]
    _write(parent, kept, text)


def _write(parent: Any, kept: Any, text: list[str]) -> None:
    """The text behind the last kept child, or at the parent's beginning where there is none."""
    if len(text) > 1:
        joined = "".join(text) or None
        if kept is None:
            parent.text = joined
        else:
            kept.tail = joined
