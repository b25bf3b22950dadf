"""How much of a part of an lxml tree leads elsewhere: its words, and those of them in links and controls."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_WORD = re.compile(r"[^\W_]+")
_LONG_TEXT = 4_000
"""Characters of a text that has more words than are asked for."""
_CONTROLS = frozenset({"button", "select", "label"})
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_REACHES = ("tel:", "mailto:", "sms:")
"""Addresses whose links say what somebody wants to know."""
_CLAUSE = 5
"""Words of a sentence: names and labels of navigation have less, or do not end as one."""
_ENDS = re.compile(r"[.!?\u3002]\s*$")


class Share(NamedTuple):
    """Words of a subtree, those of them in links and controls, how many links there are, and whether there
    is more than names and labels beside them.
    """

    words: int
    linked: int
    links: int
    says: bool

    @property
    def plain(self) -> int:
        """Words that lead nowhere."""
        return self.words - self.linked

    def is_mostly_links(self, least: float) -> bool:
        """Whether at least this part of the words is linked, and there are any."""
        return bool(self.words) and self.linked >= least * self.words


class Shares:
    """The share of links of each node that is asked for; every subtree is counted once."""

    def __init__(self) -> None:
        self._known: dict[Any, Share] = {}
        self._long: dict[Any, bool] = {}

    def of(self, node: Any) -> Share:
        """The share of a node with all in it, without the text behind it."""
        if node not in self._known:
            self._count(node)
        return self._known[node]

    def is_longer(self, node: Any, words: int) -> bool:
        """Whether a node has more words than these, which are few; no more is read for it than it takes."""
        if node not in self._long:
            self._long[node] = _is_longer(node, words)
        return self._long[node]

    def _count(self, root: Any) -> None:
        within: dict[Any, list[int]] = {}
        for node in reversed(list(root.iter())):
            words, linked, links, says = within.pop(node, (0, 0, 0, 0))
            words += count_words(node.text) + (count_words(node.get("alt")) if node.tag == "img" else 0)
            says += _is_clause(node.text, node)
            if _leads(node):
                linked, links, says = words, 1, 0
            elif _is_control(node, words):
                linked, says = words, 0
            self._known[node] = Share(words, linked, links, bool(says))
            if node is not root:
                parent = node.getparent()
                around = within.setdefault(parent, [0, 0, 0, 0])
                around[0] += words + count_words(node.tail)
                around[1] += linked
                around[2] += links
                around[3] += says + _is_clause(node.tail, parent)


def count_words(text: str | None) -> int:
    """Words with a letter or a digit: separators and arrows between links are none."""
    return len(_WORD.findall(text)) if text and not text.isspace() else 0


def names_of(node: Any) -> str:
    """The classes and the id of a node."""
    return f"{node.get('class', '')} {node.get('id', '')}"


def plainly(text: str) -> str:
    """A text as its words in small letters, to compare a link with the heading that it leads to."""
    return " ".join(_WORD.findall(text)).casefold()


def _leads(node: Any) -> bool:
    return (
        node.tag == "a"
        and node.get("href") is not None
        and not node.get("href").strip().lower().startswith(_REACHES)
    )


def _is_control(node: Any, words: int) -> bool:
    """Whether a node is worked with: a label that explains is not, nor a heading that is opened."""
    if node.tag not in _CONTROLS or (node.tag == "label" and words >= _CLAUSE):
        return False
    return next(node.iterancestors(*_HEADINGS), None) is None


def _is_clause(text: str | None, node: Any) -> bool:
    """Whether a text in a node says something, as no name of a page or of a group of them does."""
    if count_words(text) < _CLAUSE:
        return False
    last = next(node.iterchildren(reversed=True), None) if node.tag == "p" else None
    end = text if last is None else last.tail
    return _ENDS.search(end or "") is not None


def _is_longer(node: Any, words: int) -> bool:
    left = words
    for text in node.itertext():
        left -= count_words(text[:_LONG_TEXT])
        if left < 0 or len(text) > _LONG_TEXT:
            return True
    return False
