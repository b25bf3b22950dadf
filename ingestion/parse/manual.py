"""Manual pages as `man` prints them: laid out for a screen, in lines filled with spaces or tabs.

    tar(1)                          GNU Tar Manual                          tar(1)

    NAME
           tar - an archiving utility

    OPTIONS
           --delete
                  Delete from the archive.

What belongs together becomes one line again: words that were split, paragraphs that were filled out to both
edges, and a term with what it means, as `--delete: Delete from the archive.`
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from ingestion.types import Element

_FIRST_LINE = re.compile(r"\s*(\S+\(\d\w*\))[ \t].*[ \t]\1")
_STRUCK_OVER = re.compile(r".\x08")
_SPLIT_WORD = re.compile(r"(?<=\w)[\u2010\u00ad]\n\s*(?=\w)")
_AFTER_HYPHEN = re.compile(r"(?<=\w-)\n\s*(?=\w)")
_BULLET = re.compile(r"[o*+\u00b7\u2022-]\s+(?=\S)")
_WITH_MEANING = re.compile(r"(-\S*(?:,? \S+)*)\s{2,}(\S.*)")
"""A line of a table of options."""
_SECTION_INDENT = 5
"""Lines that begin further left are headings."""
_PROSE = 45
"""Lines that are all shorter were not filled: they are an example."""
_LONGEST_TERM = 60
_LONGEST_FIRST_LINE = 200


def is_manual(text: str) -> bool:
    """Whether a text is a printed manual page: its first line names the page at both ends."""
    first = text[: 2 * _LONGEST_FIRST_LINE].lstrip("\n").partition("\n")[0]
    return len(first) < _LONGEST_FIRST_LINE and _FIRST_LINE.match(_STRUCK_OVER.sub("", first)) is not None


def manual_elements(text: str) -> Iterator[Element]:
    """The sections, paragraphs, terms and examples of a manual page."""
    lines = [line.rstrip() for line in _STRUCK_OVER.sub("", text).expandtabs(8).strip("\n").split("\n")]
    name = lines[0].split()[0]
    yield Element("title", name, level=1)
    if lines[-1].endswith(name):
        lines.pop()
    terms: list[str] = []
    for is_text, block in groupby(lines[1:], key=bool):
        rest = list(block)
        while is_text and rest and _is_heading(rest[0]):
            yield Element("title", _joined(rest[:1]), level=3 if rest[0].startswith(" ") else 2)
            rest = rest[1:]
            terms.clear()
        if is_text and rest:
            if _begins_with_term(rest):
                terms.append(_joined(rest[:1]).rstrip(":"))
                rest = rest[1:]
            if rest:
                yield from _block(rest, ", ".join(terms))
                terms.clear()


def _block(lines: list[str], term: str) -> Iterator[Element]:
    """What stands between two empty lines; `term` is what it says the meaning of."""
    options = [_WITH_MEANING.fullmatch(line.strip()) for line in lines]
    text = _joined(lines)
    if not term and all(options):
        yield from (Element("list_item", f"- {found[1]}: {found[2]}") for found in options if found)
    elif bullet := _BULLET.match(text):
        yield Element("list_item", f"- {term}{': ' if term else ''}{text[bullet.end() :]}")
    elif term or max(map(len, lines)) - _indent(lines[0]) >= _PROSE or len(lines) == 1:
        yield Element("paragraph", f"{term}: {text}" if term else text)
    else:
        least = min(map(_indent, lines))
        yield Element("code", "\n".join(line[least:] for line in lines))


def _is_heading(line: str) -> bool:
    return _indent(line) < _SECTION_INDENT and len(line) <= _LONGEST_TERM + _SECTION_INDENT


def _begins_with_term(lines: list[str]) -> bool:
    """Whether the first line names an option, alone or above what it means, which is indented further."""
    first = lines[0].strip()
    is_above = all(_indent(line) > _indent(lines[0]) + 1 for line in lines[1:])
    is_option = first.startswith("-") and not _BULLET.match(first)
    return is_above and len(first) <= _LONGEST_TERM and (is_option or len(lines) > 1) and "  " not in first


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(lines: list[str]) -> str:
    """Lines as one, without what filled them and with split words whole."""
    whole = _AFTER_HYPHEN.sub("", _SPLIT_WORD.sub("", "\n".join(lines)))
    return " ".join(whole.split())
