"""What begins an item of a list in AsciiDoc, and how deep it lies."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BULLET = re.compile(r"[ \t]*(\*{1,6}|-|\u2022)[ \t]+(?=\S)")
_DOTS = re.compile(r"[ \t]*(\.{1,6})[ \t]+(?=\S)")
_NUMBER = re.compile(r"[ \t]*(\d{1,6}\.|[a-zA-Z]\.|[ivxIVX]{1,8}\))[ \t]+(?=\S)")
_CALLOUT = re.compile(r"<(\d{1,4}|\.)>[ \t]+(?=\S)")
_TERM = re.compile(r"[ \t]*+((?!//)\S(?:(?!(?:::|;;)(?:[ \t]|$)).)*?)(:{2,4}|;;)(?:[ \t]+(.*))?")
_CHECK_BOX = re.compile(r"\[([ xX*])\][ \t]+")
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Marked:
    """A line that begins an item: its kind, the mark or number as written, and what follows it."""

    kind: str
    mark: str
    rest: str

    @property
    def is_term(self) -> bool:
        """Whether this is a term whose definition follows."""
        return self.kind in ("::", ":::", "::::", ";;")


def marked(line: str) -> Marked | None:
    """What item begins with this line, if one does."""
    if found := _BULLET.match(line):
        rest = _CHECK_BOX.sub(lambda box: "[ ] " if box.group(1) == " " else "[x] ", line[found.end() :], 1)
        return Marked(found.group(1), "-", rest)
    if found := _DOTS.match(line):
        return Marked(found.group(1), "", line[found.end() :])
    if found := _NUMBER.match(line):
        mark = found.group(1)
        kind = "1." if mark[0].isdigit() else "a" + mark[-1]
        return Marked(kind, mark, line[found.end() :])
    if found := _CALLOUT.match(line):
        return Marked("<>", "", line[found.end() :])
    if ("::" in line or ";;" in line) and (found := _TERM.fullmatch(line)):
        return Marked(found.group(2), found.group(1), (found.group(3) or "").strip())
    return None


class Depths:
    """The lists that are open, outermost first: an item of a new kind lies inside the last one."""

    def __init__(self) -> None:
        self._kinds: list[tuple[str, int]] = []
        self._outer: list[list[tuple[str, int]]] = []

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def take(self, item: Marked) -> tuple[int, str]:
        """The depth of the item, and its mark, counted where its list counts."""
        kinds = [kind for kind, _ in self._kinds]
        place = kinds.index(item.kind) if item.kind in kinds else len(kinds)
        count = self._kinds[place][1] + 1 if place < len(kinds) else 1
        self._kinds = [*self._kinds[:place], (item.kind, count)]
        return min(place + sum(map(len, self._outer)), _DEEPEST), item.mark or f"{count}."

    def end(self) -> None:
        """What follows lies in no list of this block."""
        self._kinds = []

    def enter(self) -> None:
        """A block opens; its lists are its own."""
        self._outer.append(self._kinds)
        self._kinds = []

    def leave(self, blocks: int) -> None:
        """So many blocks close, and the lists around them go on."""
        for _ in range(blocks):
            self._kinds = self._outer.pop()
