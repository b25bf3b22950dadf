"""Which parts of a web page lead around the site, and hold none of what the page is about.

A part is navigation where the page says so (`<nav>`, a landmark's role), or where its words are links for the
most part and its place or name says the rest: outside the page's `<main>`, before its title, around links to
the pages before and after, or under a name that generators of documentation give it. All else stays: whatever
says a sentence beside its links, asides and footers with words of their own, lists of links within the
content, pages that are nothing but links.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from ingestion.parse.markup.contents import find_contents
from ingestion.parse.markup.links import Shares, count_words, names_of, plainly
from ingestion.parse.markup.trees import outermost, path

_ROLES = "|navigation|menu|menubar|search|doc-toc|dialog|alertdialog|"
_SAID = f"//nav | //search | //*[@role and contains('{_ROLES}', concat('|', @role, '|'))]"
_EDIT = "//a[contains(@href, 'edit') and not(starts-with(@href, '#'))]"
_EDITS = re.compile(r"(?<![a-z])edit(?:section)?(?![a-z])", re.IGNORECASE)
_MAIN = "//main[not(ancestor::main)] | //*[@role='main'][not(ancestor::main)]"
_TO_NEIGHBOURS = (
    "//a[@rel='prev' or @rel='next' or @rel='previous' or @rel='up'"
    " or contains('|n|p|u|N|P|U|', concat('|', @accesskey, '|')) and @accesskey]"
)
"""Links to the pages before, after and above: HTML's link types, and DocBook's and Sphinx' keys."""
_CALLED = (
    "//*[self::div or self::ul or self::ol or self::table or self::header or self::p or self::aside]"
    "[(@class or @id) and (contains(@class, 'nav') or contains(@id, 'nav') or contains(@class, 'menu')"
    " or contains(@id, 'menu') or contains(@class, 'pag') or contains(@class, 'crumb')"
    " or self::table and @class='header')]"
)
_NAME = (
    r"(?:nav|navigation|nav-?path|docnav|(?:main|sub)menu|pager|(?:[\w-]+-)?(?:breadcrumbs?|pagination)"
    r"|navbar(?:-[\w-]+)?|(?:site|page|main|side|top|global|footer|header)-(?:nav|navigation|menu))"
)
_ROOMS = frozenset({"div", "header", "footer", "aside", "section", "form", "center", "table", "tbody"})
"""Elements in which several parts of a page lie, of which some may go."""
_LINES = frozenset({"ul", "ol", "p", "table", "div", "header", "footer", "section", "center"})
_THIRD, _MOSTLY, _NEARLY_ALL, _ALL = 0.3, 0.5, 0.8, 1
_NAMES = tuple(
    (re.compile(rf"(?:^|\s){name}(?=$|\s)"), least)
    for name, least in (
        (_NAME, _MOSTLY),
        ("nav(?:header|footer)", _THIRD),
        ("header", _NEARLY_ALL),
        ("menu", _ALL),
    )
)
"""What navigation is called, and the share of links there must be; DocBook's names pages beside its links,
and a menu with a word besides may be one of dishes, or say what each link leads to.
"""
_FEW_WORDS = 60
"""Words that a line of links to neighbours may have, and that may stand unlinked before a page's title."""
_FEWEST_WORDS = 5
"""Words besides navigation that make a page more than navigation."""
_CONSENT = re.compile(
    r"(?:cookie|consent)s?[-_]?(?:banner|bar|notice|notification|message|pop-?up|modal|dialog|overlay|law|sdk)"
    r"|(?:banner|bar|notice|pop-?up|modal|dialog|overlay)[-_](?:cookie|consent)|cookie-?consent|md-consent",
    re.IGNORECASE,
)
"""A form of consent and a recipe of cookies are no such banner."""
_CONSENT_WORDS = 300
_BUTTONS = 200
"""Buttons of a page that are looked at."""
_CLIMB = 6
"""Elements around a link to a neighbour that may be its line."""


def find_navigation(root: Any, title: str) -> list[Any]:
    """The nodes of a page without hidden text that are navigation; `title` is its `<title>`."""
    shares = Shares()
    main = _main(root)
    found = dict.fromkeys(
        chain(
            _said(root, shares),
            _consent(root, shares),
            _edit(root, shares),
            _before_title(root, title, shares) if main is None else _outside(main, shares),
            _called(root, shares),
            _lines_to_neighbours(root, shares),
            find_contents(root, shares),
        )
    )
    return list(outermost(found)) if _says_more(root, found) else []


def _said(root: Any, shares: Shares) -> Iterator[Any]:
    """What calls itself navigation, a search or a dialogue, of what says something only the lists of links.

    What is said beside a field to search in is how to do that. A menu without links or buttons is one of
    dishes.
    """
    for node in path(_SAID)(root):
        share = shares.of(node)
        explains = share.says and node.find(".//input") is None
        if explains or (share.plain >= _FEW_WORDS and not share.is_mostly_links(_MOSTLY)):
            yield from _leading_elsewhere(node, _MOSTLY, shares)
        elif share.linked or node.get("role") not in ("menu", "menubar"):
            yield node


def _consent(root: Any, shares: Shares) -> Iterator[Any]:
    """Banners that ask for consent to cookies: called so, and short, with a button."""
    for button in islice(root.iter("button"), _BUTTONS):
        for node in button.iterancestors():
            if not _CONSENT.search(names_of(node)):
                continue
            if shares.of(node).words < _CONSENT_WORDS and node.find(".//h1") is None:
                yield node


def _edit(root: Any, shares: Shares) -> Iterator[Any]:
    """Links to edit the page, with the brackets around them."""
    for link in path(_EDIT)(root):
        around = link.getparent()
        if not _EDITS.search(link.get("href")):
            continue
        if not _EDITS.search(f"{link.get('class', '')} {around.get('class', '')}"):
            continue
        yield around if around.tag == "span" and shares.of(around).plain == 0 else link


def _main(root: Any) -> Any:
    """The element that says it holds the page's content; None without one, or with several."""
    mains = path(_MAIN)(root)
    if mains:
        return mains[0] if len(mains) == 1 else None
    articles = path("//article[not(ancestor::article)]")(root)
    if len(articles) == 1 and 2 * len(articles[0].text_content()) >= len(root.text_content()):
        return articles[0]
    return None


def _outside(main: Any, shares: Shares) -> Iterator[Any]:
    around = chain((main,), main.iterancestors())
    beside = (chain(node.itersiblings(), node.itersiblings(preceding=True)) for node in around)
    return _leading_elsewhere(chain.from_iterable(beside), _MOSTLY, shares)


def _before_title(root: Any, title: str, shares: Shares) -> Iterator[Any]:
    """Links before the heading that says what `<title>` says, where little else stands before it."""
    heading = _heading_of(root, plainly(title))
    if heading is None:
        return
    before = [
        node
        for around in chain((heading,), heading.iterancestors())
        for node in around.itersiblings(preceding=True)
        if isinstance(node.tag, str)
    ]
    if sum(shares.of(node).plain + count_words(node.tail) for node in before) <= _FEW_WORDS:
        yield from _leading_elsewhere(before, _NEARLY_ALL, shares)


def _heading_of(root: Any, title: str) -> Any:
    """The page's first heading, if it says what `title` says, or a part of it."""
    first = next(root.iter("h1", "h2", "h3", "h4", "h5", "h6"), None)
    said = plainly("".join(first.itertext())) if first is not None else ""
    return first if said and title and (said in title or title in said) else None


def _leading_elsewhere(nodes: Iterable[Any], least: float, shares: Shares) -> Iterator[Any]:
    """Of these nodes and what lies in them the largest that are links, or controls, for the most part."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if not isinstance(node.tag, str) or not shares.of(node).words:
            continue
        share = shares.of(node)
        if share.is_mostly_links(least) and not share.says and (share.links != 1 or _leads_within(node)):
            yield node
        elif node.tag in _ROOMS:
            waiting += node


def _leads_within(node: Any) -> bool:
    """Whether the first link of a node leads to a place in the page, as one past the navigation does."""
    return bool(next(node.iter("a")).get("href", "").startswith("#"))


def _called(root: Any, shares: Shares) -> Iterator[Any]:
    for node in path(_CALLED)(root):
        names = names_of(node)
        least = next((least for called, least in _NAMES if called.search(names)), None)
        if least is None:
            continue
        share = shares.of(node)
        if share.links > 1 and share.is_mostly_links(least) and node.find(".//h1") is None:
            yield node


def _lines_to_neighbours(root: Any, shares: Shares) -> Iterator[Any]:
    """The largest element around a link to a neighbouring page that is short, and mostly links."""
    for link in path(_TO_NEIGHBOURS)(root):
        line = None
        for around, _ in zip(link.iterancestors(), range(_CLIMB), strict=False):
            if around.tag in ("body", "main", "article") or shares.is_longer(around, _FEW_WORDS):
                break
            share = shares.of(around)
            if around.tag in _LINES and share.links > 1 and share.is_mostly_links(_MOSTLY):
                line = around
        if line is not None:
            yield line


def _says_more(root: Any, found: dict[Any, None]) -> bool:
    """Whether the page holds words besides these nodes."""
    words, waiting = 0, [root]
    while waiting and words < _FEWEST_WORDS:
        node = waiting.pop()
        words += count_words(node.tail)
        if node not in found:
            words += count_words(node.text) if isinstance(node.tag, str) else 0
            waiting += node
    return words >= _FEWEST_WORDS
