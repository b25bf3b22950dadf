"""Which nodes of an HTML tree a reader does not see, judged by the CSS that the file itself carries.

`css-inline` resolves the cascade (origin, specificity, `!important`) into each element's own `style`, and
`tinycss2` reads that. External style sheets are not fetched, so this errs on the side of showing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any

from ingestion.parse.markup.trees import drop_trees, holds_around, outermost

Style = dict[str, str]

_WATCHED = frozenset(
    {"display", "visibility", "opacity", "font-size", "color", "background", "background-color"}
    | {"position", "left", "top", "text-indent"}
)
_WHITE = re.compile(r"^(?:#fff|#ffffff|white|rgba?\(\s*255[\s,]+255[\s,]+255(?:[\s,/]+[\d.]+%?)?\s*\))$")
_TRANSPARENT = re.compile(r"^(?:transparent|rgba\([^)]*,\s*0(?:\.0+)?\s*\))$")
_ZERO = re.compile(r"^\+?0*(?:\.0+)?(?:px|em|rem|pt|%|ex|ch|vw|vh)?$")
_FAR_AWAY = re.compile(r"^-(?:\d{4,}|999)(?:\.\d+)?(?:px|em|rem|pt)?$")
_LONGEST_VALUE = 100
_EXEMPTION = "data-css-inline"
"""By it a page would tell the library, and no browser, to leave a rule out."""
_UNRENDERED = ("script", "style", "template", "noscript", "head", "iframe", "object", "svg", "canvas")


def drop_hidden(root: Any) -> Counter[str]:
    """Remove from an lxml HTML tree what a reader would not see; characters dropped, by cause.

    Scripts, styles and the head go too, uncounted: nobody takes them for content.
    """
    from lxml import etree

    causes: Counter[str] = Counter()
    styles = _styles(root)
    _drop(list(root.iter(etree.Comment, etree.ProcessingInstruction)), "comment", causes)
    _drop(list(root.iter("template", "noscript")), "not_rendered", causes)
    drop_trees(node for tag in _UNRENDERED for node in root.findall(f".//{tag}"))
    _drop(root.xpath("//*[@hidden]"), "hidden_attribute", causes)
    backgrounds: dict[Any, bool] = {}
    hidden: dict[str, list[Any]] = {}
    for node, style in styles.items():
        cause = _cause(style, partial(_has_background, node, styles, backgrounds))
        if cause and node.tag not in ("html", "body"):
            hidden.setdefault(cause, []).append(node)
    for cause, nodes in hidden.items():
        _drop(nodes, cause, causes)
    return causes


def _cause(style: Style, has_background: Callable[[], bool]) -> str:
    """Why a reader does not see a node of this style; empty when the style does not hide it."""
    if style.get("display") == "none":
        return "display_none"
    if style.get("visibility") in ("hidden", "collapse"):
        return "visibility_hidden"
    if _ZERO.match(style.get("opacity", "1")):
        return "zero_opacity"
    if _ZERO.match(style.get("font-size", "1")):
        return "zero_font_size"
    if _is_off_screen(style):
        return "off_screen"
    colour = style.get("color", "")
    if _TRANSPARENT.match(colour) or (_WHITE.match(colour) and not has_background()):
        return "invisible_colour"
    return ""


def _is_off_screen(style: Style) -> bool:
    if _FAR_AWAY.match(style.get("text-indent", "")):
        return True
    placed = style.get("position") in ("absolute", "fixed")
    return placed and any(_FAR_AWAY.match(style.get(side, "")) for side in ("left", "top"))


def _has_background(node: Any, styles: dict[Any, Style], known: dict[Any, bool]) -> bool:
    """Whether the node or one around it declares a background that is not white; `known` are those judged."""
    return holds_around(
        chain((node,), node.iterancestors()),
        lambda around: _declares_background(around, styles.get(around, {})),
        known,
    )


def _declares_background(node: Any, style: Style) -> bool:
    value = style.get("background-color") or style.get("background") or node.get("bgcolor") or ""
    value = value.strip().lower()
    return bool(value) and value != "none" and not _WHITE.match(value) and not _TRANSPARENT.match(value)


def with_styles_inlined(root: Any) -> str:
    """The page of an lxml tree, each element with the style that the page's own sheets give it.

    The tree must not be deeper than libxml2 reads: the library recurses, and has no limit of its own.
    """
    import css_inline
    from lxml import html

    for node in root.xpath(f"//*[@{_EXEMPTION}]"):
        del node.attrib[_EXEMPTION]
    for sheet in root.iter("style"):
        sheet.text = _watched_rules(sheet.text or "")
    inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
    return inliner.inline(html.tostring(root, encoding="unicode"))


def _watched_rules(sheet: str) -> str:
    """The rules of a sheet with what can hide text alone: all they declare is written into every element."""
    import tinycss2

    rules = []
    for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule" or not (declared := _watched(rule.content)):
            continue
        selector = tinycss2.serialize(rule.prelude)
        if "<" not in selector:  # what it is written as must not end the sheet
            rules.append(f"{selector}{{{';'.join(declared)}}}")
    return "\n".join(rules)


def _watched(content: Any) -> list[str]:
    """What a rule declares of the properties that are watched, each once."""
    import tinycss2

    found: dict[str, Any] = {}
    for item in tinycss2.parse_declaration_list(content, skip_comments=True, skip_whitespace=True):
        if item.type == "declaration" and item.lower_name in _WATCHED:
            before = found.get(item.lower_name)
            if item.important or before is None or not before.important:
                found[item.lower_name] = item
    return [f"{name}:{_short(item)}{'!important' * item.important}" for name, item in found.items()]


def _short(declaration: Any) -> str:
    """A value; in place of a long one, which no value that hides text is, one that shows it."""
    import tinycss2

    value = tinycss2.serialize(declaration.value).strip()
    return value if len(value) <= _LONGEST_VALUE and "<" not in value else "inherit"


def _styles(root: Any) -> dict[Any, Style]:
    """What is declared for each node, of the properties that can hide text."""
    return {node: _declarations(node.get("style")) for node in root.xpath("//*[@style]")}


def _declarations(source: str) -> Style:
    import tinycss2

    return {
        item.lower_name: tinycss2.serialize(item.value).strip().lower()
        for item in tinycss2.parse_declaration_list(source, skip_comments=True, skip_whitespace=True)
        if item.type == "declaration" and item.lower_name in _WATCHED
    }


def _drop(nodes: list[Any], cause: str, causes: Counter[str]) -> None:
    """Drop nodes with all in them, and count the characters of those that lie in no other of them."""
    for node in outermost(nodes):
        said = node.text if callable(node.tag) else node.text_content()
        if length := len(" ".join((said or "").split())):
            causes[cause] += length
    drop_trees(nodes)
