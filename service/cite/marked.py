"""A model's text cut into sentences, each with the markers that stand before or after its full stop."""

from __future__ import annotations

import re
from itertools import pairwise

from service.text.markers import MARKERS
from service.text.sentences import spans

_STOP = r"(?P<stop>[.!?。！？…]+[\"'”’»)*_]*)"
_AFTER_STOP = re.compile(_STOP + "(?P<markers>" + MARKERS.pattern.replace(r"(?<!\s)", "") + ")")
_ENDS_FOR_SURE = re.compile(MARKERS.pattern + r"(?:[.!?。！？…]+[\"'”’»)*_]*(?=\s)|[ \t]*(?=\n))")
"""A marker with its full stop, or at the end of a line, ends a sentence whatever follows."""
_OPEN_END = re.compile(r"[\[【][^\]】\n]{0,80}\Z|\s\Z")


def sentences_of(text: str) -> list[str]:
    """The sentences of generated text, each with the markers that stand before or after its full stop."""
    inside = _AFTER_STOP.sub(_pull_inside, text)
    return [inside[start:end] for start, end in _spans(inside)]


def _spans(inside: str) -> list[tuple[int, int]]:
    """The spans of sentences whose markers were pulled inside."""
    ends = [*(match.end() for match in _ENDS_FOR_SURE.finditer(inside)), len(inside)]
    return [
        (begin + start, begin + end)
        for begin, stop in pairwise([0, *ends])
        for start, end in spans(inside[begin:stop])
    ]


def _pull_inside(match: re.Match[str]) -> str:
    """`end. [1]` as `end [1].`, so that the marker stays with its sentence."""
    return f"{match['markers'].rstrip()}{match['stop']} "


def split_off_open_end(buffer: str) -> tuple[list[str], str]:
    """The sentences that nothing to come can change, and the rest."""
    opened = _OPEN_END.search(buffer)
    settled = buffer[: opened.start()].rstrip() if opened else buffer
    inside = _AFTER_STOP.sub(_pull_inside, settled)
    found = _spans(inside)
    rest = inside[found[-1][0] :] if found else ""
    return [inside[start:end] for start, end in found[:-1]], rest + buffer[len(settled) :]
