"""cache: answers kept for whoever asks the same again.

An answer is found only under all that shaped it (`key.py`): the question, who may read what, the state of the
tenant's corpus, the models and the settings. So nothing has to be taken out for a cache to be right, and what
nobody can ask for any more goes with its time.

    key.py       the key                         entry.py      an answer as JSON, and back
    memory.py    in this process                 shared.py     in Redis, for all processes
    flights.py   one piece of work, watched by   vectors.py    the vectors of texts that were just embedded
                 all who want its result
"""

from __future__ import annotations

from typing import Protocol

from service.cache.key import Key
from service.types import Answer, Scope

__all__ = ["AnswerCache", "Key"]


class AnswerCache(Protocol):
    """Keeps answers for a while; safe to use from several threads, and never the reason of an error."""

    is_here: bool
    """Whether it answers at once, so that no thread has to wait for it."""

    def get(self, key: Key) -> Answer | None:
        """The answer as it was put, less the token vectors of its hits; None where there is none."""
        ...

    def put(self, key: Key, answer: Answer) -> None:
        """Keeps an answer, for `cache.ttl_s` at most."""
        ...

    def begin(self, key: Key) -> bool:
        """Whether the caller is to work on this; else another process is, for `cache.lease_s` at most.

        Who is told to work says `end` when it is done.
        """
        ...

    def end(self, key: Key) -> None:
        """The caller does not work on this any more."""
        ...

    def drop(self, scope: Scope) -> int | None:
        """Removes all answers of the scope's tenant; how many there were.

        Where they cannot be reached now (None) they go as soon as they can, with their time at the latest.
        """
        ...

    def count_quoting(self, scope: Scope, document_id: str) -> int | None:
        """How many answers of the scope's tenant name the document; None where they cannot be reached now."""
        ...
