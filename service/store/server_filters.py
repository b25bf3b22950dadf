"""Restrictions in the terms of a Qdrant server."""

from __future__ import annotations

from qdrant_client import models

from service.store.restrictions import (
    AllOf,
    AnyOf,
    BeginsWith,
    HasId,
    IsOneOf,
    MomentWithin,
    Not,
    NumberWithin,
    Restriction,
)


def server_filter(restriction: AllOf) -> models.Filter:
    """The same as a filter of the server."""
    return models.Filter(must=[_condition(part) for part in restriction.parts])


def _condition(restriction: Restriction) -> models.Condition:
    match restriction:
        case AllOf():
            return server_filter(restriction)
        case AnyOf(parts):
            # An empty `should` would hold for everything.
            return models.Filter(
                should=[_condition(part) for part in parts] or [models.HasIdCondition(has_id=[])]
            )
        case Not(part):
            return models.Filter(must_not=[_condition(part)])
        case HasId(chunk_ids):
            return models.HasIdCondition(has_id=sorted(chunk_ids))
        case _:
            return _field(restriction)


def _field(restriction: IsOneOf | BeginsWith | NumberWithin | MomentWithin) -> models.FieldCondition:
    key = restriction.key
    match restriction:
        case IsOneOf(_, (value,)):
            return models.FieldCondition(key=key, match=models.MatchValue(value=value))
        case IsOneOf(_, values):
            return models.FieldCondition(key=key, match=models.MatchAny(any=list(values)))
        case BeginsWith(_, prefix):
            return models.FieldCondition(key=key, match=models.MatchPrefix(prefix=prefix))
        case NumberWithin(_, numbers):
            return models.FieldCondition(key=key, range=models.Range(**numbers))
        case MomentWithin(_, moments):
            return models.FieldCondition(key=key, range=models.DatetimeRange(**moments))
