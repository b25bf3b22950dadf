"""The secret of an API key: what it looks like, and what is kept of it.

`fn_`, 32 random characters and 6 that check them, all of the 62 letters and digits: recognisable to who scans
repositories for secrets, and a mistyped one is told without a look at the database. The form is that of
GitHub's tokens. 190 random bits cannot be guessed, so a plain SHA-256 of them is safe to keep.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

MARK = "fn_"
RANDOM_CHARACTERS = 32
"""190 bits; without those that are shown in lists still 166."""
SHOWN_CHARACTERS = 4
CHECK_CHARACTERS = 6
"""A CRC-32 in base 62."""

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_FORM = re.compile(rf"{MARK}([0-9A-Za-z]{{{RANDOM_CHARACTERS}}})([0-9A-Za-z]{{{CHECK_CHARACTERS}}})")


def new_secret() -> str:
    """A secret that nobody has had before."""
    random = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return f"{MARK}{random}{_check(random)}"


def is_well_formed(text: str) -> bool:
    """Whether `text` can be a secret that was given out: mistyped ones, all but one in four thousand
    million, cannot.
    """
    found = _FORM.fullmatch(text)
    return found is not None and _check(found[1]) == found[2]


def hash_of(secret: str) -> str:
    """What is kept of a secret: its SHA-256, as hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def prefix_of(secret: str) -> str:
    """What is shown of a secret in lists."""
    return secret[: len(MARK) + SHOWN_CHARACTERS]


def _check(random: str) -> str:
    number = zlib.crc32(random.encode())
    digits = []
    for _ in range(CHECK_CHARACTERS):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
