"""What reasoning models write before their answer, between `<think>` tags, is no part of it."""

from __future__ import annotations

import re

_THOUGHT = re.compile(r"<think>.*?(?:</think>\s*|\Z)", re.DOTALL)


class Thoughts:
    """Leaves out what reasoning models write between `<think>` tags at the start of their output."""

    _OPEN = "<think>"

    def __init__(self) -> None:
        self._waiting = ""
        self._done = False

    def visible(self, delta: str) -> str:
        """What can be shown after `delta` came."""
        if self._done:
            return delta
        self._waiting += delta
        begun = self._waiting.lstrip()
        if self._OPEN.startswith(begun[: len(self._OPEN)]) and "</think>" not in begun:
            return ""
        return self.rest()

    def rest(self) -> str:
        """What was kept back and is not a thought."""
        waiting, self._waiting, self._done = self._waiting, "", True
        is_thought = waiting.lstrip().startswith(self._OPEN)
        return _THOUGHT.sub("", waiting.lstrip(), count=1) if is_thought else waiting
