"""What of a page repeats its headings: tables of contents; and what stands beside them: links and buttons."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from ingestion.parse.markup.links import Shares, count_words, names_of, plainly
from ingestion.parse.markup.trees import path

_HEADINGS = "//h1 | //h2 | //h3 | //h4 | //h5 | //h6"
_LISTS = " | ".join(
    f"//{tag}[not(ancestor::ul or ancestor::ol or ancestor::dl)]" for tag in ("ul", "ol", "dl")
)
_CALLED = (
    "//*[(self::div or self::ul or self::ol or self::dl or self::details)"
    " and (contains(@class, 'toc') or contains(@id, 'toc') or contains(@class, 'table-of-contents'))]"
)
_NAMES = re.compile(r"(?:^|\s)(?:toc2?|localtoc|toctree-wrapper|table-of-contents)(?=$|\s)")
_NUMBERS = re.compile(r"^(?:\d+ )+(?=\D)")
_COUNTED = re.compile(r"^[^\W\d_]+ (?:\d+ )+(?=\D)")
"""What a heading has before the words by which a table of contents names it: Chapter 1."""
_SELF_LINKS = "//a[starts-with(@href, '#') and not(*) and string-length(normalize-space()) = 1]"
_SIGNS = frozenset("\u00b6#\u00a7\u221e\u2693\U0001f517\uf0c1")
"""What a heading's link to itself shows; the last one is a chain in the usual font of icons."""
_HEADED = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt", "caption", "figcaption"})
_FEWEST, _ALL, _NEARLY_ALL = 3, 0.95, 0.8


def find_self_links(root: Any) -> Iterator[Any]:
    """The signs behind headings, terms and captions that link to these themselves."""
    for link in path(_SELF_LINKS)(root):
        if (link.text or "").strip() in _SIGNS and (
            link.getparent().tag in _HEADED or "headerlink" in link.get("class", "")
        ):
            yield link


def find_buttons(root: Any) -> Iterator[Any]:
    """Buttons beside the words of a heading, or in code: to copy it, and the like."""
    said: dict[Any, str] = {}
    for button in root.iter("button"):
        around = next(button.iterancestors("h1", "h2", "h3", "h4", "h5", "h6", "pre"), None)
        if around is None:
            continue
        if around not in said:
            said[around] = around.text_content().strip()
        if said[around] != button.text_content().strip():
            yield button


def find_contents(root: Any, shares: Shares) -> Iterator[Any]:
    """The page's tables of contents: each link in them names a heading, so that nothing is lost with them.

    They are called so, or leave no heading out. One that has more words than the rest of the page is what the
    page is about.
    """
    found = _of_headings(root, shares)
    words = count_words(root.text_content()) if found else 0
    for node in found:
        if 2 * shares.of(node).words <= words:
            yield node


def _of_headings(root: Any, shares: Shares) -> list[Any]:
    """Lists of links to headings of the page, that are called its contents or leave none out."""
    called = {node for node in path(_CALLED)(root) if _NAMES.search(names_of(node))}
    lists = {node: named for node in called if (named := _named(node))}
    lists |= {node: named for node in path(_LISTS)(root) if len(named := _named(node)) >= _FEWEST}
    if not lists:
        return []
    headings = _Headings(root)
    return [
        node
        for node, named in lists.items()
        if headings.hold(named)
        and (node in called or headings.are_all(named, shares.of(node).links))
        and shares.of(node).is_mostly_links(_NEARLY_ALL if node in called else _ALL)
    ]


def _named(node: Any) -> set[str]:
    """What the links of a list to places of a page say; empty where one leads elsewhere."""
    links = []
    for link in node.iter("a"):
        if (target := link.get("href")) is None:
            continue
        if "#" not in target:
            return set()
        links.append(link)
    return {_name(link) for link in links}


class _Headings:
    """What the headings of a page say, in order."""

    def __init__(self, root: Any) -> None:
        self._names: list[set[str]] = []
        self._at_level: dict[int, list[int]] = {level: [] for level in range(1, 7)}
        self._first: dict[str, tuple[int, int]] = {}
        for at, node in enumerate(path(_HEADINGS)(root)):
            level, name = int(node.tag[1]), _name(node)
            names = {name, _COUNTED.sub("", name)}
            self._names.append(names)
            self._at_level[level].append(at)
            for each in names:
                self._first[each] = min(self._first.get(each, (level, at)), (level, at))

    def hold(self, named: set[str]) -> bool:
        """Whether each of these is a heading."""
        return named <= self._first.keys()

    def are_all(self, named: set[str], links: int) -> bool:
        """Whether none of the highest level among these is missing, from the first to its section's end.

        There is a link to each, where several say the same too.
        """
        level, first = min(self._first[name] for name in named)
        higher = (self._after(above, first) for above in range(1, level))
        end = min((at for at in higher if at is not None), default=len(self._names))
        places = self._at_level[level]
        found = range(bisect_left(places, first), bisect_left(places, end))
        if len(found) > links:
            return False
        return not any(named.isdisjoint(self._names[places[place]]) for place in found)

    def _after(self, level: int, at: int) -> int | None:
        places = self._at_level[level]
        following = bisect_left(places, at)
        return places[following] if following < len(places) else None


def _name(node: Any) -> str:
    """What a heading or a link to it says, without its number."""
    return _NUMBERS.sub("", plainly("".join(node.itertext())))
