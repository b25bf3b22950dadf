"""Nodes of an lxml tree: which lie in others, and how they leave it, their tails staying where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any


@cache
def path(expression: str) -> Any:
    """An XPath expression, ready for any tree."""
    from lxml import etree

    return etree.XPath(expression)


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


def outermost(nodes: Iterable[Any]) -> Iterator[Any]:
    """Those of the nodes that lie in no other of them."""
    chosen = dict.fromkeys(nodes)
    known: dict[Any, bool] = {}
    return (node for node in chosen if not holds_around(node.iterancestors(), chosen.__contains__, known))


def holds_around(nodes: Iterable[Any], holds: Callable[[Any], bool], known: dict[Any, bool]) -> bool:
    """Whether something holds for one of the nodes, each around the one before; `known` is kept."""
    passed, found = [], False
    for node in nodes:
        if node in known:
            found = known[node]
            break
        passed.append(node)
        if found := holds(node):
            break
    known.update(dict.fromkeys(passed, found))
    return found
