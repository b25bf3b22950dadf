"""Filters in Qdrant Edge's terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import qdrant_edge as edge

from service.errors import InvalidFilter
from service.store.payload import EVERYONE, as_moment, checked_name, typed_values
from service.types import Condition, Filters, Scalar, Scope

Restriction = (
    edge.FieldCondition
    | edge.IsEmptyCondition
    | edge.IsNullCondition
    | edge.HasIdCondition
    | edge.HasVectorCondition
    | edge.NestedCondition
    | edge.Filter
)


def keyword(key: str, value: str) -> edge.FieldCondition:
    """A keyword field equals `value`."""
    return edge.FieldCondition(key=key, match=edge.MatchValue(value))


def of_document(scope: Scope, document_id: str) -> edge.Filter:
    """All chunks of one document of the tenant."""
    return edge.Filter(must=[keyword("tenant", scope.tenant), keyword("document", document_id)])


def replaceable(epoch: int) -> edge.Filter:
    """The chunks that no higher epoch has written."""
    return edge.Filter(must_not=[edge.FieldCondition(key="epoch", range=edge.RangeFloat(gt=epoch))])


def of_writer(scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> edge.Filter:
    """Those of these chunks of the document that a writer of this epoch may change."""
    ids = edge.HasIdCondition(set(chunk_ids))
    return edge.Filter(must=[of_document(scope, document_id), ids, replaceable(epoch)])


def corpus(scope: Scope) -> edge.Filter:
    """The tenant's promoted chunks: what BM25's term statistics are taken over."""
    return edge.Filter(must=[keyword("live", scope.tenant)])


def promoted(scope: Scope, chunk_ids: Sequence[str]) -> edge.Filter:
    """Those of the chunks that searches see."""
    return edge.Filter(must=[keyword("live", scope.tenant), edge.HasIdCondition(set(chunk_ids))])


def searchable(scope: Scope, filters: Filters) -> edge.Filter:
    """The promoted chunks that this scope may read and the filters allow."""
    must: list[Restriction] = [keyword("live", scope.tenant)]
    if not scope.reads_everything:
        groups = [*sorted(scope.groups), EVERYONE]
        must.append(edge.FieldCondition(key="groups", match=edge.MatchAny(groups)))
    if filters.document_ids:
        must.append(edge.FieldCondition(key="document", match=edge.MatchAny(list(filters.document_ids))))
    if filters.source_prefix:
        must.append(edge.FieldCondition(key="source", match=edge.MatchPrefix(filters.source_prefix)))
    must.extend(_condition(condition) for condition in filters.metadata)
    return edge.Filter(must=must)


def _condition(condition: Condition) -> Restriction:
    name = checked_name(condition.field)
    if condition.op == "eq":
        return _equals(name, _single(condition))
    if condition.op == "in":
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        # An empty `should` would hold for everything; nothing is among no values.
        return edge.Filter(should=[_equals(name, value) for value in values] or [edge.HasIdCondition(set())])
    return _range(name, condition)


def _single(condition: Condition) -> Scalar | datetime:
    if isinstance(condition.value, tuple):
        raise InvalidFilter(f"the filter on {condition.field!r} compares one value, it was given a list")
    return condition.value


def _equals(name: str, value: Scalar | datetime) -> edge.FieldCondition:
    typed = typed_values(value)
    if "text" in typed:
        return keyword(f"text.{name}", str(typed["text"]))
    if "number" in typed:
        number = float(str(typed["number"]))
        return edge.FieldCondition(key=f"number.{name}", range=edge.RangeFloat(gte=number, lte=number))
    moment = str(typed["date"])
    return edge.FieldCondition(key=f"date.{name}", range=edge.RangeDateTime(gte=moment, lte=moment))


def _range(name: str, condition: Condition) -> edge.FieldCondition:
    value = _single(condition)
    moment = as_moment(value) if isinstance(value, str) else value
    if isinstance(moment, datetime):
        bound = str(typed_values(moment)["date"])
        return edge.FieldCondition(key=f"date.{name}", range=edge.RangeDateTime(**{condition.op: bound}))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidFilter(
            f"the filter on {name!r} needs a number or an ISO 8601 date for {condition.op!r}",
            hint='for example {"gte": 2024} or {"gte": "2024-01-01"}',
        )
    return edge.FieldCondition(key=f"number.{name}", range=edge.RangeFloat(**{condition.op: float(value)}))
