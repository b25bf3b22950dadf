"""Addresses that try many keys are not listened to for a while.

Written out: it counts failures alone, and holds a bounded number of addresses, however many there are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

WINDOW_S = 60.0
MAX_ADDRESSES = 10_000
"""Whose failures are remembered; beyond them those are forgotten that began first."""
NETWORK_BITS = 64
"""Of an IPv6 address: whoever has one has all of its network."""


class Failures:
    """Failures of each address within a minute that begins with the first.

    Args:
        most: how many there may be.
        clock: seconds that only grow.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Whether the address has had its failures for now."""
        began, count = self._counted.get(_network(address), (0.0, 0))
        return count >= self._most and self._clock() < began + WINDOW_S

    def add(self, address: str) -> None:
        """One more failure of the address."""
        network, moment = _network(address), self._clock()
        began, count = self._counted.get(network, (moment, 0))
        if moment >= began + WINDOW_S:
            began, count = moment, 0
            self._counted.pop(network, None)
        self._counted[network] = (began, count + 1)
        if len(self._counted) > MAX_ADDRESSES:
            self._counted.popitem(last=False)


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address  # a test's client, or a socket of this machine
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(int(parsed) >> (128 - NETWORK_BITS))
    return str(parsed)
