"""What a search is restricted to, in words of our own that each engine puts into its own.

The payload's fields are those of `payload.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.errors import InvalidFilter
from service.store.payload import EVERYONE, as_moment, checked_name, typed_values
from service.types import Condition, Filters, Scalar, Scope


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """A keyword field has one of these values."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BeginsWith:
    """A keyword field begins with this."""

    key: str
    prefix: str


@dataclass(frozen=True, slots=True)
class NumberWithin:
    """A number lies within all bounds, by operator: `gt gte lt lte`."""

    key: str
    bounds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MomentWithin:
    """A moment, in RFC 3339, lies within all bounds, by operator."""

    key: str
    bounds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HasId:
    """It is one of these chunks."""

    chunk_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the parts holds; of no parts, none does."""

    parts: tuple[Restriction, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold, for example because the field is not there."""

    part: Restriction


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of the parts hold."""

    parts: tuple[Restriction, ...]


Restriction = IsOneOf | BeginsWith | NumberWithin | MomentWithin | HasId | AnyOf | Not | AllOf


def of_tenant(scope: Scope) -> AllOf:
    """All chunks of the tenant."""
    return AllOf((_is("tenant", scope.tenant),))


def of_document(scope: Scope, document_id: str) -> AllOf:
    """All chunks of one document of the tenant."""
    return AllOf((_is("tenant", scope.tenant), _is("document", document_id)))


def replaceable(epoch: int) -> AllOf:
    """The chunks that no higher epoch has written."""
    return AllOf((Not(NumberWithin("epoch", {"gt": epoch})),))


def of_document_until(scope: Scope, document_id: str, epoch: int) -> AllOf:
    """All chunks of one document that no higher epoch has written."""
    return AllOf((*of_document(scope, document_id).parts, *replaceable(epoch).parts))


def of_writer(scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> AllOf:
    """Those of these chunks of the document that a writer of this epoch may change."""
    ids = HasId(frozenset(chunk_ids))
    return AllOf((*of_document(scope, document_id).parts, ids, *replaceable(epoch).parts))


def corpus(scope: Scope) -> AllOf:
    """The tenant's promoted chunks: what BM25's term statistics are taken over."""
    return AllOf((_is("live", scope.tenant),))


def promoted(scope: Scope, chunk_ids: Sequence[str]) -> AllOf:
    """Those of the chunks that searches see."""
    return AllOf((_is("live", scope.tenant), HasId(frozenset(chunk_ids))))


def searchable(scope: Scope, filters: Filters) -> AllOf:
    """The promoted chunks that this scope may read and the filters allow.

    Raises:
        InvalidFilter: a metadata field's name cannot be searched, or not so.
    """
    parts: list[Restriction] = [_is("live", scope.tenant)]
    if not scope.reads_everything:
        parts.append(IsOneOf("groups", (*sorted(scope.groups), EVERYONE)))
    if filters.document_ids:
        parts.append(IsOneOf("document", filters.document_ids))
    if filters.source_prefix:
        parts.append(BeginsWith("source", filters.source_prefix))
    parts.extend(_condition(condition) for condition in filters.metadata)
    return AllOf(tuple(parts))


def _is(key: str, value: str) -> IsOneOf:
    return IsOneOf(key, (value,))


def _condition(condition: Condition) -> Restriction:
    name = checked_name(condition.field)
    if condition.op == "eq":
        return _equals(name, _single(condition))
    if condition.op == "in":
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        return AnyOf(tuple(_equals(name, value) for value in values))
    return _range(name, condition)


def _single(condition: Condition) -> Scalar | datetime:
    if isinstance(condition.value, tuple):
        raise InvalidFilter(f"the filter on {condition.field!r} compares one value, it was given a list")
    return condition.value


def _equals(name: str, value: Scalar | datetime) -> Restriction:
    typed = typed_values(value)
    if "text" in typed:
        return _is(f"text.{name}", str(typed["text"]))
    if "number" in typed:
        number = float(str(typed["number"]))
        return NumberWithin(f"number.{name}", {"gte": number, "lte": number})
    moment = str(typed["date"])
    return MomentWithin(f"date.{name}", {"gte": moment, "lte": moment})


def _range(name: str, condition: Condition) -> Restriction:
    value = _single(condition)
    moment = as_moment(value) if isinstance(value, str) else value
    if isinstance(moment, datetime):
        return MomentWithin(f"date.{name}", {condition.op: str(typed_values(moment)["date"])})
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidFilter(
            f"the filter on {name!r} needs a number or an ISO 8601 date for {condition.op!r}",
            hint='for example {"gte": 2024} or {"gte": "2024-01-01"}',
        )
    return NumberWithin(f"number.{name}", {condition.op: float(value)})
