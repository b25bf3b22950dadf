"""Answers with their words: kept for a while, each tenant's own, and gone with whatever they quote."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service.catalogue import Database, Documents, Expiry, Sample, SampledAnswer, Samples, Tenants
from service.catalogue.database import now
from service.settings import CatalogueSettings
from tests.catalogue import writing
from tests.catalogue.writing import ACME, GLOBEX, a_version, publish


def answer(*sources: str) -> SampledAnswer:
    documents = tuple(writing.identifier(ACME, source) for source in sources)
    return SampledAnswer("It hums.", "answered", ("c1",), documents, {"abstained": 0.0})


def sample(served: SampledAnswer, candidate: SampledAnswer | None = None) -> Sample:
    new = Sample.new(ACME, "Why?", served)
    return replace(new, variant="bold", fingerprint="f", candidate=candidate) if candidate else new


@pytest.fixture
def samples(database: Database) -> Samples:
    for source in ("manual", "other"):
        publish(database, ACME, a_version(ACME, source, "one"))
    return Samples(database)


def test_a_pair_is_found_by_its_tenant_and_the_settings_of_its_variant(samples: Samples) -> None:
    one = sample(answer("manual"), answer("other"))
    samples.keep([one, sample(answer())])
    assert samples.shadowed(ACME, "bold", "f") == [one]
    for scope, name, fingerprint in ((GLOBEX, "bold", "f"), (ACME, "other", "f"), (ACME, "bold", "g")):
        assert samples.shadowed(scope, name, fingerprint) == []


@pytest.mark.parametrize("deleted", ["manual", "other"])
def test_it_goes_with_what_either_of_its_answers_quotes(
    database: Database, samples: Samples, deleted: str
) -> None:
    one = sample(answer("manual"), answer("other"))
    samples.keep([one])
    documents, document = Documents(database, 10), writing.identifier(ACME, deleted)
    assert documents.count(ACME, document)["samples"] == 1
    purge, _ = documents.delete(ACME, document)
    assert (purge.removed or {})["samples"] == 1
    assert samples.shadowed(ACME, "bold", "f") == []
    samples.keep([one])  # worked out while the document was deleted
    publish(database, ACME, a_version(ACME, deleted, "one"))
    samples.keep([one])  # and put in again
    assert samples.shadowed(ACME, "bold", "f") == []


def test_it_is_forgotten_after_its_time(database: Database, samples: Samples) -> None:
    samples.keep([sample(answer("manual"))])
    expiry = Expiry(database, CatalogueSettings(keep_samples_days=7))
    assert expiry.remove_expired(now() + timedelta(days=6))["samples"] == 0
    assert expiry.remove_expired(now() + timedelta(days=8))["samples"] == 1


def test_it_goes_with_its_tenant(database: Database) -> None:
    tenants, samples = Tenants(database), Samples(database)
    tenants.create(ACME.tenant)
    samples.keep([sample(answer())])
    tenants.begin_delete(ACME.tenant)
    assert tenants.finish_delete(ACME.tenant)
    assert samples.unjudged(ACME, 10) == []


def test_what_was_judged_is_not_judged_again_and_its_figures_are_known(samples: Samples) -> None:
    one, other = sample(answer("manual")), sample(answer("other"))
    samples.keep([one, other, sample(answer(), answer())])
    assert {found.id for found in samples.unjudged(ACME, 10)} == {one.id, other.id}
    assert len(samples.unjudged(ACME, 1)) == 1
    samples.judged(ACME, [one.id], {"faithfulness": (0.5, 1)})
    assert [found.id for found in samples.unjudged(ACME, 10)] == [other.id]
    samples.judged(ACME, [other.id], {"faithfulness": (0.75, 1)})
    assert samples.figures() == {"faithfulness": 0.75}


def test_passages_are_those_of_the_live_version_and_of_the_tenant(
    database: Database, samples: Samples
) -> None:
    (chunk,) = Documents(database, 10).live_chunks(ACME, writing.identifier(ACME, "manual"))
    assert samples.passages(ACME, [chunk.id, "gone"]) == [chunk.text]
    assert samples.passages(GLOBEX, [chunk.id]) == []


def test_one_of_a_tenant_that_was_deleted_meanwhile_is_not_kept(database: Database) -> None:
    tenants = Tenants(database)
    tenants.create(ACME.tenant)
    tenants.begin_delete(ACME.tenant)
    assert tenants.finish_delete(ACME.tenant)
    samples = Samples(database)
    samples.keep([sample(SampledAnswer("I don't know.", "abstained", (), (), {}), answer())])
    assert samples.shadowed(ACME, "bold", "f") == []
