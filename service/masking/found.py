"""Where something stands in a text that must not leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["secret", "iban", "card", "email", "ip", "phone"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Of finds that overlap, the one that stands first here names them: it says most."""


@dataclass(frozen=True, slots=True)
class Found:
    """`text[start:end]` is of this kind."""

    kind: Kind
    start: int
    end: int


def apart(finds: Iterable[Found]) -> list[Found]:
    """The same stretches of text in its order, those that overlap as one."""
    joined: list[Found] = []
    for find in sorted(finds, key=lambda find: (find.start, -find.end)):
        if joined and find.start < joined[-1].end:
            last = joined.pop()
            kind = min(last.kind, find.kind, key=KINDS.index)
            joined.append(Found(kind, last.start, max(last.end, find.end)))
        else:
            joined.append(find)
    return joined
