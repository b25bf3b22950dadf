"""Restrictions in Qdrant Edge's terms."""

from __future__ import annotations

import qdrant_edge as edge

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

EdgeCondition = (
    edge.FieldCondition
    | edge.IsEmptyCondition
    | edge.IsNullCondition
    | edge.HasIdCondition
    | edge.HasVectorCondition
    | edge.NestedCondition
    | edge.Filter
)


def edge_filter(restriction: AllOf) -> edge.Filter:
    """The same as a filter of the engine."""
    return edge.Filter(must=[_condition(part) for part in restriction.parts])


def _condition(restriction: Restriction) -> EdgeCondition:
    match restriction:
        case AllOf():
            return edge_filter(restriction)
        case AnyOf(parts):
            # An empty `should` would hold for everything.
            return edge.Filter(should=[_condition(part) for part in parts] or [edge.HasIdCondition(set())])
        case Not(part):
            return edge.Filter(must_not=[_condition(part)])
        case HasId(chunk_ids):
            return edge.HasIdCondition(set(chunk_ids))
        case _:
            return _field(restriction)


def _field(restriction: IsOneOf | BeginsWith | NumberWithin | MomentWithin) -> edge.FieldCondition:
    key = restriction.key
    match restriction:
        case IsOneOf(_, (value,)):
            return edge.FieldCondition(key=key, match=edge.MatchValue(value))
        case IsOneOf(_, values):
            return edge.FieldCondition(key=key, match=edge.MatchAny(list(values)))
        case BeginsWith(_, prefix):
            return edge.FieldCondition(key=key, match=edge.MatchPrefix(prefix))
        case NumberWithin(_, numbers):
            return edge.FieldCondition(key=key, range=edge.RangeFloat(**numbers))
        case MomentWithin(_, moments):
            return edge.FieldCondition(key=key, range=edge.RangeDateTime(**moments))
