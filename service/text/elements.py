"""The names of HTML's own elements: what stands in angle brackets and is none of these is text (`<name>`)."""

from __future__ import annotations

_STANDARD = """
    a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption cite code
    col colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map
    mark math menu meta meter nav noscript object ol optgroup option output p picture pre progress q rp rt
    ruby s samp script search section select slot small source span strong style sub summary sup svg table
    tbody td template textarea tfoot th thead time title tr track u ul var video wbr"""
"""https://html.spec.whatwg.org/multipage/indices.html#elements-3"""
_OBSOLETE = """
    acronym applet basefont bgsound big blink center dir font frame frameset image isindex keygen listing
    marquee menuitem multicol nextid nobr noembed noframes param plaintext rb rtc spacer strike tt xmp"""
"""https://html.spec.whatwg.org/multipage/obsolete.html#non-conforming-features"""
_FORMULAS = """
    annotation annotation-xml maction menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom
    mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
    semantics"""
"""https://www.w3.org/TR/mathml-core/"""

ELEMENTS = frozenset((_STANDARD + _OBSOLETE + _FORMULAS).split())
"""In lower case."""
