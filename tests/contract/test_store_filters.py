"""What every vector store's filters mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from service.errors import InvalidFilter
from service.store import Store
from service.types import Condition, DocumentAttributes, Filters, Scalar
from tests.contract.stores import ACME, GLOBEX, add, found, where

FACTS: dict[str, dict[str, Scalar]] = {
    "old": {"year": 2022, "team": "support", "date": "2022-05-01", "draft": False, "price": 9.5},
    "mid": {"year": 2023, "team": "sales", "date": "2023-05-01", "draft": False, "price": 10},
    "new": {"year": 2024, "team": "board", "date": "2024-05-01T12:00:00+02:00", "draft": True, "price": 10.5},
    "bare": {},
}


@pytest.fixture(scope="module")
def filled(shared_store: Store) -> Store:
    return _fill(shared_store)


def _fill(store: Store) -> Store:
    for name, metadata in FACTS.items():
        add(
            store,
            ACME,
            name,
            "the pump hums",
            attributes=DocumentAttributes(f"policies/{name}.md", (), metadata),
        )
    add(
        store,
        GLOBEX,
        "foreign",
        "the pump hums",
        attributes=DocumentAttributes("policies/x.md", (), {"year": 2024}),
    )
    return store


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("team", "eq", "sales"), {"mid"}),
        (Condition("team", "eq", "Sales"), set()),
        (Condition("year", "eq", 2023), {"mid"}),
        (Condition("year", "eq", 2023.0), {"mid"}),
        (Condition("year", "eq", "2023"), set()),
        (Condition("price", "eq", 9.5), {"old"}),
        (Condition("draft", "eq", True), {"new"}),
        (Condition("draft", "eq", False), {"old", "mid"}),
        (Condition("date", "eq", "2023-05-01"), {"mid"}),
        (Condition("date", "eq", datetime(2023, 5, 1, tzinfo=UTC)), {"mid"}),
        (Condition("nobody-has-it", "eq", 1), set()),
    ],
)
def test_eq_compares_values_of_one_type(filled: Store, condition: Condition, expected: set[str]) -> None:
    assert found(filled, ACME, filters=where(condition)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("team", "in", ("sales", "board")), {"mid", "new"}),
        (Condition("team", "in", ("sales",)), {"mid"}),
        (Condition("year", "in", (2022, 2024)), {"old", "new"}),
        (Condition("year", "in", ("sales", 2024)), {"new"}),
        (Condition("team", "in", ()), set()),
    ],
)
def test_in_holds_for_any_of_the_values(filled: Store, condition: Condition, expected: set[str]) -> None:
    assert found(filled, ACME, filters=where(condition)) == expected


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("gt", 2022, {"mid", "new"}),
        ("gte", 2022, {"old", "mid", "new"}),
        ("lt", 2024, {"old", "mid"}),
        ("lte", 2022.5, {"old"}),
    ],
)
def test_a_range_compares_numbers(filled: Store, op: str, value: float, expected: set[str]) -> None:
    condition = Condition("year", op, value)  # type: ignore[arg-type]
    assert found(filled, ACME, filters=where(condition)) == expected


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("gt", "2022-05-01", {"mid", "new"}),
        ("gte", "2022-05-01", {"old", "mid", "new"}),
        ("lt", datetime(2024, 5, 1, 10, tzinfo=UTC), {"old", "mid"}),
        ("lte", datetime(2024, 5, 1, 10, tzinfo=UTC), {"old", "mid", "new"}),
        ("lt", "2024-05-01T10:00:00", {"old", "mid"}),
        ("lte", datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))), {"old", "mid", "new"}),
    ],
)
def test_a_range_compares_moments_whatever_zone_they_are_given_in(
    filled: Store, op: str, value: str | datetime, expected: set[str]
) -> None:
    condition = Condition("date", op, value)  # type: ignore[arg-type]
    assert found(filled, ACME, filters=where(condition)) == expected


def test_a_range_without_a_number_or_date_is_refused(filled: Store) -> None:
    for value in ("sales", True):
        with pytest.raises(InvalidFilter, match="number or an ISO 8601 date"):
            found(filled, ACME, filters=where(Condition("year", "gt", value)))


def test_documents_are_named_by_their_ids(filled: Store) -> None:
    assert found(filled, ACME, filters=Filters(document_ids=("old", "bare", "foreign"))) == {"old", "bare"}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("policies/", {"old", "mid", "new", "bare"}),
        ("policies/n", {"new"}),
        ("olicies/", set()),
        ("policies/new.md", {"new"}),
        ("Policies/", set()),
    ],
)
def test_a_source_prefix_holds_from_the_first_character(
    filled: Store, prefix: str, expected: set[str]
) -> None:
    assert found(filled, ACME, filters=Filters(source_prefix=prefix)) == expected


def test_all_parts_of_a_filter_must_hold(filled: Store) -> None:
    filters = Filters(
        document_ids=("old", "mid", "bare"),
        source_prefix="policies/",
        metadata=(
            Condition("year", "gte", 2022),
            Condition("year", "lt", 2024),
            Condition("price", "lt", 10),
        ),
    )
    assert found(filled, ACME, filters=filters) == {"old"}


@pytest.mark.parametrize("name", ["", "a.b", "-a", "a b", "ä", "a[]", "a" * 65, 'a"', "tenant.x", "a\n"])
def test_a_field_name_that_is_no_plain_word_is_refused(filled: Store, name: str) -> None:
    with pytest.raises(InvalidFilter):
        found(filled, ACME, filters=where(Condition(name, "eq", 1)))
    with pytest.raises(InvalidFilter):
        add(filled, ACME, "odd", "text", attributes=DocumentAttributes("odd", (), {name: 1}))


@pytest.mark.parametrize("name", ["tenant", "live", "groups", "document", "source", "number", "0", "a-b_c"])
def test_a_field_may_have_any_plain_name_and_never_meets_the_stores_own(store: Store, name: str) -> None:
    _fill(store)
    add(store, ACME, "odd", "the pump hums", attributes=DocumentAttributes("odd", (), {name: "globex"}))
    assert found(store, ACME, filters=where(Condition(name, "eq", "globex"))) == {"odd"}
    assert found(store, GLOBEX) == {"foreign"}


def test_one_field_may_hold_values_of_several_types(store: Store) -> None:
    _fill(store)
    add(store, ACME, "text", "the pump hums", attributes=DocumentAttributes("text", (), {"year": "unknown"}))
    assert found(store, ACME, filters=where(Condition("year", "gte", 2024))) == {"new"}
    assert found(store, ACME, filters=where(Condition("year", "eq", "unknown"))) == {"text"}


def test_a_promotion_leaves_no_fact_of_before(store: Store) -> None:
    _fill(store)
    ids = sorted(store.chunk_ids(ACME, "new"))
    store.promote(ACME, "new", DocumentAttributes("other/new.md", (), {"year": 2025}), ids, 1)
    assert found(store, ACME, filters=where(Condition("year", "eq", 2024))) == set()
    assert found(store, ACME, filters=where(Condition("team", "eq", "board"))) == set()
    assert found(store, ACME, filters=where(Condition("year", "eq", 2025))) == {"new"}
    assert found(store, ACME, filters=Filters(source_prefix="policies/n")) == set()
