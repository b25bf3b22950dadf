"""A spreadsheet cell's value as its number format shows it, but dates in ISO 8601."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_DECIMALS = re.compile(r"0\.(0+)")


def shown(value: object, number_format: str = "General") -> str:
    """The text of a cell.

    >>> shown(3.0), shown(0.125, "0.0%"), shown(1234567.5, "#,##0.00"), shown(True)
    ('3', '12.5%', '1,234,567.50', 'TRUE')
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, number_format)
    if isinstance(value, datetime):
        is_date = value.time() == time()
        return value.date().isoformat() if is_date else value.replace(microsecond=0).isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _number(value: float, number_format: str) -> str:
    section = _QUOTED.sub("", number_format.split(";")[0])
    if "%" in section:
        return f"{value * 100:.{_decimals(section)}f}%"
    if section.lower() == "general" or not any(sign in section for sign in "0#"):
        return _plain(value)
    if "e" in section.lower() or "/" in section or "?" in section:
        return _plain(value)
    comma = "," if "#,##0" in section or "0,000" in section else ""
    if "." not in section:
        return f"{value:{comma}.0f}" if "0" in section else _plain(value)
    if not _DECIMALS.search(section):
        return _plain(value)
    return f"{value:{comma}.{_decimals(section)}f}"


def _decimals(section: str) -> int:
    found = _DECIMALS.search(section)
    return len(found.group(1)) if found else 0


def _plain(value: float) -> str:
    """Whole numbers without a point, others with at most the 15 digits that a spreadsheet keeps."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return format(value, ".15g")
