"""E-mail addresses, phone numbers, IBANs, payment cards and IP addresses.

What has a check digit or a structure is looked for by its form and then checked: phone numbers by Google's
phonenumbers, IBANs and cards by python-stdnum, IP addresses by Python itself. Presidio, which has the same
checks, brings spaCy along and with it torch where there is one: 6 s of processor time and 430 MB at import,
where these take .1 s and 10 MB.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from service.errors import Misconfigured
from service.masking.found import Found

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "CH", "AT", "IN", "BR")
"""Where a number without a country's prefix may be from; one with it is known from everywhere."""

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@\w(?:[\w-]{0,62}\w)?(?:\.\w(?:[\w-]{0,62}\w)?){0,8}"
)

# Groups of four or none (ISO 13616). Seen ahead only, so that what is none hides none that begins in it.
_IBAN = re.compile(
    r"(?<![A-Z0-9])(?=([A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?)(?![A-Z0-9]))", re.I
)

# The lengths and groups in which cards are printed (ISO/IEC 7812): 16 or 19 digits by four, American Express
# and Diners Club 4-6-5 and 4-6-4. Not the digits of a decimal.
_CARD = re.compile(
    r"(?<!\w)(?<!\d\.)(?:[2-6]\d{3}(?:[ -]?\d{4}){3}(?:[ -]?\d{3})?|3\d{3}[ -]?\d{6}[ -]?\d{4,5})(?!\w)"
)

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?!\w|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:\.\d{1,3}){0,3}(?:%\w{1,16})?(?:/\d{1,3})?(?!\w)"
)

_LINE = re.compile(r"[^\n]+")
_DIGITS = re.compile(r"\d(?:\D{0,4}\d){6}")
"""What every phone number holds: a quick look that spares most lines a long one."""


class Personal:
    """Finds personal data.

    Raises:
        Misconfigured: what checks the numbers is not installed.
    """

    def __init__(self) -> None:
        try:
            import phonenumbers
            from stdnum import iban, luhn
        except ModuleNotFoundError as error:
            raise Misconfigured(
                f"Personal data can be masked only with {error.name}, which is not installed.",
                hint="pip install 'footnote[tracing]'",
            ) from error
        self._phones = phonenumbers
        self._iban, self._luhn = iban, luhn

    def __call__(self, text: str) -> Iterator[Found]:
        """Every find in a text; they may overlap."""
        yield from (Found("email", *match.span()) for match in _EMAIL.finditer(text))
        yield from self._ibans(text)
        for match in _CARD.finditer(text):
            if self._luhn.is_valid(re.sub("[ -]", "", match[0])):
                yield Found("card", *match.span())
        yield from _addresses(text)
        yield from self._numbers(text)

    def _ibans(self, text: str) -> Iterator[Found]:
        """Of each place that looks like one the longest that is one: words may follow in groups of four."""
        for match in _IBAN.finditer(text):
            start, candidate = match.start(1), match[1]
            ends = [gap.start() for gap in re.finditer("[ -]|$", candidate)]
            for end in reversed(ends):
                if self._iban.is_valid(candidate[:end], check_country=False):
                    yield Found("iban", start, start + end)
                    break

    def _numbers(self, text: str) -> Iterator[Found]:
        """Numbers that exist, grouped as is usual: with less, dates are taken for them."""
        grouped = self._phones.Leniency.STRICT_GROUPING
        for line in _LINE.finditer(text):
            for region in REGIONS if _DIGITS.search(line[0]) else ():
                for match in self._phones.PhoneNumberMatcher(line[0], region, grouped):
                    yield Found("phone", line.start() + match.start, line.start() + match.end)


def _addresses(text: str) -> Iterator[Found]:
    for match in _IPV4.finditer(text):
        if _is_address(match[0]):
            yield Found("ip", *match.span())
    for match in _IPV6.finditer(text):
        # A colon may be the sentence's, and words of hexadecimal letters with colons are some program's.
        for address in (match[0], match[0].removesuffix(":")):
            if re.search(r"\d", address) and _is_address(address):
                yield Found("ip", match.start(), match.start() + len(address))
                break


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True
