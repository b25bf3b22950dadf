"""Footnotes in markdown: `[^1]` in the text is a mark, `[^1]: ...` a paragraph of its own, where it stands.

https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#footnotes
"""

from __future__ import annotations

import re
from typing import Any

_NOTE = re.compile(r"\[\^([^\]\s]{1,80})\]:[ \t]*(.*)")
_MARK = re.compile(r"\[\^[^\]\s]{1,80}\]")
_INDENT = 2
_COUNT = "notes"


def add_notes(markdown: Any) -> None:
    """Teach a `markdown-it` parser footnotes."""
    markdown.inline.ruler.before("link", "note_mark", _mark)
    markdown.block.ruler.before("reference", "note", _note, {"alt": ["paragraph", "reference"]})


def _mark(state: Any, silent: bool) -> bool:
    """A mark shows nothing."""
    found = _MARK.match(state.src, state.pos)
    if found is None:
        return False
    state.pos = found.end()
    return True


def _note(state: Any, first: int, last: int, silent: bool) -> bool:
    """A note with the lines that go on with it, those behind a blank line where they are indented."""
    found = _NOTE.match(_line(state, first))
    if found is None:
        return False
    if silent:
        return True
    lines, following = [found.group(2)], first + 1
    while following < last and _goes_on(state, following, last):
        lines.append(_line(state, following))
        following += 1
    state.line = following
    state.env[_COUNT] = state.env.get(_COUNT, 0) + 1
    state.push("paragraph_open", "p", 1)
    inline = state.push("inline", "", 0)
    inline.content = f"{state.env[_COUNT]}\\. " + "\n".join(lines).strip()
    inline.map, inline.children = [first, following], []
    state.push("paragraph_close", "p", -1)
    return True


def _goes_on(state: Any, line: int, last: int) -> bool:
    if state.isEmpty(line):
        return line + 1 < last and not state.isEmpty(line + 1) and _is_indented(state, line + 1)
    if _NOTE.match(_line(state, line)):
        return False
    return _is_indented(state, line) or not state.isEmpty(line - 1)


def _is_indented(state: Any, line: int) -> bool:
    return bool(state.sCount[line] - state.blkIndent >= _INDENT)


def _line(state: Any, line: int) -> str:
    return str(state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]])
