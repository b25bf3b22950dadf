"""HTML, read from an lxml tree into elements; markdown, office text and mail bodies come this way too.

Not through `unstructured`: its HTML partitioner loses list markers and numbers, line breaks of verse and the
`start` of lists, turns short paragraphs into titles, and needs spaCy for it (measured in `eval.parsing`).
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from typing import Any

from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.markup.contents import find_buttons, find_self_links
from ingestion.parse.markup.css import drop_hidden, with_styles_inlined
from ingestion.parse.markup.marks import resolve_marks
from ingestion.parse.markup.navigation import find_navigation
from ingestion.parse.markup.trees import drop_trees
from ingestion.parse.markup.walker import Walker
from ingestion.types import Element
from service.errors import CorruptFile, MistypedFile, NestingTooDeep
from service.settings import ParseSettings

_ATTRIBUTE = r"""[\s/]++[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"']*+))?+"""
_CROWDED_TAG = re.compile(rf"(<[A-Za-z][^\s/>]*+(?:{_ATTRIBUTE}){{0,500}}+)(?:{_ATTRIBUTE})*+")
"""A tag, of which the group holds the first 500 attributes: libxml2 compares each with all before it."""
_DECLARED = re.compile(rb"""<meta[^>]{0,200}charset=["']?([\w-]{2,40})""", re.IGNORECASE)

_MAX_DEPTH = 2048
"""Of libxml2, which stops reading there."""


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read an HTML file; `<title>` gives the title, `<meta>` author, date and description the metadata."""
    text, warnings = _decoded(content)
    if "<" not in text:
        raise MistypedFile("The file holds no HTML tag.")
    root = tree(text)
    title = " ".join((root.findtext(".//title") or "").split())
    metadata = _metadata(root)
    elements, hidden = elements_of(root, limits, title)
    return Parsed("lxml", elements, title=title, hidden=hidden, warnings=warnings, metadata=metadata)


def tree(text: str) -> Any:
    """The lxml tree of a page or a fragment, its style sheets resolved; nothing is fetched for it."""
    root = _tree(text)
    return root if root.find(".//style") is None else _tree(with_styles_inlined(root))


def _tree(text: str) -> Any:
    """The tree as it was written; the parser fetches nothing and expands no own entities.

    `huge_tree`, because libxml2 otherwise drops, without an error, all that follows ten million characters
    without a tag or a depth of 256 elements.
    """
    from lxml import etree, html

    text = _CROWDED_TAG.sub(r"\1", text)
    parser = html.HTMLParser(no_network=True, huge_tree=True, encoding="utf-8")
    for page in (text, f"<html><body>{text}</body></html>"):  # what is but a comment needs a body around it
        with suppress(etree.ParserError, etree.XMLSyntaxError):
            content = page.encode("utf-8", "replace")
            root = html.document_fromstring(content, parser=parser, ensure_head_body=True)
            _check_read_to_its_end(parser.error_log)
            return root
    raise CorruptFile("The HTML holds nothing that can be read.")


def _check_read_to_its_end(errors: Any) -> None:
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in errors):
        raise NestingTooDeep(f"The HTML nests deeper than {_MAX_DEPTH} elements.")


def elements_of(
    root: Any, limits: ParseSettings, title: str = ""
) -> tuple[tuple[Element, ...], Counter[str]]:
    """The elements of a tree without what no reader sees, and the characters that were hidden, by cause.

    Navigation comes first, as elements that are no text. `title` is what the page calls itself.
    """
    hidden = drop_hidden(root)
    resolve_marks(root)
    drop_trees([*find_self_links(root), *find_buttons(root)])
    navigation = _taken_out(find_navigation(root, title))
    walker = Walker(limits)
    walker.walk(root)
    walker.flush()
    return (*navigation, *walker.elements), hidden


def _taken_out(navigation: list[Any]) -> list[Element]:
    """What navigation said; each of its nodes becomes one that only parts what stands around it."""
    elements = []
    for node in navigation:
        if text := " ".join(" ".join(node.itertext()).split()):
            elements.append(Element("navigation", text))
        node.clear(keep_tail=True)
        node.tag = "hr"
    return elements


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    declared = _DECLARED.search(content[:4096])
    if declared:
        try:
            return content.decode(declared.group(1).decode("ascii")), ()
        except (UnicodeError, LookupError):
            pass  # the declaration is wrong, as it often is: look at the bytes instead
    return decode(content)


def _metadata(root: Any) -> dict[str, str]:
    wanted = ("author", "date", "description", "keywords")
    found = {name: root.xpath(f"string(//meta[@name='{name}']/@content)").strip() for name in wanted}
    return {name: value for name, value in found.items() if value}
