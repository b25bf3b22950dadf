"""Generate: sentences from the passages, each with the passage that it rests on: as `[n]`, or quoted.

chat.py        a language model behind any OpenAI-compatible URL, streamed
completion.py  its stream, event by event
thoughts.py    what it only thinks is left out
extractive.py  verbatim sentences from the passages; needs no language model
select.py      which sentences those are
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from service.types import Context, Draft, Question


class Generator(Protocol):
    """Writes an answer from numbered passages."""

    @property
    def model(self) -> str:
        """The name to show beside the answer."""
        ...

    @property
    def llm(self) -> bool:
        """Whether a language model writes the words."""
        ...

    def generate(self, question: Question, context: Context) -> AsyncGenerator[Draft, None]:
        """Yields text as it comes or quotations, then one `Draft` with the usage.

        Raises `GeneratorUnavailable` when the model does not answer and `DeadlineExceeded` when it is late.
        """
        ...

    def check(self) -> str:
        """Says which model writes; takes a few seconds at most.

        Raises `GeneratorUnavailable` or `Misconfigured` when it could not write now.
        """
        ...

    async def aclose(self) -> None:
        """Lets go of connections."""
        ...
