"""The numbers that Word writes before list items and headings: they stand in no text of the file.

A paragraph names a numbering and a level, itself or through its style; `word/numbering.xml` says how that
level is written (ISO 29500-1, 17.9). Levels are counted as the document is read: paragraphs come in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.parse.whole import whole

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVELS = 9
_LARGEST = 32767
"""Word's own bound of a list's numbers."""
_DEEPEST = 32
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc")),
    *((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_CONTENT = ".//w:r/*[not(self::w:rPr | self::w:lastRenderedPageBreak | self::w:t[not(string-length(.))])]"


@dataclass(frozen=True, slots=True)
class _List:
    """A numbering as paragraphs name it, with the definition that it shares with others."""

    number: str
    node: Any
    definition: Any
    _levels: dict[int, Any] = field(default_factory=dict)
    _restarts: dict[int, str | None] = field(default_factory=dict)

    def level(self, depth: int) -> Any | None:
        """How a level is written; it is looked for once, as each paragraph asks."""
        if depth not in self._levels:
            self._levels[depth] = self._level(depth)
        return self._levels[depth]

    def _level(self, depth: int) -> Any | None:
        """What the numbering changes comes first."""
        for override in _with(self.node, "lvlOverride", "ilvl", str(depth)):
            if (changed := override.find(f"{_W}lvl")) is not None:
                return changed
        return next(iter(_with(self.definition, "lvl", "ilvl", str(depth))), None)

    def restart(self, depth: int) -> str | None:
        """The number at which this numbering begins a level anew."""
        if depth not in self._restarts:
            overrides = _with(self.node, "lvlOverride", "ilvl", str(depth))
            found = (_value(each, "startOverride") for each in overrides)
            self._restarts[depth] = next((value for value in found if value is not None), None)
        return self._restarts[depth]

    def start(self, depth: int, level: Any) -> int:
        restart = whole(self.restart(depth))
        given = whole(_value(level, "start")) if restart is None else restart
        return 1 if given is None else given


class Numbers:
    """The numbering of one document, with its counters."""

    def __init__(self, document: Any) -> None:
        self._styles = {node.get(f"{_W}styleId"): node for node in document.styles.element.iter(f"{_W}style")}
        plain = (node for node in self._styles.values() if node.get(f"{_W}type") == "paragraph")
        self._plain = next((node for node in plain if node.get(f"{_W}default") in ("1", "true")), None)
        self._lists = _lists(document)
        self._counters: dict[str, list[int | None]] = {}
        self._restarted: set[tuple[str, int]] = set()

    def of(self, paragraph: Any) -> str:
        """The number before a paragraph, as Word shows it; empty where it shows none.

        Each paragraph is asked for once, because asking counts it.
        """
        properties = paragraph._p.find(f"{_W}pPr")
        ends_section = properties is not None and properties.find(f"{_W}sectPr") is not None
        if ends_section and not paragraph._p.xpath(_CONTENT):
            return ""
        number, level, style = self._named(properties)
        used = self._lists.get(number)
        if used is None:
            return ""
        if level is None:
            level = _level_of_style(used, style)
        return self._counted(used, level) if 0 <= level < _LEVELS else ""

    def _named(self, properties: Any) -> tuple[str, int | None, str]:
        """The numbering and the level of a paragraph, and the style that named the numbering, if one did."""
        number, level = _numbering_of(properties)
        style = _value(properties, "pStyle") if properties is not None else None
        node = self._styles.get(style, self._plain) if style else self._plain
        named_by = ""
        for _ in range(_DEEPEST):
            if node is None or (number is not None and level is not None):
                break
            its_number, its_level = _numbering_of(node.find(f"{_W}pPr"))
            if number is None and its_number is not None:
                number, named_by = its_number, node.get(f"{_W}styleId", "")
            level = its_level if level is None else level
            node = self._styles.get(_value(node, "basedOn"))
        return number or "", level, named_by

    def _counted(self, used: _List, depth: int) -> str:
        level = used.level(depth)
        if level is None:
            return ""
        counters = self._counters.setdefault(used.definition.get(f"{_W}abstractNumId"), [None] * _LEVELS)
        counted = counters[depth]
        begins_anew = used.restart(depth) is not None and (used.number, depth) not in self._restarted
        if counted is None or begins_anew:
            counters[depth] = used.start(depth, level)
        else:
            counters[depth] = counted + 1
        if begins_anew:
            self._restarted.add((used.number, depth))
        _forget_deeper(used, counters, depth)
        return _written(used, level, depth, counters)


def _lists(document: Any) -> Mapping[str, _List]:
    """The document's numberings by the name that paragraphs give; the name 0 stands for none."""
    try:
        root = document.part.numbering_part.element
    except (KeyError, NotImplementedError):  # it has none
        return {}
    definitions = {node.get(f"{_W}abstractNumId"): node for node in root.iter(f"{_W}abstractNum")}
    found: dict[str, _List] = {}
    for node in root.iter(f"{_W}num"):
        name, definition = node.get(f"{_W}numId", "0"), definitions.get(_value(node, "abstractNumId"))
        if name != "0" and definition is not None:
            found.setdefault(name, _List(name, node, definition))
    return found


def _level_of_style(used: _List, style: str) -> int:
    """The level that a numbering keeps for paragraphs of a style."""
    levels = used.definition.findall(f"{_W}lvl")
    kept = (level for level in levels if style and _value(level, "pStyle") == style)
    return next((whole(level.get(f"{_W}ilvl")) or 0 for level in kept), 0)


def _forget_deeper(used: _List, counters: list[int | None], depth: int) -> None:
    """Levels below one that moved on begin anew, but those that say they do not."""
    for deeper in range(depth + 1, _LEVELS):
        level = used.level(deeper)
        after = None if level is None else whole(_value(level, "lvlRestart"))
        if after is None or depth < after:
            counters[deeper] = None


def _written(used: _List, level: Any, depth: int, counters: list[int | None]) -> str:
    """The level's text with its places filled in; empty for bullets and for what Word alone can write."""
    if _value(level, "numFmt") in ("bullet", "none"):
        return ""
    pieces = re.split(r"%(\d)", _value(level, "lvlText") or "")
    for place in range(1, len(pieces), 2):
        shown = int(pieces[place]) - 1
        named = used.level(shown) if shown <= depth else None
        if named is None:
            pieces[place] = ""
            continue
        count = counters[shown]
        number = used.start(shown, named) if count is None else count
        figure = _figure(number, _value(named, "numFmt") or "decimal")
        if not figure:
            return ""
        pieces[place] = figure
    return "".join(pieces).strip()


def _figure(number: int, form: str) -> str:
    """A number in one of Word's forms (ISO 29500-1, 17.18.59); empty for one that is not known here.

    >>> _figure(28, "lowerLetter"), _figure(14, "upperRoman"), _figure(12, "ordinal"), _figure(3, "aiueo")
    ('bb', 'XIV', '12th', '')
    """
    if not 0 <= number <= _LARGEST:
        return ""
    plain = {"decimal": f"{number}", "decimalZero": f"{number:02d}", "ordinal": f"{number}{_suffix(number)}"}
    if form == "decimalEnclosedCircle":
        return chr(0x2460 + number - 1) if 1 <= number <= 20 else str(number)
    if form in plain or not number:
        return plain.get(form, "")
    letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1) if form.endswith("Letter") else ""
    figure = letters or (_roman(number) if form.endswith("Roman") else "")
    return {"lower": figure, "upper": figure.upper()}.get(form[:5], "")


def _suffix(number: int) -> str:
    return "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _roman(number: int) -> str:
    if number >= 4000:
        return ""
    written = ""
    for size, sign in _ROMAN:
        count, number = divmod(number, size)
        written += sign * count
    return written


def _numbering_of(properties: Any) -> tuple[str | None, int | None]:
    """The numbering and the level that a paragraph's or a style's properties name."""
    named = None if properties is None else properties.find(f"{_W}numPr")
    if named is None:
        return None, None
    return _value(named, "numId"), whole(_value(named, "ilvl"))


def _with(node: Any, child: str, attribute: str, value: str) -> list[Any]:
    return [found for found in node.findall(f"{_W}{child}") if found.get(f"{_W}{attribute}") == value]


def _value(node: Any, child: str) -> str | None:
    """The `w:val` of a child, None where there is none."""
    found = node.find(f"{_W}{child}")
    value: str | None = None if found is None else found.get(f"{_W}val")
    return value
