"""Links and images in generated text: they survive only where the evidence holds their address.

A link is how injected text would carry data out, or lead a reader away; its words stay, its address goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

IsKnown = Callable[[str], bool]
"""Whether an address occurs in the evidence."""

_MARKDOWN = re.compile(
    r"(?P<bang>!?)\[(?P<text>[^\[\]\n]{0,500})\]"
    r"(?:\(\s?<?(?P<url>[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s[^()\n]{0,200})?\)|\[[^\[\]\n]{0,100}\])"
)
_DEFINITION = re.compile(r"(?m)^[ ]{0,3}\[[^\[\]\n]{1,100}\]:[ ]?\S+[^\n]*")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,2000}>?")
_ATTRIBUTE = re.compile(r"\b(?:href|src)\s?=\s?[\"']?(?P<url>[^\s\"'<>]+)", re.IGNORECASE)
_BARE = re.compile(
    r"<?\b(?P<url>(?:[a-z][a-z0-9+.-]{1,15}://|www\.|(?:javascript|data|mailto):)[^\s<>\"')\]]+)>?", re.I
)
_GAP = re.compile(r"[ \t]{2,}")
_TRAILING = ".,;:!?*_"


def keep_known(text: str, is_known: IsKnown) -> str:
    """`text` in which only links and images whose address `is_known` still have one."""
    kept = _MARKDOWN.sub(lambda match: _markdown(match, is_known), _DEFINITION.sub("", text))
    kept = _TAG.sub(lambda match: _tag(match, is_known), kept)
    kept = _BARE.sub(lambda match: _bare(match, is_known), kept)
    return text if kept == text else _GAP.sub(" ", kept).replace(" .", ".").replace(" ,", ",").strip()


def _markdown(match: re.Match[str], is_known: IsKnown) -> str:
    url = match["url"]
    return match.group() if url and is_known(url) else match["text"]


def _tag(match: re.Match[str], is_known: IsKnown) -> str:
    """A tag is left only where it is a plain link or image to a known address, without other attributes."""
    if _BARE.fullmatch(match.group()):
        return match.group()
    addresses = [found["url"] for found in _ATTRIBUTE.finditer(match.group())]
    return addresses[0] if addresses and all(map(is_known, addresses)) else ""


def _bare(match: re.Match[str], is_known: IsKnown) -> str:
    url = match["url"].rstrip(_TRAILING)
    return match.group() if is_known(url) else match["url"][len(url) :]
