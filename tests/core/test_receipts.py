"""Receipts: what a delete proves, who can check it, and that answers go with what they quoted."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from service.catalogue import document_id
from service.catalogue.models import AnswerRow, CitationRow, FeedbackRow
from service.errors import InvalidInput, Misconfigured, NotFound, StoreUnavailable
from service.local_engine import LocalEngine
from service.records import Feedback
from service.settings import DecideSettings, ReceiptSettings, Settings
from service.store.edge import EdgeStore
from service.types import Query, Scope
from service.upkeep.deletion import Deletion
from service.upkeep.receipts import Signer, canonical, new_key, open_signer, verify
from tests.fakes_core import LOCAL, FakeEmbedder, ingested, opened, sections

TEXT = sections(Warranty="The warranty of every pump lasts for twenty four months from delivery.")
MANUAL, OTHER = document_id(LOCAL, "manual.md"), document_id(LOCAL, "other.md")
PLACES = {
    "documents", "versions", "chunks", "jobs", "answers", "feedback", "samples", "vectors", "sparse_entries",
    "token_vectors", "files", "cached_answers",
}  # fmt: skip


def delete(engine: LocalEngine, document: str = MANUAL) -> dict[str, Any]:
    return dict(asyncio.run(engine.delete(LOCAL, document)).receipt)


def kept(engine: LocalEngine, scope: Scope = LOCAL) -> list[dict[str, Any]]:
    return [dict(one) for one in asyncio.run(engine.receipts(scope, None, 100)).items]


# --- what is signed --------------------------------------------------------------------------


def test_a_receipt_counts_every_place_and_is_kept_as_it_was_given(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    receipt = delete(engine)
    verify(receipt, engine.receipts_key())
    assert (receipt["removed"].keys(), receipt["remaining"]) == (PLACES, dict.fromkeys(PLACES, 0))
    assert kept(engine) == [receipt]
    assert kept(engine, Scope("other")) == []


class CacheThatGoesAway:
    """A cache that cannot be reached when it is to be dropped, or right after that."""

    def __init__(self, dropped: int | None) -> None:
        self._dropped = dropped

    def drop_answers(self, scope: Scope) -> int | None:
        return self._dropped

    def count_quoting(self, scope: Scope, document_id: str) -> int | None:
        return None


@pytest.mark.parametrize("dropped", [None, 3])
def test_of_a_cache_that_could_not_be_looked_into_a_receipt_says_nothing(
    engine: LocalEngine, dropped: int | None
) -> None:
    ingested(engine, "manual.md", TEXT)
    parts = engine.versions, engine.jobs, engine.index, engine.originals, engine.locks
    deletion = Deletion(*parts, engine.deletion.signer, CacheThatGoesAway(dropped))
    receipt = deletion.delete(LOCAL, MANUAL, "manual.md")
    assert receipt.removed.keys() == receipt.remaining.keys() == PLACES - {"cached_answers"}


def test_nothing_that_is_kept_of_a_delete_names_the_document(engine: LocalEngine) -> None:
    ingested(engine, "a-secret-name.md", TEXT)
    receipt = delete(engine, document_id(LOCAL, "a-secret-name.md"))
    assert "a-secret-name" not in json.dumps(receipt)
    assert receipt["document_id"] == document_id(LOCAL, "a-secret-name.md")  # who knows the name can tell


def test_what_is_signed_is_canonical_json_whatever_order_it_came_in() -> None:
    receipt = {"b": {"z": 1, "a": "ä\n"}, "a": 0, "signature": "not signed itself"}
    assert canonical(receipt) == b'{"a":0,"b":{"a":"\xc3\xa4\\n","z":1}}'


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a count": lambda receipt: receipt["removed"].update(chunks=7),
    "a place more": lambda receipt: receipt["remaining"].update(caches=0),
    "the document": lambda receipt: receipt.update(document_id="another"),
    "a field more": lambda receipt: receipt.update(note="x"),
    "the signature": lambda receipt: receipt.update(signature=receipt["signature"][::-1]),
    "no signature": lambda receipt: receipt.pop("signature"),
    "the key's name": lambda receipt: receipt.update(key_id="0" * 16),
    "the format": lambda receipt: receipt.update(format="other"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_receipt_that_was_changed_is_told(engine: LocalEngine, change: str) -> None:
    ingested(engine, "manual.md", TEXT)
    receipt = delete(engine)
    CHANGES[change](receipt)
    with pytest.raises(InvalidInput):
        verify(receipt, engine.receipts_key())


def test_a_receipt_of_another_instance_is_told(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    with pytest.raises(InvalidInput, match="signed with the key"):
        verify(delete(engine), Signer(b"x" * 32, "another").public_key)
    with pytest.raises(InvalidInput, match="32 bytes"):
        verify(delete_again(engine), "no key")


def delete_again(engine: LocalEngine) -> dict[str, Any]:
    ingested(engine, "manual.md", TEXT)
    return delete(engine)


# --- the key ---------------------------------------------------------------------------------


def test_the_key_is_made_once_and_for_its_owner_alone(folder: Path, embedder: FakeEmbedder) -> None:
    with opened(folder / "data", embedder) as engine:
        first = engine.receipts_key()
    assert stat.S_IMODE((folder / "data" / "receipts.key").stat().st_mode) == 0o600
    with opened(folder / "data", embedder) as engine:
        assert engine.receipts_key() == first


def test_a_key_that_is_set_goes_before_the_file(folder: Path) -> None:
    given = ReceiptSettings(signing_key=SecretStr(new_key()))
    signer = open_signer(Settings(data_dir=folder, receipts=given), "installation")
    assert signer.public_key == open_signer(Settings(mode="server", receipts=given), "x").public_key
    assert not (folder / "receipts.key").exists()


@pytest.mark.parametrize("key", ["", "short", "no base64!", "YWJj"])
def test_server_mode_without_a_right_key_says_how_to_make_one(key: str) -> None:
    settings = Settings(mode="server", receipts=ReceiptSettings(signing_key=SecretStr(key)))
    with pytest.raises(Misconfigured, match=r"receipts\.signing_key") as caught:
        open_signer(settings, "installation")
    assert "footnote receipts new-key" in caught.value.hint
    assert key not in str(caught.value) or not key


# --- a delete that is cut off ----------------------------------------------------------------


def test_a_delete_that_was_cut_off_gets_its_receipt_when_it_is_completed(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    with (
        patch.object(EdgeStore, "delete_document", side_effect=StoreUnavailable("away")),
        pytest.raises(StoreUnavailable),
    ):
        delete(engine)
    assert kept(engine) == []
    engine.maintenance.complete_deletes()
    (receipt,) = kept(engine)
    verify(receipt, engine.receipts_key())
    assert (receipt["removed"]["vectors"], receipt["removed"]["files"]) == (1, 1)
    assert not any((engine.settings.data_dir / "files").glob("*/??/*"))


def test_no_receipt_says_zero_of_a_document_that_was_put_in_again(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    with (
        patch.object(EdgeStore, "delete_document", side_effect=StoreUnavailable("away")),
        pytest.raises(StoreUnavailable),
    ):
        delete(engine)
    ingested(engine, "manual.md", TEXT)
    engine.maintenance.complete_deletes()
    assert (kept(engine), engine.versions.pending_purges()) == ([], [])


# --- answers ---------------------------------------------------------------------------------


@pytest.fixture
def answering(folder: Path, embedder: FakeEmbedder) -> Any:
    with opened(folder / "data", embedder, decide=DecideSettings(threshold=0)) as engine:
        yield engine


def rows(engine: LocalEngine) -> list[int]:
    """How many answers, citations and judgements there are."""
    with engine.database.reading() as connection:
        tables = (AnswerRow, CitationRow, FeedbackRow)
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_answers_that_quoted_a_document_go_with_it_and_so_does_what_was_said_of_them(
    answering: LocalEngine,
) -> None:
    ingested(answering, "manual.md", TEXT)
    answer = asyncio.run(answering.answer(LOCAL, Query("How long does the warranty last?")))
    assert answer.citations
    asyncio.run(answering.feedback(LOCAL, Feedback(answer.id, "down", correction="It quotes the manual.")))
    assert rows(answering) == [1, 1, 1]
    receipt = delete(answering)
    assert (receipt["removed"]["answers"], receipt["removed"]["feedback"]) == (1, 1)
    assert rows(answering) == [0, 0, 0]


def test_an_answer_that_waits_to_be_kept_goes_with_its_document(answering: LocalEngine) -> None:
    ingested(answering, "manual.md", TEXT)
    asyncio.run(answering.answer(LOCAL, Query("How long does the warranty last?")))
    delete(answering)
    answering.keeper.flush()
    assert rows(answering) == [0, 0, 0]


def test_an_answer_given_while_its_document_was_deleted_is_not_kept(answering: LocalEngine) -> None:
    ingested(answering, "manual.md", TEXT)
    answer = asyncio.run(answering.pipeline.answer(LOCAL, Query("How long does the warranty last?")))
    delete(answering)
    from service.catalogue import GivenAnswer

    answering.keeper.keep(GivenAnswer.of(LOCAL, "How long?", answer))
    answering.keeper.flush()
    assert rows(answering) == [0, 0, 0]
    with pytest.raises(NotFound):
        asyncio.run(answering.feedback(LOCAL, Feedback(answer.id, "up")))


def test_answers_that_quoted_other_documents_stay(answering: LocalEngine) -> None:
    ingested(answering, "manual.md", TEXT)
    asyncio.run(answering.answer(LOCAL, Query("How long does the warranty last?")))
    answering.keeper.flush()
    ingested(answering, "other.md", sections(Cleaning="The housing is wiped with a soft cloth only."))
    receipt = delete(answering, OTHER)
    assert (receipt["removed"]["answers"], rows(answering)[0]) == (0, 1)
