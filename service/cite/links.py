"""Links and images in a model's words: they survive only where the evidence holds their address.

A link is how injected text would carry data out, or lead a reader away; its words stay, its address goes.
Markdown is read by `markdown-it-py`, with the rules that any renderer of CommonMark follows. What is no link
to it may become one in another renderer, or once the next sentence stands behind it, so in the rest nothing
is left that begins one: no `](`, no tag of HTML's, no address written out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, autolink, image, link

from service.text.elements import ELEMENTS

IsKnown = Callable[[str], bool]
"""Whether an address occurs in the evidence."""
_Rule = Callable[[StateInline, bool], bool]

_IS_ADDRESS = re.compile(r"(?!(?:javascript|vbscript|data):)[^\s<>\\]+", re.IGNORECASE)
"""Not those that are programs or whole pages, which are never left, whoever wrote them."""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_DEFINITION = re.compile(r"(?m)^[ \t>*+\-\d.)]{0,20}\[(?:[^\[\]\\]|\\.){1,999}\]:")
_REFERENCE = re.compile(r"(?<!\w)!?\[(?P<words>[^\[\]]{0,500})\]\[[^\[\]]{0,500}\]")
_OPENS_TARGET = re.compile(r"\](?=\()")
_PLAIN_TARGET = re.compile(r"[^\s()<>]+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<(?P<name>/?[a-zA-Z][^\s/<>]*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.DOTALL)
_OPENS_TAG = re.compile(r"<(?=[!?/a-zA-Z])(?!/?[a-zA-Z][^<>=]*>)")
"""What is no name to fill in; it may find its end in the next sentence."""
_ATTRIBUTE = re.compile(r"\b(?:href|src)\s*=\s*[\"']?(?P<url>[^\s\"'<>]+)", re.IGNORECASE)
_DOT = ".。．｡"
_WRITTEN_OUT = re.compile(
    r"[a-z][a-z0-9+.-]{1,31}:[/\\]\S+"
    rf"|(?<![\w:/\\])(?://\w|[/\\]{{2}}[^\s<>]*[{_DOT}:@])\S*"
    rf"|\bwww\d{{0,3}}[{_DOT}]\S+"
    r"|\b(?:javascript|vbscript|mailto|tel|sms|xmpp):\S+|\bdata:[^\s,]{0,200},\S*"
    rf"|[\w.+-]+@[\w-]+(?:[{_DOT}][\w-]+)+",
    re.IGNORECASE,
)
"""Addresses that many programs make links of where they stand in plain text; those of mail too."""
_AROUND = ".,;:!?*_~'\"`)]}>”’»"
_GAP = re.compile(r"[ \t]{2,}")
_GAP_BEFORE_STOP = re.compile(r"[ \t]+(?=[.,](?:\s|$))")


def keep_known(text: str, is_known: IsKnown) -> str:
    """`text` in which only links and images whose address `is_known` still have one."""
    kept = _without_unknown(text, lambda url: _IS_ADDRESS.fullmatch(url) is not None and is_known(url))
    return text if kept == text else kept.strip()


def _without_unknown(text: str, is_known: IsKnown) -> str:
    """Taken out until nothing is left to take: what falls together may be a link anew."""
    before = None
    while text != before:
        before = text
        text = _ENTITY.sub(_decoded, text)
        text = "".join(_links_filtered(text, is_known))
        if text != before:
            text = _GAP_BEFORE_STOP.sub("", _GAP.sub(" ", text))
    return text


def _decoded(entity: re.Match[str]) -> str:
    """The character that a reader sees; a mark of markup stays written out."""
    shown = unescape(entity.group())
    return entity.group() if shown in "<>&\"'[]()!`\\" else shown


def _links_filtered(text: str, is_known: IsKnown) -> Iterator[str]:
    """`text` in pieces: known links as they are, the words of the others, the rest without addresses."""
    position = 0
    for found in _links(text):
        yield _rest(text[position : found.start], is_known)
        words = _without_unknown(found.words, is_known)
        yield found.written(words) if is_known(found.url) else words
        position = found.end
    yield _rest(text[position:], is_known)


def _rest(text: str, is_known: IsKnown) -> str:
    """Text without a link of markdown's: no tag or address, and nothing that later words could complete."""
    text = _REFERENCE.sub(lambda match: match["words"], _DEFINITION.sub("", text))
    text = _COMMENT.sub("", text)
    text = _TAG.sub(lambda match: _tag(match, is_known), text)
    text = _OPENS_TAG.sub("< ", text)
    text = _WRITTEN_OUT.sub(lambda match: _written_out(match, is_known), text)
    return _OPENS_TARGET.sub("] ", text)


def _tag(match: re.Match[str], is_known: IsKnown) -> str:
    """HTML's own tags go; of one with known addresses the first stays. A name to fill in is text."""
    if match["name"].lstrip("/").lower() not in ELEMENTS:
        return match.group()
    addresses = [found["url"] for found in _ATTRIBUTE.finditer(match["rest"])]
    return f" {addresses[0]} " if addresses and all(map(is_known, addresses)) else ""


def _written_out(match: re.Match[str], is_known: IsKnown) -> str:
    url = match.group().rstrip(_AROUND)
    return match.group() if is_known(url) else match.group()[len(url) :]


# --- markdown --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Link:
    """A link, an image or an address in angle brackets at `text[start:end]`."""

    start: int
    end: int
    words: str
    url: str
    mark: str
    """`[`, `![` or `<`."""

    def written(self, words: str) -> str:
        """With these words, and without a title."""
        if self.mark == "<":
            return f"<{self.url}>"
        is_plain = _PLAIN_TARGET.fullmatch(self.url) is not None
        return f"{self.mark}{words}]({self.url if is_plain else f'<{self.url}>'})"


def _links(text: str) -> list[_Link]:
    """The links that are in no other, in the order of the text."""
    found: list[_Link] = []
    if "](" in text or "<" in text:
        _parser().inline.parse(text, _parser(), {"found": found}, [])
    return found


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802  # the library's name
        """It is we who judge."""
        return True


@cache
def _parser() -> MarkdownIt:
    """Reads links alone, also those of forbidden schemes and those in code; it notes where they stand."""
    parser = _Reader("zero").enable(["escape"])
    for name, rule in (("link", link), ("image", image), ("autolink", autolink)):
        parser.inline.ruler.at(name, _noting(rule))
        parser.enable(name)
    return parser


def _noting(rule: _Rule) -> _Rule:
    """The rule, which also notes what it found; what stands in its words is read by itself later."""

    def noting(state: StateInline, silent: bool) -> bool:
        start, found = state.pos, state.env["found"]
        before = len(found)
        is_link = rule(state, silent)
        if is_link and not silent:
            found[before:] = [_noted(state, start)]
        return is_link

    return noting


def _noted(state: StateInline, start: int) -> _Link:
    text, end = state.src, state.pos
    if text[start] == "<":
        return _Link(start, end, "", text[start + 1 : end - 1], "<")
    mark = "![" if text[start] == "!" else "["
    begin = start + len(mark)
    stop = state.md.helpers.parseLinkLabel(state, begin - 1, mark == "[")
    at = stop + 2
    while text[at] in " \t\n":
        at += 1
    target = state.md.helpers.parseLinkDestination(text, at, end)
    return _Link(start, end, text[begin:stop], target.str if target.ok else "", mark)
