"""Cursors: a position in a list, spelt so that nobody mistakes it for something to compute with."""

from __future__ import annotations

import base64
import binascii

from service.errors import InvalidInput
from service.storable import why_unstorable_text

MOST = 2**31 - 1
"""What a column of integers holds in PostgreSQL; a cursor with more is compared with none."""


def encoded(position: str) -> str:
    """The cursor of a position."""
    return base64.urlsafe_b64encode(position.encode()).decode()


def decoded(cursor: str) -> str:
    """The position of a cursor.

    Raises:
        InvalidInput: it was not given out here.
    """
    try:
        position = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise _foreign() from None
    if why_unstorable_text(position):
        raise _foreign()
    return position


def number_of(cursor: str, most: int = MOST) -> int:
    """The position of a cursor whose positions are numbers, of `most` at most.

    Raises:
        InvalidInput: it was not given out here.
    """
    position = decoded(cursor)
    if not position.isdecimal() or len(position) > len(str(most)) or int(position) > most:
        raise _foreign()
    return int(position)


def _foreign() -> InvalidInput:
    return InvalidInput("the cursor was not given out by this service")
