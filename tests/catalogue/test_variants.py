"""What became of a variant is known to all, told in the log, and forgotten with other settings."""

from __future__ import annotations

import pytest

from service.catalogue import AuditLog, Database, Tenants, Variants
from service.errors import NotFound
from service.records import Sums
from tests.catalogue.writing import ACME, OpenDatabase


@pytest.fixture
def variants(database: Database) -> Variants:
    Tenants(database).create(ACME.tenant)
    return Variants(database)


def test_it_runs_until_it_is_taken_back_and_then_no_more(
    variants: Variants, open_database: OpenDatabase
) -> None:
    assert variants.begin("bold", "f").state == "running"
    assert variants.take_back("bold", "f", "abstained")
    elsewhere = Variants(open_database()).begin("bold", "f")
    assert (elsewhere.state, elsewhere.reason) == ("rolled_back", "abstained")
    assert not variants.take_back("bold", "f", "again")


def test_with_other_settings_it_is_another_one(variants: Variants) -> None:
    variants.begin("bold", "f")
    variants.take_back("bold", "f", "abstained")
    assert variants.begin("bold", "g").state == "running"


def test_that_it_was_taken_back_stands_in_the_log_of_every_tenant(
    database: Database, variants: Variants
) -> None:
    variants.begin("bold", "f")
    variants.take_back("bold", "f", "abstained more")
    (entry, *_) = AuditLog(database).page(ACME.tenant, None, 10).items
    assert (entry.key_id, entry.action, entry.object) == ("rollback", "variant.rolled_back", "bold")
    assert entry.detail == {"reason": "abstained more"}


def test_sums_of_many_processes_are_added(variants: Variants, open_database: OpenDatabase) -> None:
    for one in (variants, Variants(open_database())):
        one.add("bold", "f", {("served", "failed"): Sums(2, 1.0, 1.0)})
    assert variants.add("bold", "f", {("candidate", "failed"): Sums(1, 0.0, 0.0)}) == {
        ("served", "failed"): Sums(4, 2.0, 2.0),
        ("candidate", "failed"): Sums(1, 0.0, 0.0),
    }
    assert variants.sums("bold", "g") == {}


def test_one_that_an_operator_stopped_begins_anew_when_it_is_started(variants: Variants) -> None:
    with pytest.raises(NotFound):
        variants.stop("bold", "f")
    variants.begin("bold", "f")
    variants.add("bold", "f", {("served", "failed"): Sums(2, 1.0, 1.0)})
    assert variants.stop("bold", "f")
    assert variants.get("bold", "f").state == "stopped"
    assert variants.start("bold", "f")
    assert (variants.get("bold", "f").state, variants.sums("bold", "f")) == ("running", {})
    assert not variants.start("bold", "f")
