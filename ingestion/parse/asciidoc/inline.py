"""Text within a block as a reader sees it: macros, attributes, marks of emphasis and anchors resolved."""

from __future__ import annotations

import re

from service.errors import ExplodingFile

_CHARACTERS = {
    "empty": "", "blank": "", "sp": " ", "nbsp": " ", "zwsp": "", "wj": "", "apos": "'", "quot": '"',
    "lsquo": "\u2018", "rsquo": "\u2019", "ldquo": "\u201c", "rdquo": "\u201d", "deg": "\u00b0", "plus": "+",
    "brvbar": "\u00a6", "vbar": "|", "amp": "&", "lt": "<", "gt": ">", "startsb": "[", "endsb": "]",
    "caret": "^", "asterisk": "*", "tilde": "~", "backslash": "\\", "backtick": "`", "pp": "++", "cpp": "C++",
    "two-colons": "::", "two-semicolons": ";;", "litdd": "--", "ellipsis": "...",
}  # fmt: skip
"""https://docs.asciidoctor.org/asciidoc/latest/attributes/character-replacement-ref/, and git's own."""

_INSIDE = r"((?:[^\[\]\\]|\\.)*+)"
_KEPT = re.compile(
    r"\+\+\+([^+]*+)\+\+\+|pass:[a-z,]{0,20}\[((?:[^\[\]\\]|\\.)*+)\]|(?<!\\)``([^`']++)``|(?<![\w\\`])`([^`]++)`(?!\w)"
)
"""What is shown as it stands: passed through, or in backticks."""
_OLD_QUOTES = re.compile(r"``([^`']++)''")
_OLD_EMPHASIS = re.compile(r"(?<![\w\\'])'(?=[^\s'])([^']++)(?<=\S)'(?![\w'])")
_PLACE = re.compile("\x00(\\d+)\x00")
_ATTRIBUTE = re.compile(r"(\\?)\{([\w-]{1,80})\}")
_LINK = re.compile(rf"(?<![\w\\])(?:link:|mailto:|xref:)([^\s\[\]]{{1,400}}+)\[{_INSIDE}\]")
_URL = re.compile(rf"(?<![\w\\])((?:https?|ftp|irc)://[^\s\[\]<>]{{1,2000}}+)\[{_INSIDE}\]")
_PAGE = re.compile(r"(?<!\w)\w{1,20}:([\w.+-]{1,80}+)\[(\d\w{0,3})\]")
"""A manual page: `linkgit:git-log[1]`, `man:ls[1]`."""
_MENU = re.compile(rf"(?<!\w)menu:([^\s\[\]][^\[\]]{{0,80}}+)\[{_INSIDE}\]")
_SHOWN = re.compile(rf"(?<!\w)(?:btn|kbd|stem|latexmath|asciimath):\[{_INSIDE}\]")
_NOTE = re.compile(rf"(?<!\w)footnote(?:ref)?:[\w-]{{0,80}}\[{_INSIDE}\]")
_IMAGE = re.compile(rf"(?<!\w)(?:image|icon|anchor):[^\s\[\]]{{1,400}}+\[{_INSIDE}\]")
_REFERENCE = re.compile(r"<<([^<>,]++)(?:,([^<>]*+))?>>")
_ANCHOR = re.compile(r"\[\[\[([^\[\],]++)[^\[\]]*+\]\]\]|\[\[[^\[\]]++\]\]")
_HIDDEN_INDEX = re.compile(r"\(\(\([^()]++\)\)\)")
_INDEX = re.compile(r"\(\(([^()]++)\)\)")
_ROLE = re.compile(r"\[[\w.#%-]{1,60}+\](?=[#*_`])")
_DOUBLE = tuple(re.compile(rf"(?<!\\){mark}{mark}([^{mark}]++){mark}{mark}") for mark in (r"\*", "_", "#"))
_SINGLE = tuple(
    re.compile(rf"(?<![\w\\/*_#]){mark}(?=[^\s{mark}])([^{mark}]++)(?<=\S){mark}(?![\w{mark}])")
    for mark in (r"\*", "_", "#")
)
_ESCAPE = re.compile(r"\\(?=[*_`#{<]|--|\w+:)")
_BREAK = re.compile(r" \+$", re.MULTILINE)


class Inline:
    """Resolves one document's inline marks; what its attributes unfold to is bounded."""

    def __init__(self, old_style: bool, max_characters: int) -> None:
        """`old_style` is AsciiDoc as it was before Asciidoctor: 'emphasis' and ``quotes''."""
        self._old_style = old_style
        self._left = max_characters
        self._values = dict(_CHARACTERS)

    def define(self, name: str, value: str | None) -> None:
        """Set an attribute, to what its value stands for now, or unset it."""
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = self._unfolded(value)

    def text(self, source: str) -> str:
        """`source` as it is read."""
        kept: list[str] = []

        def keep(match: re.Match[str]) -> str:
            kept.append(self._unfolded(next(group for group in match.groups() if group is not None)))
            return f"\x00{len(kept) - 1}\x00"

        text = source.replace("\x00", "")
        if self._old_style:
            text = _OLD_QUOTES.sub(r"“\1”", text)
        text = self._marks(_macros(self._unfolded(_KEPT.sub(keep, text))))
        return _PLACE.sub(lambda match: kept[int(match.group(1))], text).strip()

    def _marks(self, text: str) -> str:
        if self._old_style:
            text = _OLD_EMPHASIS.sub(r"\1", text)
        for mark in (*_DOUBLE, *_SINGLE):
            text = mark.sub(r"\1", text)
        return _BREAK.sub("", _ESCAPE.sub("", text))

    def _unfolded(self, text: str) -> str:
        return _ATTRIBUTE.sub(self._value, text) if "{" in text else text

    def _value(self, match: re.Match[str]) -> str:
        escaped, name = match.groups()
        value = self._values.get(name.lower())
        if escaped or value is None:
            return match.group()[len(escaped) :]
        self._left -= len(value)
        if self._left < 0:
            raise ExplodingFile(
                "The attributes of the page unfold to far more text than it holds.",
                hint="The limit is the setting parse.max_output_characters.",
            )
        return value


def _macros(text: str) -> str:
    if "[" in text:
        text = _PAGE.sub(r"\1(\2)", text)
        text = _LINK.sub(_link, _URL.sub(_link, text))
        text = _MENU.sub(r"\1 > \2", text)
        text = _NOTE.sub(_note, _SHOWN.sub(r"\1", text))
        text = _IMAGE.sub(lambda match: _label(match.group(1)), text)
        text = _ROLE.sub("", _ANCHOR.sub(lambda match: f"[{match.group(1)}]" if match.group(1) else "", text))
    if "((" in text:
        text = _INDEX.sub(r"\1", _HIDDEN_INDEX.sub("", text))
    return _REFERENCE.sub(lambda match: (match.group(2) or match.group(1)).strip(), text)


def _note(match: re.Match[str]) -> str:
    """A footnote where it stands; a repeated one has no text."""
    return f" ({match.group(1).strip()})" if match.group(1).strip() else ""


def _link(match: re.Match[str]) -> str:
    return _label(match.group(2)) or match.group(1)


def _label(attributes: str) -> str:
    """The text among a macro's attributes: the first one, with or without quotes."""
    first = attributes.replace("\\]", "]").strip()
    if first.startswith('"') and '"' in first[1:]:
        return first[1 : first.index('"', 1)]
    if "=" in first:
        first = first.split(",", 1)[0]
    return "" if re.match(r"\w+=", first) else first.rstrip("^").strip()
