"""What must be found by whom, told from what was done: the model beside which an installation is held."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from tests.fakes_core import sections

Place = tuple[str, str]
"""A tenant, and the name of one of its documents."""
Editions = frozenset[int | None]
"""Those of a document that may be found at one moment, None for nothing of it."""
NOTHING: Editions = frozenset({None})
WORDS = re.compile(r"Pump (\w+)/([\w.]+) of edition (\d+)\.")


class Model:
    """Every document that there may be. Each is changed by one thread, and looked at by many.

    Args:
        tenants: that there are.
        sources: the names of documents, the same for each tenant.
        parts: how many chunks a document has.
    """

    def __init__(self, tenants: Iterable[str], sources: Iterable[str], parts: int) -> None:
        self.sources = tuple(sources)
        self._parts = parts
        self._history = {(tenant, source): [NOTHING] for tenant in tenants for source in self.sources}
        self._ends: dict[Place, Editions] = dict.fromkeys(self._history, NOTHING)
        self._editions: Counter[Place] = Counter()

    def next_edition(self, place: Place) -> str:
        """The text of one that nobody has seen; it may be found from now on, and what was before as well."""
        self._editions[place] = edition = self._editions[place] + 1
        self._may(place, self.now(place) | {edition})
        self._ends[place] = frozenset({edition})
        tenant, source = place
        said = f"Pump {tenant}/{source} of edition {edition}."
        return sections(**{f"Part_{n}": f"{said} has a part {n} of steel." for n in range(self._parts)})

    def may_go(self, place: Place) -> None:
        """A delete begins, of which nobody knows yet whether it gets anywhere."""
        self._may(place, self.now(place) | NOTHING)
        self._ends[place] |= NOTHING

    def gone(self, place: Place) -> None:
        """A delete was confirmed."""
        self._may(place, NOTHING)
        self._ends[place] = NOTHING

    def settle(self) -> None:
        """Everything was worked off: what was uploaded last is there."""
        for place, editions in self._ends.items():
            self._may(place, editions)

    def now(self, place: Place) -> Editions:
        """What may be found of it now."""
        return self._history[place][-1]

    def moment(self) -> Mapping[Place, int]:
        """To be given to `check` with what was found since."""
        return {place: len(states) - 1 for place, states in self._history.items()}

    def check(
        self, tenant: str, texts: Iterable[str], since: Mapping[Place, int], *, all_of_it: bool
    ) -> None:
        """Every text is the tenant's and of an edition that could be found since that moment.

        With `all_of_it`, each document was found whole, in one edition, unless there could be none of it.
        """
        seen: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for text in texts:
            (whose, source, edition), *_ = WORDS.findall(text)
            assert whose == tenant, f"{tenant} is shown {text!r}"
            seen[source][int(edition)] += 1
        for source in self.sources:
            place = tenant, source
            may = frozenset().union(*self._history[place][since[place] :])
            assert seen[source].keys() <= may, f"{place}: {seen[source]} found where {may} may be"
            if all_of_it:
                whole = [Counter() if one is None else Counter({one: self._parts}) for one in may]
                assert seen[source] in whole, f"{place}: {seen[source]} found, none of {whole}"

    def _may(self, place: Place, editions: Editions) -> None:
        self._history[place].append(editions)
