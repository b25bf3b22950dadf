"""What stands above all blocks: conditions are decided, includes are named and not followed."""

from __future__ import annotations

import re
from collections.abc import Iterator

_DIRECTIVE = re.compile(r"(\\?)(include|ifdef|ifndef|ifeval|endif)::([^\s\[]*+)\[(.*)\][ \t]*")
_ATTRIBUTE = re.compile(r":(!?)([\w-]+)(!?):(?:[ \t]+(.*))?")
_OF_PUBLISHING = ("env-", "backend-", "basebackend-", "doctype-", "filetype-", "safe-mode-")
"""Attributes that say where a page is shown (`env-github`): what is only for there is no text of it."""
_MOST_NAMED = 5


class Source:
    """The lines of one file; `warnings` names what it includes, which is not read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._set: dict[str, bool] = {}
        self._open: list[bool] = []
        self._unshown = 0
        self._included: dict[str, None] = {}

    def lines(self) -> list[str]:
        """The lines that are shown.

        A condition on a name that the file does not set is decided by the page that includes it, or by no
        one: such text is kept, so that nothing that a reader of the whole work may know is missing.
        """
        return list(self._lines())

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line about the included files, none where there are none."""
        if not self._included:
            return ()
        named = ", ".join(list(self._included)[:_MOST_NAMED])
        more = f" and {len(self._included) - _MOST_NAMED} more" if len(self._included) > _MOST_NAMED else ""
        return (f"Included files are not read with the page: {named}{more}.",)

    def _lines(self) -> Iterator[str]:
        for line in self._text.split("\n"):
            directive = _DIRECTIVE.fullmatch(line) if "::" in line else None
            if directive is None:
                if not self._unshown:
                    self._note(line)
                    yield line
            elif directive.group(1):
                yield line[1:]
            else:
                yield from self._directed(*directive.groups()[1:])

    def _note(self, line: str) -> None:
        if line.startswith(":") and (attribute := _ATTRIBUTE.fullmatch(line)):
            unset, name, unset_after, _ = attribute.groups()
            self._set[name] = not (unset or unset_after)

    def _directed(self, kind: str, target: str, inside: str) -> Iterator[str]:
        if kind == "endif":
            self._unshown -= bool(self._open) and not self._open.pop()
        elif kind == "include":
            if not self._unshown:
                self._included[target] = None
        elif kind != "ifeval" and inside:
            if not self._unshown and self._holds(kind, target):
                yield inside
        else:
            self._open.append(kind == "ifeval" or self._holds(kind, target))
            self._unshown += not self._open[-1]

    def _holds(self, kind: str, target: str) -> bool:
        """Whether an `ifdef` or `ifndef` shows its text; of several names (`a,b` or `a+b`) any, or all."""
        wanted = kind == "ifdef"
        held = [self._held(name, wanted) for name in re.split(r"[,+]", target)]
        return all(held) if "+" in target or not wanted else any(held)

    def _held(self, name: str, wanted: bool) -> bool:
        known = self._set.get(name)
        if known is None:
            return not (wanted and name.startswith(_OF_PUBLISHING))
        return known == wanted
