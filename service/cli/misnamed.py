"""Settings that there are not, told by the name under which they were given, with the one that was meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from pydantic import BaseModel

from service.settings import Settings

PREFIX = "FOOTNOTE_"
NOT_OURS = frozenset({"config", "judge"})
"""What else is given with the prefix: the settings' file, and the judge of evaluations."""
ALIKE = 0.6
"""How like a known name one must be to be meant by it, as `difflib` counts: its own default."""


def misnamed_variable() -> str | None:
    """What to say of an environment variable that nearly names a setting or section; it would be ignored."""
    known = list(Settings.model_fields)
    for variable in sorted(os.environ):
        name, delimiter, rest = variable.lower().removeprefix(PREFIX.lower()).partition("__")
        if not variable.upper().startswith(PREFIX) or name in NOT_OURS or name in known:
            continue
        if close := get_close_matches(name, known, 1, ALIKE):
            return _told(variable, f"{PREFIX}{(close[0] + delimiter + rest).upper()}")
    return None


def unknown_setting(place: Sequence[str]) -> str:
    """What to say of a setting that its section does not have."""
    close = get_close_matches(".".join(place), list(_names(Settings)), 1, ALIKE)
    given = _variable(".".join(place))
    if given in {name.upper() for name in os.environ}:
        return _told(given, *map(_variable, close))
    return _told(".".join(place), *close)


def _told(given: str, meant: str = "") -> str:
    return f"unknown setting {given}" + (f" (did you mean {meant}?)" if meant else "")


def _variable(name: str) -> str:
    return PREFIX + name.replace(".", "__").upper()


def _names(section: type[BaseModel], before: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield before + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _names(field.annotation, f"{before}{name}.")
