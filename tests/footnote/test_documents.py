"""Footnote from Python: documents in, asked, and out again, from wherever one is called."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import footnote
from footnote import Documents, Settings
from footnote.documents import NO_DOCUMENTS
from service.data_folder import holding
from service.errors import (
    Conflict,
    DataFolderLocked,
    EmptyDocument,
    InvalidFilter,
    InvalidInput,
    Misconfigured,
    NotFound,
    UnsupportedMedia,
)
from tests.footnote.conftest import CARE, MANUAL, Opened

QUESTION = "What does the message MV-E07 mean?"


def sources(documents: Documents, prefix: str = "") -> list[str]:
    return [one.source for one in documents.documents(prefix)]


# --- documents in and out --------------------------------------------------------------------


def test_a_folder_is_read_in_and_asked(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.ingest(manuals)
    answer = documents.ask(QUESTION)
    assert answer.status == "answered"
    assert "the diaphragm is torn" in answer.text
    assert answer.citations[0].document.source == "manuals/messages.md"
    assert answer.citations[0].quote in MANUAL


def test_a_broken_file_stops_nothing_and_is_told_with_its_reason(opened: Opened, manuals: Path) -> None:
    report = opened().ingest(manuals)
    assert report.documents == 2
    assert [(one.source, one.code) for one in report.failed] == [("manuals/torn.pdf", "corrupt_file")]
    assert [(one.source, one.code) for one in report.skipped] == [("manuals/tool.exe", "unsupported_media")]


def test_what_did_not_change_is_not_read_again(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.ingest(manuals)
    (manuals / "care.md").write_text("# Care\n\nReplace the diaphragm every 9,000 hours.\n")
    report = documents.ingest(str(manuals))
    assert (report.documents, report.unchanged) == (2, 1)
    assert {one.source: one.version for one in documents.documents()} == {
        "manuals/care.md": 2,
        "manuals/messages.md": 1,
    }


def test_files_and_folders_are_named_as_the_command_line_names_them(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.ingest(manuals / "care.md")
    documents.ingest(manuals)
    assert sources(documents) == ["manuals/care.md", "manuals/messages.md"]


def test_another_name_may_stand_for_a_folder(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.ingest(manuals, name="pumps")
    assert sources(documents, "pumps/") == ["pumps/care.md", "pumps/messages.md"]


def test_a_path_that_is_not_there_is_told_before_anything_is_read(opened: Opened, manuals: Path) -> None:
    documents = opened()
    with pytest.raises(NotFound, match="manualz"):
        documents.ingest(manuals, "manualz")
    assert sources(documents) == []


def test_text_and_bytes_are_read_in_under_a_name(opened: Opened) -> None:
    documents = opened()
    documents.add("notes/messages", MANUAL)
    documents.add("notes/care.md", CARE.encode(), metadata={"year": 2025})
    assert sources(documents) == ["notes/care.md", "notes/messages"]
    assert documents.search("diaphragm", filters={"metadata": {"year": 2025}})[0].chunk.text in CARE


@pytest.mark.parametrize(
    ("source", "content", "error"),
    [
        ("notes/empty.md", "  \n", EmptyDocument),
        ("notes/tool.exe", b"MZ\x00\x01", UnsupportedMedia),
        ("notes/torn.html", "<p hidden>nobody sees this</p>", EmptyDocument),
        ("", "text", InvalidInput),
    ],
)
def test_one_document_that_cannot_be_read_is_an_error_of_its_own_type(
    opened: Opened, source: str, content: str | bytes, error: type[Exception]
) -> None:
    documents = opened()
    with pytest.raises(error):
        documents.add(source, content)
    assert sources(documents) == []


def test_a_document_is_deleted_by_its_source_with_a_receipt(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.ingest(manuals)
    receipt = documents.delete("manuals/messages.md")
    assert receipt.removed["versions"] == 1
    assert set(receipt.remaining.values()) == {0}
    assert sources(documents) == ["manuals/care.md"]
    assert {hit.document.source for hit in documents.search(QUESTION)} == {"manuals/care.md"}


def test_a_document_is_deleted_by_its_id_too(opened: Opened) -> None:
    documents = opened()
    documents.add("care.md", CARE)
    documents.delete(next(documents.documents()).id)
    assert sources(documents) == []


def test_deleting_what_is_not_there_is_told(opened: Opened) -> None:
    with pytest.raises(NotFound):
        opened().delete("manuals/gone.md")


# --- asking ----------------------------------------------------------------------------------


def test_an_empty_folder_says_that_it_is_empty(opened: Opened) -> None:
    answer = opened().ask(QUESTION)
    assert (answer.status, answer.text) == ("abstained", NO_DOCUMENTS)
    assert answer.warnings[-1].code == "no_documents"


def test_what_the_documents_do_not_hold_is_an_answer_too(opened: Opened) -> None:
    documents = opened(answers=False)
    documents.add("care.md", CARE)
    answer = documents.ask("Who won the chess olympiad in Havana?")
    assert answer.status == "abstained"
    assert answer.text.startswith("I don't know")


def test_a_search_gives_hits_best_first(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.ingest(manuals)
    hits = documents.search("replace the diaphragm hours", top_k=1)
    assert [hit.document.source for hit in hits] == ["manuals/care.md"]


def test_filters_are_those_of_the_api(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.ingest(manuals)
    documents.add("notes/messages.md", MANUAL)
    answer = documents.ask(QUESTION, filters={"source_prefix": "notes/"})
    assert {citation.document.source for citation in answer.citations} == {"notes/messages.md"}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"question": "  "}, InvalidInput),
        ({"question": QUESTION, "top_k": 0}, InvalidInput),
        ({"question": QUESTION, "filters": {"sauce": "x"}}, InvalidInput),
        (
            {"question": QUESTION, "filters": {"metadata": {"year": {"about": 1}}}},
            (InvalidInput, InvalidFilter),
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_as_the_api_refuses_it(
    opened: Opened, asked: dict[str, object], error: type[Exception]
) -> None:
    documents = opened()
    with pytest.raises(error):
        documents.ask(**asked)  # type: ignore[arg-type]


# --- wherever it is called from --------------------------------------------------------------


async def test_it_works_where_an_event_loop_runs_as_in_a_notebook(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.ingest(manuals)
    assert documents.ask(QUESTION).status == "answered"
    documents.close()


async def test_it_need_not_hold_the_callers_loop_up(opened: Opened) -> None:
    documents = opened()
    await asyncio.to_thread(documents.add, "messages.md", MANUAL)
    answers = await asyncio.gather(*(asyncio.to_thread(documents.ask, QUESTION) for _ in range(3)))
    assert [answer.status for answer in answers] == ["answered"] * 3


def test_several_threads_may_read_in_and_ask_at_once(opened: Opened) -> None:
    documents = opened()
    with ThreadPoolExecutor(6) as threads:
        reports = list(threads.map(lambda n: documents.add(f"notes/{n}.md", f"{MANUAL} Page {n}."), range(6)))
        answers = list(threads.map(lambda _: documents.ask(QUESTION), range(6)))
    assert [report.documents for report in reports] == [1] * 6
    assert {answer.status for answer in answers} == {"answered"}


# --- opening and closing ---------------------------------------------------------------------


def test_a_folder_that_another_process_holds_is_refused(opened: Opened, folder: Path) -> None:
    (folder / "data").mkdir()
    with holding(folder / "data"), pytest.raises(DataFolderLocked, match="holds"):
        opened()
    opened()


def test_a_folder_that_this_program_has_open_is_refused_and_says_so(opened: Opened) -> None:
    first = opened()
    with pytest.raises(DataFolderLocked, match="this program") as caught:
        opened()
    assert "close()" in caught.value.hint
    first.close()
    opened()


def test_two_folders_may_be_open_at_once(opened: Opened) -> None:
    one, other = opened("one"), opened("other")
    one.add("care.md", CARE)
    assert (sources(one), sources(other)) == (["care.md"], [])


def test_what_was_read_in_is_there_when_the_folder_is_opened_again(opened: Opened) -> None:
    with opened() as documents:
        documents.add("messages.md", MANUAL)
    assert opened().ask(QUESTION).status == "answered"


def test_an_error_inside_the_block_closes_the_folder(opened: Opened) -> None:
    with pytest.raises(EmptyDocument), opened() as documents:
        documents.add("care.md", "")
    opened()


def test_closing_leaves_no_thread_behind(opened: Opened) -> None:
    before = set(threading.enumerate())
    documents = opened()
    documents.add("care.md", CARE)
    documents.close()
    assert set(threading.enumerate()) <= before


def test_what_is_closed_says_so_however_it_is_used(opened: Opened, manuals: Path) -> None:
    documents = opened()
    documents.close()
    documents.close()
    for use in (
        lambda: documents.ask(QUESTION),
        lambda: documents.search("diaphragm"),
        lambda: documents.ingest(manuals),
        lambda: documents.add("care.md", CARE),
        lambda: documents.delete("care.md"),
        lambda: list(documents.documents()),
    ):
        with pytest.raises(Conflict, match="was closed"):
            use()
    assert "closed" in repr(documents)


def test_looking_at_a_folder_sets_nothing_going_that_waits_in_it(opened: Opened) -> None:
    documents = opened()
    documents.ask(QUESTION)
    assert "ingestion-worker" not in {thread.name for thread in threading.enumerate()}


# --- settings --------------------------------------------------------------------------------


def test_settings_are_given_by_name() -> None:
    with pytest.raises(Misconfigured, match=r"unknown setting decide.treshold .*decide.threshold"):
        footnote.open("data", decide={"treshold": 0.5})


def test_a_section_that_there_is_not_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(Misconfigured, match=r"unknown setting generat .*did you mean generate"):
        footnote.open("data", generat={"model": "x"})


def test_a_value_that_a_setting_cannot_have_is_told() -> None:
    with pytest.raises(Misconfigured, match=r"decide\.threshold"):
        footnote.open("data", decide={"threshold": 7})


def test_settings_come_whole_or_by_section_and_not_both() -> None:
    with pytest.raises(Misconfigured, match="not both"):
        footnote.open("data", settings=Settings(), decide={"threshold": 0.5})


def test_server_mode_has_no_local_documents() -> None:
    with pytest.raises(Misconfigured, match="API key"):
        footnote.open("data", mode="server")
