"""The marks that Footnote itself gives a meaning to: `[n]` citations, prompt fences, role tokens.

Documents are untrusted and may hold the same marks. They are disarmed before a generator reads them and
before its output is compared with them, character for character, so that offsets stay true.
"""

from __future__ import annotations

import re

_LIST = r"\d{1,3}(?:\s?(?:[,;–-]|\.\.)\s?\d{1,3})*"
MARKER = re.compile(
    rf"(?<!\s)\s*[\[【]\s?(?P<numbers>{_LIST})\s?(?:†[^\]】]{{0,80}})?[\]】](?!\((?:\w+:|[/#.]))"
)
"""A citation as a generator writes it: `[1]`, `[1, 2]`, `[1-3]`, or in lenticular brackets; no link text."""

MARKERS = re.compile(rf"(?:{MARKER.pattern.replace('?P<numbers>', '?:')})+")
"""One citation or several in a row, with the white space before them."""

_BRACKETED = re.compile(
    rf"[\[【]\s?(?:{_LIST}|[\^#]\w{{1,8}}|doc(?:ument)?\s?\d{{1,4}}|passage\s?\d{{1,4}})\s?[\]】]",
    re.IGNORECASE,
)
# Each branch begins with one character, so that the search leaps from one such to the next: a text of twenty
# thousand characters, read for every answer, took ten times as long.
_ROLE = re.compile(
    r"<(?=\|)|>(?<=\|>)|<(?=/?(?:s|system|user|assistant|tool|passages?|documents?|context|instructions?)\b)"
    r"|\[(?=/?INST\])|<(?=<SYS>>|</SYS>>|SYS>>|/SYS>>)",
    re.IGNORECASE,
)
_ROLE_LINE = re.compile(r"(?im)^([ \t>#*]*(?:system|user|assistant|human|developer|tool)[ \t*]*)(:)")
_FENCE = re.compile(
    r"====+|-(?<!--)----++(?=\s?(?:BEGIN|END|PASSAGE))|-(?<=PASSAGE-)----+|<<<+|>>>+|```+|~~~+"
)
_DISARMED = str.maketrans({
    "[": "［", "]": "］", "【": "［", "】": "］", "<": "‹", ">": "›", "=": "꞊", "-": "‐",
    "`": "ˋ", "~": "˜",
})  # fmt: skip
_LARGEST_RANGE = 20

DECLINE = "I don't know"
"""What a generator is asked to write, and nothing else, when the passages do not answer."""

_DECLINES = re.compile(
    r"(?:sorry,?\s+)?(?:i (?:do not|don't|dont) know|i (?:cannot|can't) answer"
    r"|ich weiß es nicht|ich weiss es nicht|das weiß ich nicht|je ne sais pas"
    r"|no lo sé|no sé|non lo so|não sei|ik weet het niet)\b",
    re.IGNORECASE,
)


def declines(sentence: str) -> bool:
    """Whether a sentence says that the answer is not known: it opens with the phrase, or is the phrase."""
    return _DECLINES.match(sentence.strip(" \t\n*_\"'“”").replace("’", "'")) is not None


def disarm(text: str) -> str:
    """`text` with everything that could pass for a mark of ours replaced by look-alikes; the same length."""
    for pattern in (_BRACKETED, _ROLE, _FENCE):
        text = pattern.sub(lambda match: match.group().translate(_DISARMED), text)
    return _ROLE_LINE.sub(r"\1：", text)


def numbers(marker: re.Match[str]) -> list[int]:
    """The passage numbers that one match of `MARKER` names, in order: `[2-4]` is 2, 3, 4."""
    found: list[int] = []
    for part in re.split(r"\s*[,;]\s*", marker["numbers"]):
        ends = [int(end) for end in re.split(r"\s*(?:[–-]|\.\.)\s*", part)]
        if len(ends) == 2 and 0 <= ends[1] - ends[0] <= _LARGEST_RANGE:
            found.extend(range(ends[0], ends[1] + 1))
        else:
            found.extend(ends)
    return found
