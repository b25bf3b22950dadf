"""The lines of a page as blocks, in one pass: https://docs.asciidoctor.org/asciidoc/latest/blocks/."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from textwrap import dedent

from ingestion.parse.asciidoc.inline import Inline
from ingestion.parse.asciidoc.lists import Depths, Marked, marked
from ingestion.parse.asciidoc.table import DELIMITERS, table
from ingestion.parse.tables import TableSize, table_element
from ingestion.types import Element, Kind
from service.settings import ParseSettings

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?")
_UNDERLINES = "=-~^+"
_UNDERLINE = re.compile(r"([=\-~^+])\1{2,}[ \t]*")
_RAGGED = 3
"""Characters by which an underline may miss its title's length; asciidoc-py allows as many, Asciidoctor 1."""
_VERBATIM = re.compile(r"-{4,}|\.{4,}|\+{4,}|`{3,}[\w+-]*|/{4,}")
_LANGUAGE = re.compile(r"[\w+-]+$")
_CONTAINER = re.compile(r"={4,}|\*{4,}|_{4,}|--|~{4,}")
_ATTRIBUTE = re.compile(r":(!?)([\w-]+)(!?):(?:[ \t]+(.*))?")
_BLOCK_ATTRIBUTES = re.compile(r"\[(?=[\w.#%,\"'\[*]|\])(.*)\][ \t]*")
_BLOCK_TITLE = re.compile(r"\.(?=[^\s.])(.+)")
_MACRO = re.compile(r"(\w+)::([^\s\[]*+)\[(.*)\][ \t]*")
_BREAK = re.compile(r"'{3,}|<{3,}|-[ ]-[ ]-|\*[ ]\*[ ]\*")
_SPACES = re.compile(r"[ \t]+")
_AUTHOR = re.compile(r"([^<>:]{1,200}?)[ \t]*<([^<>\s]+@[^<>\s]+)>(?:;.*)?")
_ENDS_ITSELF = ("?", ":", "!", ".", "\u2026")
_ADMONITIONS = ("NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION")
_LISTED_STYLES = ("source", "listing", "literal", "stem", "latexmath", "asciimath", "plantuml", "ditaa")


class Blocks:
    """Reads one page; `hidden` counts the characters of comments, `metadata` holds what it says of itself."""

    def __init__(self, lines: list[str], inline: Inline, limits: ParseSettings) -> None:
        self.hidden: Counter[str] = Counter()
        self.metadata: dict[str, str] = {}
        self._lines = [line.rstrip() for line in lines]
        self._inline = inline
        self._limits = limits
        self._tables = TableSize(limits)
        self._place = 0
        self._elements: list[Element] = []
        self._style = ""
        self._label = ""
        self._lists = Depths()
        self._open: list[str] = []
        self._joins = False
        self._readers: tuple[Callable[[str], bool], ...] = (
            self._quiet,
            self._verbatim,
            self._table,
            self._container,
            self._heading,
            self._underlined,
            self._item,
        )

    def read(self) -> list[Element]:
        """The elements of the page in order."""
        while self._place < len(self._lines):
            line = self._lines[self._place]
            if not line:
                self._place += 1
            elif not any(reader(line) for reader in self._readers):
                self._paragraph(line)
        return self._elements

    def _quiet(self, line: str) -> bool:
        """Lines that are no text: comments, attributes, what is said of the next block, pictures, rules."""
        if line == "+":
            self._joins = bool(self._lists)
        elif self._is_comment(line):
            pass
        elif attribute := _ATTRIBUTE.fullmatch(line):
            self._define(attribute)
        elif line.startswith("[") and (said := _BLOCK_ATTRIBUTES.fullmatch(line)):
            self._said(said.group(1))
        elif (title := _BLOCK_TITLE.fullmatch(line)) and not self._joins:
            self._add("caption", title.group(1))
        elif macro := _MACRO.fullmatch(line):
            self._picture(macro)
        elif not _BREAK.fullmatch(line):
            return False
        self._place += 1
        return True

    def _is_comment(self, line: str) -> bool:
        if not line.startswith("//") or line.startswith("///"):
            return False
        self.hidden["comment"] += len(line[2:].strip())
        return True

    def _define(self, attribute: re.Match[str]) -> None:
        unset, name, unset_after, value = attribute.groups()
        value = value or ""
        while value.endswith(" \\") and self._place + 1 < len(self._lines):
            self._place += 1
            value = value[:-1] + self._lines[self._place].strip()
        self._inline.define(name.lower(), None if unset or unset_after else value)
        if name in ("author", "revdate", "description", "keywords") and value:
            self.metadata[name.replace("revdate", "date")] = self._inline.text(value)

    def _said(self, style: str) -> None:
        if not style.startswith("["):  # else it is an anchor
            self._style = style
            self._label = next((f"{name.title()}: " for name in _ADMONITIONS if style.startswith(name)), "")

    def _picture(self, macro: re.Match[str]) -> None:
        """A picture shows the text that stands for it; other block macros (`toc::[]`) show nothing."""
        if macro.group(1) == "image":
            self._add("paragraph", f"image:{macro.group(2) or 'x'}[{macro.group(3)}]")

    def _verbatim(self, line: str) -> bool:
        if not _VERBATIM.fullmatch(line):
            return False
        body = self._until(_LANGUAGE.sub("", line) if line[0] == "`" else line)
        if line[0] == "/":
            self.hidden["comment"] += sum(map(len, body))
        elif any(body):
            self._elements.append(Element("code", "\n".join(body)))
        self._after_block()
        return True

    def _table(self, line: str) -> bool:
        if line not in DELIMITERS:
            return False
        rows, headed = table(self._until(line), self._style, line, self._limits.max_cells)
        different = dict.fromkeys(cell for row in rows for cell in row)
        shown = {cell: self._inline.text(cell) for cell in different}
        lines = ([shown[cell] for cell in row] for row in rows)
        if element := table_element(lines, size=self._tables, headed=headed):
            self._elements.append(element)
        self._after_block()
        return True

    def _until(self, fence: str) -> list[str]:
        """The lines up to the closing fence, or all that follow; both fences are passed."""
        start = self._place + 1
        end = next(
            (at for at in range(start, len(self._lines)) if self._lines[at] == fence), len(self._lines)
        )
        self._place = end + 1
        return self._lines[start:end]

    def _container(self, line: str) -> bool:
        """A block that holds blocks: its content stands in the text like any other."""
        if not _CONTAINER.fullmatch(line):
            return False
        if line in self._open:
            inside = len(self._open) - self._open.index(line)
            del self._open[-inside:]
            self._lists.leave(inside)
        else:
            self._open.append(line)
            self._lists.enter()
        self._style, self._joins = "", False
        self._place += 1
        return True

    def _heading(self, line: str) -> bool:
        heading = _HEADING.fullmatch(line)
        if heading is None:
            return False
        self._title(heading.group(2), len(heading.group(1)))
        self._place += 1
        self._author()
        return True

    def _underlined(self, line: str) -> bool:
        """A title in two lines, when the second one is about as long."""
        below = self._lines[self._place + 1] if self._place + 1 < len(self._lines) else ""
        if not _UNDERLINE.fullmatch(below) or not any(map(str.isalnum, line)) or line[0].isspace():
            return False
        if abs(len(line) - len(below)) > _RAGGED or self._joins:
            return False
        self._title(line, 1 + _UNDERLINES.index(below[0]))
        self._place += 2
        self._author()
        return True

    def _title(self, text: str, level: int) -> None:
        self._lists.end()
        self._style = self._label = ""
        self._joins = False
        self._add("title", text, level)

    def _author(self) -> None:
        """The line below the page's title, where it names a person."""
        if len(self._elements) != 1 or self._place >= len(self._lines):
            return
        if found := _AUTHOR.fullmatch(self._lines[self._place]):
            self.metadata["author"] = found.group(1)
            self._place += 1

    def _item(self, line: str) -> bool:
        item = marked(line)
        if item is None:
            return False
        level, mark = self._lists.take(item)
        self._place += 1
        text = self._defined(item) if item.is_term else f"{mark} {self._inline.text(self._rest(item.rest))}"
        if text:
            self._elements.append(Element("list_item", text, level=level))
        self._style, self._joins = "", False
        return True

    def _defined(self, item: Marked) -> str:
        """`term, term: definition`; the definition may begin below."""
        terms, rest = [item.mark], item.rest
        while not rest:
            while self._place < len(self._lines) and not self._lines[self._place]:
                self._place += 1
            line = self._lines[self._place] if self._place < len(self._lines) else ""
            following = marked(line)
            if following is None or following.kind != item.kind:
                break
            terms.append(following.mark)
            rest = following.rest
            self._place += 1
        names = ", ".join(self._inline.text(term) for term in terms)
        definition = self._inline.text(self._rest(rest))
        ends = " " if names.endswith(_ENDS_ITSELF) else ": "
        return f"{names}{ends}{definition}" if definition else names

    def _rest(self, first: str) -> str:
        """The text of an item with the lines that go on with it."""
        lines = [first] if first else []
        while self._place < len(self._lines):
            line = self._lines[self._place]
            if not line or self._begins_block(line) or marked(line):
                break
            if not self._is_comment(line):
                lines.append(line.strip())
            self._place += 1
        return self._joined(lines)

    def _begins_block(self, line: str) -> bool:
        """Whether this line ends a paragraph that it stands below."""
        if line == "+" or line in DELIMITERS or _VERBATIM.fullmatch(line) or _CONTAINER.fullmatch(line):
            return True
        return line.startswith("[") and _BLOCK_ATTRIBUTES.fullmatch(line) is not None

    def _paragraph(self, line: str) -> None:
        lines: list[str] = []
        while self._place < len(self._lines) and (found := self._lines[self._place]):
            if lines and self._begins_block(found):
                break
            lines.append(found)
            self._place += 1
        lines = [each for each in lines if not self._is_comment(each)]
        is_verse = self._style.startswith("verse")
        if self._style.startswith(_LISTED_STYLES) or (line[0].isspace() and not is_verse):
            self._elements.append(Element("code", dedent("\n".join(lines))))
        else:
            text = self._inline.text("\n".join(lines) if is_verse else self._joined(lines))
            self._prose(self._label + text)
        self._after_block()

    def _prose(self, text: str) -> None:
        """A paragraph; after a `+` it belongs to the item above."""
        self._label = ""
        last = self._elements[-1] if self._elements else None
        if self._joins and last is not None and last.kind == "list_item":
            self._elements[-1] = replace(last, text=f"{last.text}\n{text}")
        elif text:
            self._elements.append(Element("paragraph", text))

    def _after_block(self) -> None:
        """A block that no `+` joins to a list ends it, unless it is one that only shows something there."""
        if not self._joins:
            self._lists.end()
        self._style, self._joins = "", False

    def _add(self, kind: Kind, source: str, level: int = 0) -> None:
        text = self._inline.text(source)
        if text:
            self._elements.append(Element(kind, text, level=level))

    def _joined(self, lines: list[str]) -> str:
        """The lines of a paragraph as one, but where one asks for a break."""
        pieces = [line[:-2] + "\n" if line.endswith(" +") else line + " " for line in lines]
        return _SPACES.sub(" ", "".join(pieces)).strip()
