"""E-mail addresses, phone numbers, IBANs, payment cards and IP addresses, as Presidio recognises them.

Its recognisers are asked one by one, without the language pipeline of its engine, which they do not need: a
text of 8,500 characters takes some 15 ms so, and 400 ms with it. Importing Presidio takes five seconds of
processor time and 400 MB, as it brings spaCy along, and that torch: so only who masks imports it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from service.errors import Misconfigured
from service.masking.found import Found, Kind

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "CH", "AT", "IN", "BR")
"""Where a number without a country's prefix may be from; one with it is known from everywhere."""
LENIENCY = 2
"""Numbers that exist, grouped as is usual (phonenumbers' STRICT_GROUPING): at 1 dates are taken for them."""

WINDOW, OVERLAP = 4_000, 100
"""Characters that are looked through at a time, and how many of them twice: with the number of finds in one
look Presidio's time grows by the square. Nothing that it finds is longer than the overlap."""

# Presidio's own looks for a list of public domains in the network, leaves out those of a company's own
# network, and takes time that grows with the square of a long word.
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@\w(?:[\w-]{0,62}\w)?(?:\.\w(?:[\w-]{0,62}\w)?){0,8}"
)

_DIGITS = re.compile(r"\d(?:[^\d\n]{0,4}\d){6}")
"""What every number of a phone, a card or an account holds."""
_ADDRESSES = re.compile(r"\d\.\d|:[0-9A-Fa-f]{0,4}:")
"""What every IP address holds."""

_NO_PIPELINE: Any = None
"""In place of what a language pipeline would have found, which these recognisers do not look at."""

Recogniser = tuple[Kind, "EntityRecognizer", Callable[[str], object]]
"""Its kind, itself, and whether a text may hold something of it: a quick look that spares a long one."""


class Personal:
    """Finds personal data.

    Raises:
        Misconfigured: Presidio is not installed.
    """

    def __init__(self) -> None:
        self._recognisers = _recognisers()

    def __call__(self, text: str) -> Iterator[Found]:
        """Every find in a text; they may overlap."""
        yield from (Found("email", *match.span()) for match in _EMAIL.finditer(text))
        for start in range(0, len(text), WINDOW - OVERLAP):
            window = text[start : start + WINDOW]
            for found in self._in_window(window):
                yield Found(found.kind, start + found.start, start + found.end)

    def _in_window(self, text: str) -> Iterator[Found]:
        for kind, recogniser, may_hold in self._recognisers:
            if may_hold(text):
                found = recogniser.analyze(text, recogniser.supported_entities, _NO_PIPELINE)
                yield from (Found(kind, one.start, one.end) for one in found if one.score > 0)


def _recognisers() -> tuple[Recogniser, ...]:
    try:
        from presidio_analyzer.predefined_recognizers import (
            CreditCardRecognizer,
            IbanRecognizer,
            IpRecognizer,
            PhoneRecognizer,
        )
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"Personal data can be masked only with {error.name}, which is not installed.",
            hint="pip install 'footnote[tracing]'",
        ) from error
    phone = PhoneRecognizer(supported_regions=REGIONS, leniency=LENIENCY)
    return (
        ("iban", IbanRecognizer(), _DIGITS.search),
        ("card", CreditCardRecognizer(), _DIGITS.search),
        ("ip", IpRecognizer(), _ADDRESSES.search),
        ("phone", phone, _DIGITS.search),
    )
