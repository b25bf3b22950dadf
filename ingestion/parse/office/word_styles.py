"""What a Word paragraph's style says: heading level, code, caption; and whether a run is hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ingestion.parse.office.package import part_tree
from ingestion.parse.whole import whole

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_WHITE_FILL = "*[@val='bg1' or @val='FFFFFF' or @val='ffffff']"
_OLD_SHAPES = frozenset({"shape", "rect", "roundrect", "oval"})
_HEADING = re.compile(r"heading (\d)")
_CODE = re.compile(r"(?:.*\b)?(?:code|preformatted|verbatim)\b(?! (?:reference|number|caption)).*")
_MONOSPACED = re.compile(r"courier|consolas|mono\b|menlo|monaco|fixed|lucida console|source code")
_CODE_SIGNS = re.compile(r"[=;{}()\[\]<>]|^\s{2,}")
_WHITE = frozenset({"FFFFFF", "FEFEFE"})
_SMALLEST_HALF_POINTS = 2
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph's style; `level` is 0 for what is no heading."""

    level: int = 0
    is_code: bool = False
    is_caption: bool = False
    numbering: Any = None
    """The `w:numPr` that the style brings along."""


class Styles:
    """The styles of one document, following `basedOn`."""

    def __init__(self, content: bytes | None) -> None:
        self._nodes: dict[str, Any] = {}
        self._default = "Normal"
        self._all_hidden = False
        if content is not None:
            self._take(part_tree(content))
        self._known: dict[str, Style] = {}
        self._hides: dict[str, bool] = {}
        self._filled: dict[str, bool] = {}
        self._filled_around: dict[Any, bool] = {}

    def _take(self, root: Any) -> None:
        for node in root.findall(f"{_W}style"):
            identity = node.get(f"{_W}styleId", "")
            self._nodes[identity] = node
            if node.get(f"{_W}type") == "paragraph" and node.get(f"{_W}default") in ("1", "true", "on"):
                self._default = identity
        self._all_hidden = bool(_switch(root.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr")))

    def of(self, paragraph: Any) -> Style:
        """The style of a paragraph, its own outline level and shading counted."""
        style = self._style(self._identity(paragraph))
        outline = _outline(paragraph)
        if outline and not style.level:
            return Style(outline, style.is_code, style.is_caption, style.numbering)
        return style

    def list_depth(self, paragraph: Any) -> int | None:
        """How deep in a list a paragraph is, 0 for outermost; None when it is in no list."""
        own = paragraph.find(f"{_W}pPr/{_W}numPr")
        place = self.of(paragraph).numbering if own is None else own
        if place is None or _value(place, "numId") in ("", "0"):
            return None
        return min(8, whole(_value(place, "ilvl")) or 0)

    def is_monospaced_code(self, paragraph: Any, text: str) -> bool:
        """Whether all runs are in a typewriter face and something in the text looks like code."""
        fonts = [
            run.find(f"{_W}rPr/{_W}rFonts")
            for run in paragraph.findall(f"{_W}r")
            if run.find(f"{_W}t") is not None
        ]
        names = ["" if font is None else font.get(f"{_W}ascii", "").lower() for font in fonts]
        return bool(names) and all(map(_MONOSPACED.search, names)) and bool(_CODE_SIGNS.search(text))

    def hidden_cause(self, run: Any) -> str:
        """Why a reader does not see a run; empty when it is seen."""
        if self._is_hidden(run):
            return "hidden_run"
        size = whole(_value(run, "rPr/sz"))
        if size is not None and size < _SMALLEST_HALF_POINTS:
            return "zero_font_size"
        is_white = _value(run, "rPr/color").upper() in _WHITE
        return "white_text" if is_white and not self._has_background(run) else ""

    def _is_hidden(self, run: Any) -> bool:
        """Whether `w:vanish` hides a run: as it says itself, or by its styles (ECMA-376 part 1, 17.7.3).

        Of the styles of paragraph and characters one hides alone; both together show.
        """
        if (own := _switch(run.find(f"{_W}rPr"))) is not None:
            return own
        by_characters = self._hides_text(_value(run, "rPr/rStyle"))
        paragraph = next(run.iterancestors(f"{_W}p"), None)
        by_paragraph = paragraph is not None and self._hides_text(self._identity(paragraph))
        return self._all_hidden or by_characters != by_paragraph

    def _hides_text(self, identity: str) -> bool:
        """Whether a style hides text: the nearest says so of those that it is based on."""
        if identity not in self._hides:
            said = (_switch(node.find(f"{_W}rPr")) for node in self._chain(identity))
            self._hides[identity] = next((switch for switch in said if switch is not None), False)
        return self._hides[identity]

    def _identity(self, paragraph: Any) -> str:
        return _value(paragraph, "pPr/pStyle") or self._default

    def _has_background(self, run: Any) -> bool:
        """Whether white text of the run is seen; what is around it is looked at once for all beside it."""
        parent = run.getparent()
        if parent not in self._filled_around:
            styled = (self._fills(self._identity(node)) for node in run.iterancestors(f"{_W}p"))
            self._filled_around[parent] = _is_filled_around(run) or any(styled)
        own = _is_filled(run.find(f"{_W}rPr")) or self._fills(_value(run, "rPr/rStyle"))
        return self._filled_around[parent] or own

    def _fills(self, identity: str) -> bool:
        """Whether a style, or one that it is based on, gives a background that is not white."""
        if identity not in self._filled:
            places = [node.find(_W + name) for node in self._chain(identity) for name in ("pPr", "rPr")]
            self._filled[identity] = any(map(_is_filled, places))
        return self._filled[identity]

    def _style(self, identity: str) -> Style:
        if identity not in self._known:
            self._known[identity] = self._read(identity)
        return self._known[identity]

    def _read(self, identity: str) -> Style:
        chain = self._chain(identity)
        names = [_value(node, "name").lower() for node in chain]
        numbered = (node.find(f"{_W}pPr/{_W}numPr") for node in chain)
        return Style(
            level=next((level for node in chain if (level := _heading_level(node))), 0),
            is_code=bool(names and _CODE.fullmatch(names[0])),
            is_caption=any(name == "caption" for name in names),
            numbering=next((found for found in numbered if found is not None), None),
        )

    def _chain(self, identity: str) -> list[Any]:
        """The style and those it is based on, nearest first."""
        chain: list[Any] = []
        while identity in self._nodes and len(chain) < _DEEPEST:
            chain.append(self._nodes[identity])
            identity = _value(chain[-1], "basedOn")
        return chain


def _heading_level(style: Any) -> int:
    name = _value(style, "name").lower()
    if name == "title":
        return 1
    if name == "subtitle":
        return 2
    if found := _HEADING.match(name):
        return int(found.group(1))
    return _outline(style)


def _outline(node: Any) -> int:
    """The heading level that a style or a paragraph gives itself, 0 for text."""
    level = whole(_value(node, "pPr/outlineLvl"))
    return level + 1 if level is not None and level < 9 else 0


def _value(node: Any, path: str) -> str:
    """The `w:val` of what lies at `path`, or an empty text."""
    found = node.find("/".join(_W + step for step in path.split("/")))
    return str(found.get(f"{_W}val", "")) if found is not None else ""


def _switch(properties: Any) -> bool | None:
    """Whether a run's properties hide it; None where they say nothing."""
    vanish = properties.find(f"{_W}vanish") if properties is not None else None
    return None if vanish is None else vanish.get(f"{_W}val", "1") not in ("0", "false", "off")


def _is_filled_around(run: Any) -> bool:
    """Whether shading or highlighting of the run's paragraph or cell lets white text be seen."""
    places = [node.find(f"{_W}pPr") for node in run.iterancestors(f"{_W}p")]
    places += [node.find(f"{_W}tcPr") for node in run.iterancestors(f"{_W}tc")]
    places += [node.find(f"{_W}tblPr") for node in run.iterancestors(f"{_W}tbl")]
    return any(map(_is_filled, places)) or any(map(_is_filled_shape, run.iterancestors()))


def _is_filled_shape(node: Any) -> bool:
    """Whether an element is a drawn shape, or the old kind of one, with a colour of its own."""
    name = str(node.tag).rpartition("}")[2]
    if name == "wsp":
        places = [node.find(f"{{*}}spPr/{_A}{kind}Fill") for kind in ("solid", "grad", "blip", "patt")]
        return any(place is not None and not place.xpath(_WHITE_FILL) for place in places)
    return name in _OLD_SHAPES and node.get("fillcolor", "white").lower() not in ("white", "#ffffff", "#fff")


def _is_filled(place: Any) -> bool:
    """Whether properties give a background that is not white."""
    if place is None:
        return False
    if place.find(f"{_W}highlight") is not None or place.find(f"{_W}tblStyle") is not None:
        return True
    shade = place.find(f"{_W}shd")
    return shade is not None and shade.get(f"{_W}fill", "auto").upper() not in {"AUTO", *_WHITE}
