"""What was decided of a variant, known to every process within seconds, and what its canary shows."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from service.background import repeating
from service.catalogue.keeping import Keeper
from service.catalogue.variants import Side, SumsOfSides, Variants
from service.records import Sums, VariantState
from service.variants.measures import Compared, compared, told
from service.variants.sequential import plus

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
"""What one process decides the others know within so many seconds; so does what an operator decides."""

Observation = tuple[Side, Mapping[str, float]]


class Trial:
    """One variant on trial; safe to use from any thread.

    Args:
        variants: where what is decided is known to all processes.
        name: the variant's.
        fingerprint: of its settings; with others it is another one.
    """

    def __init__(self, variants: Variants, name: str, fingerprint: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self._variants = variants
        self.state: VariantState = variants.begin(name, fingerprint).state
        self._keeper = Keeper[Observation](self._add, "observations of variants")

    @property
    def runs(self) -> bool:
        """Whether it is neither stopped nor taken back, as far as this process knows."""
        return self.state == "running"

    def observe(self, side: Side, measures: Mapping[str, float]) -> None:
        """Leaves to be counted what was seen of one question; returns at once."""
        self._keeper.keep((side, measures))

    def look(self) -> None:
        """Looks whether it still runs, and takes it back where it has turned out worse.

        Raises:
            CatalogueUnavailable: nothing can be seen; it stays as it was.
        """
        self._keeper.flush()
        self.state = self._variants.get(self.name, self.fingerprint).state
        if not self.runs:
            return
        seen = self._variants.sums(self.name, self.fingerprint)
        if worse := [one for one in compared_sides(seen) if one.worse]:
            reason = told(worse)
            if self._variants.take_back(self.name, self.fingerprint, reason):
                log.error("the variant was taken back", extra={"variant": self.name, "reason": reason})
            self.state = self._variants.get(self.name, self.fingerprint).state

    @contextmanager
    def running(self) -> Iterator[None]:
        """Counts and looks until the block ends."""
        with self._keeper.running(), repeating(self.look, LOOK_EVERY_S, "looking at variants"):
            yield

    def _add(self, batch: Sequence[Observation]) -> None:
        seen: dict[tuple[Side, str], Sums] = {}
        for side, measures in batch:
            for measure, value in measures.items():
                seen[side, measure] = plus(seen.get((side, measure), Sums()), value)
        self._variants.add(self.name, self.fingerprint, seen)


def compared_sides(seen: SumsOfSides) -> list[Compared]:
    """What is known of both sides, measure by measure."""
    served = {measure: sums for (side, measure), sums in seen.items() if side == "served"}
    candidate = {measure: sums for (side, measure), sums in seen.items() if side == "candidate"}
    return compared(served, candidate)
