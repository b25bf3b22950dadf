"""The golden set is well-formed and true: what it expects is in the sample corpus."""

from __future__ import annotations

import email
import email.policy
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdfium2
import pytest
from bs4 import BeautifulSoup
from pydantic import ValidationError

from deploy.demo import build, office
from eval.labelled.facts import fact_recall, holds
from eval.labelled.golden import GoldenQuestion, load

QUESTIONS = load()
ANSWERED = [question for question in QUESTIONS if question.answerable]
MULTI = [question for question in QUESTIONS if question.kind == "multi"]
SINGLE = [question for question in QUESTIONS if question.answerable and question.kind != "multi"]


# --- reading the corpus without the product's own parsers --------------------------------------


def _plain(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _markup(markup: str | bytes) -> str:
    return BeautifulSoup(markup, "lxml").get_text(" ")


def _mail(path: Path) -> str:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("html", "plain"))
    assert body is not None
    return f"{message['subject']} {_markup(body.get_content())}"


def _word(path: Path) -> str:
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def _slides(path: Path) -> str:
    texts: list[str] = []
    for slide in pptx.Presentation(str(path)).slides:
        for shape in slide.shapes:
            texts += [cell.text for row in shape.table.rows for cell in row.cells] if shape.has_table else []
            texts += [shape.text_frame.text] if shape.has_text_frame else []
        texts += [slide.notes_slide.notes_text_frame.text] if slide.has_notes_slide else []
    return "\n".join(texts)


def _sheets(path: Path) -> str:
    workbook = openpyxl.load_workbook(path, read_only=True)
    rows = [row for sheet in workbook for row in sheet.iter_rows(values_only=True)]
    workbook.close()
    return "\n".join(" | ".join(str(cell) for cell in row if cell is not None) for row in rows)


def _archive(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if re.search(r"content\.xml|\.xhtml", name)]
        return " ".join(re.sub(r"<[^>]+>", " ", archive.read(name).decode()) for name in names)


def _pdf(path: Path) -> str:
    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


READERS: Mapping[str, Callable[[Path], str]] = {
    ".html": lambda path: _markup(path.read_bytes()),
    ".eml": _mail,
    ".docx": _word,
    ".pptx": _slides,
    ".xlsx": _sheets,
    ".odt": _archive,
    ".epub": _archive,
    ".pdf": _pdf,
}


def _read(path: Path) -> str:
    return READERS.get(path.suffix, _plain)(path)


@cache
def _text(name: str) -> str:
    """The text of an expected document; the scan's is its source, because its pages are pictures."""
    file, _, record = name.partition("#")
    if file == build.SCAN:
        return _plain(build.source_of(file))
    text = _read(build.DOCUMENTS / file)
    if record:
        return next(line for line in text.splitlines() if json.loads(line)["_id"] == record)
    return text


def _files() -> list[str]:
    return [
        path.relative_to(build.DOCUMENTS).as_posix() for path in build.DOCUMENTS.rglob("*") if path.is_file()
    ]


# --- the set ---------------------------------------------------------------------------------


def test_every_question_has_an_id_and_a_wording_of_its_own() -> None:
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    assert len({question.question.casefold() for question in QUESTIONS}) == len(QUESTIONS)


def test_every_kind_has_enough_questions_to_be_measured() -> None:
    counts = Counter(question.kind for question in QUESTIONS)
    assert len(QUESTIONS) >= 90
    assert counts.pop("unanswerable") >= 22
    assert len(counts) == 5
    assert min(counts.values()) >= 10


@pytest.mark.parametrize(
    "documents",
    ["arbeitszeit-kaltenbrunn.html", build.SCAN, ".eml", ".xlsx"],
    ids=["german", "scan", "mail", "sheet"],
)
def test_the_hard_formats_have_at_least_three_questions_each(documents: str) -> None:
    matching = [question for question in QUESTIONS if any(documents in name for name in question.documents)]
    assert len(matching) >= 3


@pytest.mark.parametrize("question", SINGLE, ids=lambda question: question.id)
def test_every_expected_document_alone_holds_the_answer(question: GoldenQuestion) -> None:
    recalls = {name: fact_recall(_text(name), question.facts) for name in question.documents}
    assert recalls == dict.fromkeys(question.documents, 1.0)


@pytest.mark.parametrize("question", MULTI, ids=lambda question: question.id)
def test_a_multi_passage_question_needs_every_one_of_its_documents(question: GoldenQuestion) -> None:
    together = "\n".join(_text(name) for name in question.documents)
    assert fact_recall(together, question.facts) == 1.0
    assert all(0 < fact_recall(_text(name), question.facts) < 1 for name in question.documents)


@pytest.mark.parametrize("question", ANSWERED, ids=lambda question: question.id)
def test_a_reference_answers_with_every_fact(question: GoldenQuestion) -> None:
    assert [fact for fact in question.facts if not holds(question.reference, fact)] == []


@pytest.mark.parametrize("question", ANSWERED, ids=lambda question: question.id)
def test_every_number_and_code_of_a_reference_stands_in_its_documents(question: GoldenQuestion) -> None:
    known = "\n".join([question.question, *map(_text, question.documents)])
    told = re.findall(r"[\w:-]*\d[\w:-]*(?:[.,]\d+)*", question.reference)
    told = [re.sub(r"(\.\d*?)0+$", r"\1", one).rstrip(".") for one in told]  # a sheet keeps 6.50 as 6.5
    assert [one for one in told if not holds(known, [one])] == []


def test_what_has_no_answer_has_no_reference() -> None:
    assert not any(question.reference for question in QUESTIONS if not question.answerable)


def test_a_conflict_says_which_edition_is_in_force() -> None:
    assert all(re.search(r"20\d\d", question.note) for question in QUESTIONS if question.kind == "conflict")


def test_an_unanswerable_question_says_why_it_is_one() -> None:
    assert all(question.note for question in QUESTIONS if not question.answerable)


def test_identifiers_of_unanswerable_questions_occur_nowhere() -> None:
    corpus = "\n".join(_text(name) for name in _files())
    invented = (
        "MV300",
        "DP90",
        "MV-E06",
        "DP-A13",
        "CR-T06",
        "SB-2025-02",
        "MV450-24-3300",
        "Platinum",
        "bromine",
    )
    asked = " ".join(question.question for question in QUESTIONS if not question.answerable)
    assert all(holds(asked, [name]) and not holds(corpus, [name]) for name in invented)


# --- the corpus ------------------------------------------------------------------------------


def test_the_corpus_has_thirty_documents_in_eight_formats_with_names_of_their_own() -> None:
    files = [Path(name) for name in _files()]
    assert len(files) >= 30
    assert len({file.suffix for file in files}) >= 8
    assert len({file.name for file in files}) == len(files)


def test_the_corpus_stays_small_enough_to_be_kept_in_the_repository() -> None:
    assert sum((build.DOCUMENTS / name).stat().st_size for name in _files()) < 4_000_000


def test_the_scan_has_no_text_layer() -> None:
    assert not _pdf(build.DOCUMENTS / build.SCAN).strip()


@pytest.mark.parametrize(
    "name", [name for name, write in build.GENERATED.items() if write is not office.write_with_pandoc]
)
def test_the_generated_documents_are_what_their_sources_say(name: str, tmp_path: Path) -> None:
    assert _read(build.build(name, tmp_path)) == _read(build.DOCUMENTS / name)


def test_the_demo_asks_six_questions() -> None:
    lines = (build.HERE / "questions.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 6
    assert all(line.strip() for line in lines)


# --- finding facts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("It costs EUR\u00a01,000 a night.", "eur 1000"),
        ("a flow of 15%", "15 %"),
        ("for 4.5\u202fN·m.", "4.5 N·m"),
        ("com\u00adplete\ufffely dry", "completely"),
        ("within 30\ndays", "30 days"),
        ("GAS BALLAST", "gas ballast"),
        ("EUR 246.00", "246"),
        ("EUR 6.50.", "6.5"),
    ],
)
def test_a_fact_is_found_in_whatever_spacing_and_case(text: str, spelling: str) -> None:
    assert holds(text, [spelling])


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("150 mbar", "15"),
        ("1.15 mbar", "15"),
        ("15.2 mbar", "15"),
        ("15.02 mbar", "15"),
        ("firmware 2.60.1", "2.6"),
        ("in 2025 15 came", "202515"),
        ("reread", "read"),
    ],
)
def test_a_part_of_a_number_or_word_is_not_the_fact(text: str, spelling: str) -> None:
    assert not holds(text, [spelling])


def test_recall_counts_facts_rather_than_spellings() -> None:
    question = GoldenQuestion(
        id="x", question="?", kind="table", documents=("a.md",), facts=(("six", "6 kg"), ("blue",))
    )
    assert fact_recall("It weighs 6 kg, six in all.", question.facts) == 0.5


def test_an_answerable_question_without_facts_is_refused() -> None:
    with pytest.raises(ValidationError, match="answerable"):
        GoldenQuestion(id="x", question="?", kind="lookup", documents=("a.md",), facts=())
