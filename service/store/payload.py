"""The payload beside a vector, the same in every engine: what searches are restricted by.

tenant    who owns it            document   the document's id
live      the tenant, once promoted: searches ask for this alone
epoch     the highest that staged or promoted it; a chunk that has none is older than any
groups    who may read it, `+everyone` where the document names no group
source    the document's source
text.*  number.*  date.*   metadata by type, because an index serves one type
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from service.errors import InvalidFilter
from service.types import DocumentAttributes, Scalar

EVERYONE = "+everyone"
FIELD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
KINDS = ("text", "number", "date")

Payload = dict[str, object]


def payload(
    tenant: str, document_id: str, attributes: DocumentAttributes, epoch: int, *, live: bool
) -> Payload:
    """Everything beside one chunk's vectors."""
    changing = attributes_payload(tenant, attributes, epoch, live=live)
    return {"tenant": tenant, "document": document_id, **changing}


def attributes_payload(tenant: str, attributes: DocumentAttributes, epoch: int, *, live: bool) -> Payload:
    """The part that a promotion sets anew."""
    return {
        "live": tenant if live else "",
        "epoch": epoch,
        "groups": list(attributes.groups) or [EVERYONE],
        "source": attributes.source,
        **metadata_by_type(attributes),
    }


def metadata_by_type(attributes: DocumentAttributes) -> dict[str, dict[str, object]]:
    """The metadata under `text`, `number` and `date`.

    Raises:
        InvalidFilter: a field's name cannot be searched.
    """
    parts: dict[str, dict[str, object]] = {kind: {} for kind in KINDS}
    for name, value in attributes.metadata.items():
        for kind, typed in typed_values(value).items():
            parts[kind][checked_name(name)] = typed
    return parts


def checked_name(name: str) -> str:
    """`name`, if it can be a metadata field.

    Raises:
        InvalidFilter: it cannot.
    """
    if not FIELD_NAME.fullmatch(name):
        raise InvalidFilter(
            f"the metadata field {name[:80]!r} cannot be searched",
            hint="a field's name has 1 to 64 letters, digits, '_' and '-', and does not begin with '-'",
        )
    return name


def typed_values(value: Scalar | datetime) -> Mapping[str, object]:
    """A metadata value under every type it can be compared as; an ISO 8601 string is also a date."""
    if isinstance(value, bool):
        return {"text": "true" if value else "false"}
    if isinstance(value, int | float):
        return {"number": float(value)}
    if isinstance(value, datetime):
        return {"date": _rfc3339(value)}
    moment = as_moment(value)
    return {"text": value} if moment is None else {"text": value, "date": _rfc3339(moment)}


def as_moment(value: str) -> datetime | None:
    """An ISO 8601 date or time of the years 1 to 9999, in UTC, which a time without a zone is taken as."""
    if not re.match(r"\d{4}-\d{2}-\d{2}", value):
        return None
    try:
        if len(value) == 10:
            return datetime.combine(date.fromisoformat(value), time(), UTC)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _rfc3339(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
