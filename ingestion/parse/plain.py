"""Plain text and WebVTT captions: kept as written, cut at blank lines, with the headings seen.

Not through `unstructured`, which calls every short line of a text file a title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.manual import is_manual, manual_elements
from ingestion.types import Element
from service.errors import MistypedFile
from service.settings import ParseSettings

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_UNDERLINE = re.compile(r"([=\-~^#*])\1{2,}[ \t]*")
_NUMBERED_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\.?[ \t]+[A-Z\u00c0-\u00de][^.!?;:]{1,78}")
_LIST_ITEM = re.compile(r"([ \t]*)(?:[-*+\u2022\u2013]|\d{1,3}[.)]|[a-z][.)])[ \t]+\S")
_LONGEST_HEADING = 80
_VTT_TIME = re.compile(r"(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}[ \t]+-->")
_VTT_VOICE = re.compile(r"<v(?:\.[^ <>]*)?[ \t]++([^<>]*+)>")
_VTT_TAG = re.compile(r"</?(?:b|c|i|lang|rt|ruby|u|v)(?:[.\s][^<>]*)?>|<[\d:.]+>")
"""The spans and timestamps of https://www.w3.org/TR/webvtt1/#webvtt-caption-or-subtitle-cue-components."""
_VTT_BLOCKS = ("NOTE", "STYLE", "REGION", "WEBVTT")


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read a text file; its name tells WebVTT from plain text, its first line a printed manual page."""
    text, warnings = decode(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if filename.lower().endswith(".vtt"):
        return Parsed("webvtt", tuple(_cues(text)), warnings=warnings)
    found = manual_elements(text) if is_manual(text) else text_elements(text)
    return Parsed("text", tuple(found), warnings=warnings)


def text_elements(text: str) -> Iterator[Element]:
    """The paragraphs, lists and underlined, numbered or upper-case headings of a plain text."""
    for block in _BLANK_LINES.split(text.replace("\u00a0", " ")):
        lines = block.strip("\n").split("\n")
        place = 0
        while place + 1 < len(lines) and (level := _underlined(lines[place], lines[place + 1])):
            yield Element("title", lines[place].strip(), level=level)
            place += 2
        lines = lines[place:]
        if not lines:
            continue
        if len(lines) == 1 and (level := _heading_level(lines[0].strip())):
            yield Element("title", lines[0].strip(), level=level)
        elif _LIST_ITEM.match(lines[0]):
            yield from _list_items(lines)
        else:
            yield Element("paragraph", "\n".join(lines))


def _underlined(line: str, below: str) -> int:
    """The level of a heading that the line below rules off; 0 when it is none."""
    heading, rule = line.strip(), below.strip()
    if not heading or not _UNDERLINE.fullmatch(rule) or len(heading) > _LONGEST_HEADING:
        return 0
    if abs(len(rule) - len(heading)) > max(4, len(heading) // 2):
        return 0
    return {"=": 1, "-": 2}.get(rule[0], 3)


def _heading_level(line: str) -> int:
    """The level of a line that stands alone; 0 when it reads as text."""
    if numbered := _NUMBERED_HEADING.fullmatch(line):
        return numbered.group(1).count(".") + 1
    words = [word for word in line.split() if any(character.isalpha() for character in word)]
    is_shouted = len(words) > 1 and line.isupper() and line[-1] not in ".,;!?"
    return 1 if is_shouted and len(line) <= _LONGEST_HEADING else 0


def _list_items(lines: list[str]) -> Iterator[Element]:
    """One element for each marker; lines without one belong to the item before."""
    item = [lines[0]]
    for line in lines[1:]:
        if _LIST_ITEM.match(line):
            yield _list_item(item)
            item = []
        item.append(line)
    yield _list_item(item)


def _list_item(lines: list[str]) -> Element:
    match = _LIST_ITEM.match(lines[0])
    indent = len(match.group(1).expandtabs(4)) if match else 0
    return Element("list_item", "\n".join(line.strip() for line in lines), level=min(6, indent // 2))


def _cues(text: str) -> Iterator[Element]:
    """One paragraph for each caption, with its speaker; times, identifiers and styles are left out."""
    if not text.lstrip("\ufeff").startswith("WEBVTT"):
        raise MistypedFile("The file is no WebVTT caption file: its first line does not say so.")
    for block in _BLANK_LINES.split(text.strip()):
        lines = block.split("\n")
        timed = next((place for place, line in enumerate(lines) if _VTT_TIME.match(line.strip())), None)
        if timed is None or lines[0].startswith(_VTT_BLOCKS):
            continue
        spoken = _VTT_VOICE.sub(r"\1: ", "\n".join(lines[timed + 1 :]))
        yield Element("paragraph", " ".join(_VTT_TAG.sub("", spoken).split()))
