"""Which words in angle brackets are HTML's markup; the others (`<name>`, `List<String>`) are text.

Where people write HTML into markdown they also write names to fill in. An element that HTML does not know is
one of these, and so is one that would show nothing as it stands: `cp <source> <output>`.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from html import escape

_STANDARD = """
a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption cite code col
colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure footer form h1
h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map mark math
menu meta meter nav noscript object ol optgroup option output p picture pre progress q rp rt ruby s samp
script search section select slot small source span strong style sub summary sup svg table tbody td
template textarea tfoot th thead time title tr track u ul var video wbr
"""
"""https://html.spec.whatwg.org/multipage/indices.html#elements-3"""
_OBSOLETE = """
acronym applet basefont bgsound big blink center dir font frame frameset image isindex keygen listing marquee
menuitem multicol nextid nobr noembed noframes param plaintext rb rtc spacer strike tt xmp
"""
"""https://html.spec.whatwg.org/multipage/obsolete.html#non-conforming-features"""
_FORMULAS = """
annotation annotation-xml maction menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom
mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
semantics
"""
"""https://www.w3.org/TR/mathml-core/"""
_EMPTY_ALONE = """
area base data embed iframe img input keygen label link map meta object output param script select slot source
style svg template textarea time title track var
"""
"""Elements that show nothing without an attribute or an end, and whose names people use as names."""

ELEMENTS = frozenset((_STANDARD + _OBSOLETE + _FORMULAS).split())
_SHOW_NOTHING_ALONE = frozenset(_EMPTY_ALONE.split())

_NAME = re.compile(r"<(/?)([A-Za-z][^\s/<>]*)")
_END = re.compile(r"</([A-Za-z][^\s/<>]*)")
_ATTRIBUTE_VALUE = r"""(?:"[^"]*"|'[^']*'|[^"'<>])"""
_TAG = re.compile(rf"</?[A-Za-z]{_ATTRIBUTE_VALUE}*+>|<(?=/?[A-Za-z])")


def closed_names(text: str) -> frozenset[str]:
    """The names that have an end tag anywhere in the text, in lower case."""
    return frozenset(name.lower() for name in _END.findall(text))


def is_markup_at(text: str, start: int, closed: AbstractSet[str]) -> bool:
    """Whether the `<` at `start` begins HTML's markup; `closed` are the names that have an end tag."""
    found = _NAME.match(text, start)
    if found is None:
        return True  # a comment or a declaration
    end, name = found.group(1), found.group(2).lower()
    if name not in ELEMENTS:
        return False
    is_bare = text.startswith(">", found.end())
    return bool(end) or not is_bare or name in closed or name not in _SHOW_NOTHING_ALONE


def without_names(html: str, closed: AbstractSet[str]) -> str:
    """A piece of HTML with what is no markup in it escaped, so that it is read as text."""

    def judged(match: re.Match[str]) -> str:
        tag = match.group()
        return tag if tag != "<" and is_markup_at(tag, 0, closed) else escape(tag)

    return _TAG.sub(judged, html)
