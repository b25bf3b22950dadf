"""A share of users is answered by the candidate, always the same ones."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from service.catalogue.variants import Side
from service.types import Event, Finished, Query, Scope
from service.variants.measures import FAILED, measures_of
from service.variants.trial import Trial


class Asked(Protocol):
    """Whatever answers."""

    def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        """The events of `Pipeline.stream`."""
        ...


class Canary(Asked):
    """Asks the candidate for its users, and what is in force for all others; both are measured.

    Args:
        served: what is in force.
        candidate: what is tried.
        trial: ends it; from then on what is in force answers everybody, and nothing is measured.
        share: of the users.
    """

    def __init__(self, served: Asked, candidate: Asked, trial: Trial, share: float) -> None:
        self._served = served
        self._candidate = candidate
        self._trial = trial
        self._share = share

    async def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        """The events of whichever answers this user; the answer says so."""
        runs = self._trial.runs
        chosen = runs and is_chosen(scope, self._trial.name, self._share)
        side: Side = "candidate" if chosen else "served"
        try:
            async with aclosing((self._candidate if chosen else self._served).stream(scope, query)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        if runs:
                            self._trial.observe(side, measures_of(event.answer))
                        if chosen:
                            event = Finished(dataclasses.replace(event.answer, variant=self._trial.name))
                    yield event
        except Exception:
            if runs:
                self._trial.observe(side, FAILED)
            raise


def is_chosen(scope: Scope, variant: str, share: float) -> bool:
    """Whether a user is among the share, by a hash of who he is: by his key, which a request cannot choose.

    Another variant has other users.
    """
    user = "\0".join((variant, scope.tenant, scope.user))
    drawn = int.from_bytes(hashlib.sha256(user.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return drawn < share * 2**64
