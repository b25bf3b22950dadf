"""A text without its personal data and secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

from service.masking.found import Found, apart
from service.masking.personal import Personal
from service.masking.secrets import secrets


class Masker:
    """Puts the kind of what it finds in its place, such as `[email]`; all else stays as it is.

    Args:
        finders: what looks for something; each is given the whole text.
    """

    def __init__(self, *finders: Callable[[str], Iterable[Found]]) -> None:
        self._finders = finders

    def find(self, text: str) -> list[Found]:
        """What would be masked, in the text's order."""
        return apart(chain.from_iterable(finder(text) for finder in self._finders))

    def mask(self, text: str) -> str:
        """The text with each find replaced by its kind in brackets."""
        parts: list[str] = []
        done = 0
        for found in self.find(text):
            parts += [text[done : found.start], f"[{found.kind}]"]
            done = found.end
        return "".join([*parts, text[done:]])


def open_masker() -> Masker:
    """A masker of secrets and personal data; takes some seconds.

    Raises:
        Misconfigured: what it needs is not installed.
    """
    return Masker(secrets, Personal())
