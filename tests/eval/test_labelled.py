"""Every form of labelled set, each from a few lines of its own."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.labelled import LabelledSet, asked_by_codes, documentation, find, headings, load, relevance
from eval.labelled.beir import load as load_beir
from eval.labelled.files import golden
from service.types import Chunk, DocumentRef, Fused, Hit

PUMP = "The warranty of the pump lasts 24 months."
FILTER = "The filter is cleaned every week."


def rows(path: Path, *given: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in given), encoding="utf-8")


def table(path: Path, *given: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows(given)


def loaded(path: Path) -> LabelledSet:
    found = load(path)
    assert found is not None
    return found


def hit(source: str, text: str, external_id: str | None = None, heading: tuple[str, ...] = ()) -> Hit:
    chunk = Chunk("c", "d", 0, text, 0, len(text), (0, len(text)), heading)
    return Hit(chunk, DocumentRef("d", source, "", 1, external_id), Fused("c", 1.0))


# --- BEIR ------------------------------------------------------------------------------------


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "pumps"
    rows(
        folder / "corpus.jsonl",
        {"_id": "art#1", "title": "Pump", "text": PUMP},
        {"_id": "art#2", "title": "", "text": FILTER},
    )
    rows(
        folder / "queries.jsonl",
        {"_id": "q1", "text": "How long is the warranty?"},
        {"_id": "q2", "text": "Not judged at all"},
        {"_id": "q3", "text": "Trained on"},
    )
    (folder / "qrels").mkdir()
    head = "query-id\tcorpus-id\tscore\n"
    (folder / "qrels" / "test.tsv").write_text(f"{head}q1\tart#1\t2\nq1\tart#2\t0\n")
    (folder / "qrels" / "train.tsv").write_text(f"{head}q3\tart#2\t1\n")
    return folder


def test_beir_gives_the_judged_questions_with_their_grades(beir: Path) -> None:
    found = loaded(beir)
    assert (found.name, [question.id for question in found.questions]) == ("pumps", ["q1"])
    assert found.questions[0].relevant == {"art#1": 2}
    assert [(record.id, record.title) for record in found.records] == [("art#1", "Pump"), ("art#2", "")]


def test_beir_reads_the_split_that_is_asked_for(beir: Path) -> None:
    found = load_beir(beir, "train")
    assert found is not None
    assert [question.id for question in found.questions] == ["q3"]


def test_beir_takes_answers_and_unanswerable_questions_from_beside_it(beir: Path) -> None:
    rows(
        beir / "qa.jsonl",
        {"id": "q1", "question": "?", "passage": "art#1", "answers": ["24 months"], "impossible": False},
        {"id": "q9", "question": "Who made it?", "passage": "art#2", "answers": [], "impossible": True},
    )
    known, impossible = loaded(beir).questions
    assert (known.answers, known.group, known.answerable) == (("24 months",), "art", True)
    assert (impossible.text, impossible.answerable, impossible.about) == ("Who made it?", False, "art#2")
    assert (dict(impossible.relevant), impossible.group) == ({}, "art")


# --- reading comprehension -------------------------------------------------------------------


def test_squad_gives_one_record_a_paragraph_and_groups_by_article(tmp_path: Path) -> None:
    asked = {
        "id": "1",
        "question": " How long? ",
        "answers": [{"text": "24 months"}, {"text": "24 months"}],
        "is_impossible": False,
    }
    none = {"id": "2", "question": "Who?", "answers": [], "is_impossible": True}
    paragraphs = [{"context": PUMP, "qas": [asked]}, {"context": FILTER, "qas": [none]}]
    file = tmp_path / "squad.json"
    rows(file, {"data": [{"title": "Pump", "paragraphs": paragraphs}]})
    found = loaded(file)
    assert [(record.id, record.title, record.text) for record in found.records] == [
        ("0#0", "Pump", PUMP),
        ("0#1", "Pump", FILTER),
    ]
    how, who = found.questions
    assert (how.text, how.answers, dict(how.relevant)) == ("How long?", ("24 months",), {"0#0": 1})
    assert (who.answerable, who.about, how.group, who.group) == (False, "0#1", "0", "0")


def test_pubmedqa_joins_the_contexts_of_each_question(tmp_path: Path) -> None:
    rows(tmp_path / "pubmed.json", {"77": {"QUESTION": "Does it leak?", "CONTEXTS": [PUMP, FILTER]}})
    found = loaded(tmp_path / "pubmed.json")
    assert found.records[0].text == f"{PUMP}\n\n{FILTER}"
    assert dict(found.questions[0].relevant) == {"77": 1}


def test_tatqa_writes_the_table_before_the_paragraphs_and_keeps_spans_as_answers(tmp_path: Path) -> None:
    asked = [
        {"uid": "a", "question": "Which year?", "answer": ["2019"], "answer_type": "span"},
        {"uid": "b", "question": "How much more?", "answer": 3.5, "answer_type": "arithmetic"},
    ]
    cells = [["", " 2019 "], ["Sales", "7"]]
    rows(
        tmp_path / "t.json", [{"table": {"table": cells}, "paragraphs": [{"text": PUMP}], "questions": asked}]
    )
    found = loaded(tmp_path / "t.json")
    assert found.records[0].text == f"|  | 2019 |\n| --- | --- |\n| Sales | 7 |\n\n{PUMP}"
    assert [question.answers for question in found.questions] == [("2019",), ()]


def test_json_of_another_kind_is_no_labelled_set(tmp_path: Path) -> None:
    for number, other in enumerate(({"data": []}, {"a": {"b": 1}}, [], [{"a": 1}])):
        rows(tmp_path / f"{number}.json", other)
        assert load(tmp_path / f"{number}.json") is None


# --- questions about files -------------------------------------------------------------------


def test_spans_are_the_answers_to_questions_about_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "pump.md").write_text(PUMP)
    spans = json.dumps([{"content": "24 months", "start_index": 31, "end_index": 40}])
    table(
        tmp_path / "questions_df.csv",
        ["question", "references", "corpus_id"],
        ["How long?", spans, "pump"],
    )
    found = loaded(tmp_path)
    assert found.files == (tmp_path / "corpora" / "pump.md",)
    assert found.folder == tmp_path / "corpora"
    (question,) = found.questions
    assert (dict(question.relevant), question.answers, question.group) == (
        {"pump.md": 1},
        ("24 months",),
        "pump",
    )


def test_a_question_names_its_files_by_name_or_pattern(tmp_path: Path) -> None:
    for name in ("2022 Q3 AAPL.pdf", "2023 Q1 AMZN.pdf", "2023 Q2 AMZN.pdf"):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / name).touch()
    table(
        tmp_path / "qna_data.csv",
        ["Question", "Source Docs"],
        ["Both?", "2022 Q3 AAPL.pdf, *AMZN*"],
        ["Nothing we have", "*MSFT*"],
    )
    (question,) = loaded(tmp_path).questions
    assert sorted(question.relevant) == ["2022 Q3 AAPL.pdf", "2023 Q1 AMZN.pdf", "2023 Q2 AMZN.pdf"]


def test_the_golden_form_gives_every_spelling_of_its_facts_as_answers(tmp_path: Path) -> None:
    lines = tmp_path / "questions.jsonl"
    one = {"id": "a", "question": "How long?", "kind": "lookup", "documents": ["pump.md"]}
    other = {"id": "b", "question": "Who won?", "kind": "unanswerable", "documents": [], "facts": []}
    rows(lines, {**one, "facts": [["24 months", "two years"]]}, other)
    documents = tmp_path / "documents"
    rows(documents / "pump.md", PUMP)
    found = golden(documents, lines)
    asked, unanswerable = found.questions
    assert (asked.answers, dict(asked.relevant)) == (("24 months", "two years"), {"pump.md": 1})
    assert (unanswerable.answerable, dict(unanswerable.relevant)) == (False, {})
    assert found.files == (documents / "pump.md",)


# --- documentation ---------------------------------------------------------------------------

SENTENCE = "Sentence number {n} of the section tells something about bolts and their use."


def page(*topics: str) -> str:
    sections = (f"## {topic}\n\n" + " ".join(SENTENCE.format(n=n) for n in range(6)) for topic in topics)
    return "---\ntitle: hidden\n---\n" + "\n\n".join(sections) + "\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    for number in range(12):
        (folder / "deep" / f"{number}.md").write_text(page(f"How to mount a pump {number}", "Overview"))
    (folder / "short.md").write_text("## Too short to ask about\n\nOne line.\n")
    (folder / "bare.txt").write_text("A page without any heading. " * 20)
    (folder / "program.py").write_text(page("This is no text file"))
    return folder


def test_documentation_asks_each_section_by_heading_or_sentence(docs: Path) -> None:
    found = documentation(docs)
    assert len(found.questions) == len(found.records) == 24
    assert {question.group for question in found.questions} == {f"deep/{number}.md" for number in range(12)}
    texts = {record.id: record for record in found.records}
    assert all(texts[name].text for question in found.questions for name in question.relevant)


def test_what_became_a_question_is_not_in_the_text_that_is_searched(docs: Path) -> None:
    found = documentation(docs)
    records = {record.id: record for record in found.records}
    for question in found.questions:
        record = records[question.id]
        assert question.text not in f"{record.title}\n{record.text}"


def test_a_heading_that_stands_in_every_document_asks_nothing(docs: Path) -> None:
    assert "Overview" not in {question.text for question in documentation(docs).questions}


def test_documentation_is_the_same_in_every_run_and_bounded(docs: Path) -> None:
    assert documentation(docs) == documentation(docs)
    assert len(documentation(docs, max_records=6).records) < 10


@pytest.fixture
def manual(tmp_path: Path) -> Path:
    """Entries of error codes and options, each in a section of its own."""
    filler = "The machine is made for quiet rooms and has to be kept dry at all times. " * 4
    things = ("float switch", "glycol mixture", "filter mat", "motor flange", "curing oven", "loan pump")
    for number, thing in enumerate(things):
        entry = f"Message `E-{number}17` of the display means that the {thing} was not found in time."
        option = f"The option `max_{thing.split()[0]}` limits how often each {thing} is tried again."
        (tmp_path / f"{number}.md").write_text(f"## Page {number}\n\n{entry} {option}\n\n{filler}\n")
    return tmp_path


def test_documentation_is_asked_by_its_codes_in_words_of_their_sentences(manual: Path) -> None:
    found = asked_by_codes([manual])
    texts = {record.id: record.text for record in found.records}
    answerable = [question for question in found.questions if question.answerable]
    assert len(answerable) == 12
    for question in answerable:
        ((section, _),) = question.relevant.items()
        (sentence,) = question.answers
        assert sentence in " ".join(texts[section].split())
        code = re.search(r"E-\d17|max_\w+", question.text)
        assert code is not None
        assert code.group() in sentence


def test_a_code_that_stands_nowhere_or_a_thing_that_is_not_said_of_it_has_no_answer(manual: Path) -> None:
    found = asked_by_codes([manual])
    every = " ".join(record.text for record in found.records)
    unanswerable = [question for question in found.questions if not question.answerable]
    written = [word.strip("?") for question in unanswerable for word in question.text.split()]
    codes = [word for word in written if word.startswith(("E-", "max_")) or "_" in word]
    assert len(unanswerable) >= 6
    assert {code in every for code in codes} == {True, False}
    assert all(not question.relevant for question in unanswerable)


def test_the_same_codes_ask_every_time_and_no_more_than_are_wanted(manual: Path) -> None:
    assert asked_by_codes([manual]) == asked_by_codes([manual])
    assert sum(question.answerable for question in asked_by_codes([manual], 4).questions) == 4


# --- finding, judging ------------------------------------------------------------------------


def test_every_set_in_or_below_a_folder_is_found_and_nothing_else(beir: Path) -> None:
    folder = beir.parent
    rows(folder / "qa" / "pubmed.json", {"77": {"QUESTION": "Does it leak?", "CONTEXTS": [PUMP]}})
    (folder / "notes.md").write_text(PUMP)
    assert [one.name for one in find(folder)] == ["pumps", "pubmed"]
    assert [one.name for one in find(beir)] == ["pumps"]


def test_a_hit_that_holds_an_answer_is_better_than_one_about_it(beir: Path) -> None:
    rows(
        beir / "qa.jsonl",
        {"id": "q1", "question": "?", "passage": "art#1", "answers": ["24 Months"], "impossible": False},
    )
    question = loaded(beir).questions[0]
    assert relevance(question, hit("corpus.jsonl#art#1", "lasts 24\nmonths.", "art#1")) == 2
    assert relevance(question, hit("corpus.jsonl#art#1", "lasts 124 months.", "art#1")) == 1
    assert relevance(question, hit("corpus.jsonl#art#2", "lasts 24 months.", "art#2")) == 0


def test_without_answers_every_passage_of_a_relevant_document_counts(beir: Path) -> None:
    question = loaded(beir).questions[0]
    assert relevance(question, hit("art#1", "anything")) == 2


def sections(folder: Path) -> Path:
    """A page whose first heading asks in other words than its text, and its second in the same."""
    filler = "Every window of the house was painted in the spring of that year, and so was each door. " * 3
    (folder / "a.md").write_text(
        f"## How do I dispose of batteries?\n\nBring used cells to the counter. {filler}\n\n"
        f"## Painting windows and doors\n\n{filler}\n\n## Twice told tales\n\n{filler}\n"
    )
    (folder / "b.md").write_text(f"## Twice told tales\n\nSomething else. {filler}\n")
    return folder


def test_headings_that_share_few_words_with_their_text_ask_for_it(tmp_path: Path) -> None:
    found = headings(sections(tmp_path))
    (asked,) = found.questions
    (right,) = (record for record in found.records if record.id in asked.relevant)
    assert asked.text == "How do I dispose of batteries?"
    assert asked.group == "a.md"
    assert right.text.startswith("Bring used cells")
    assert right.title == ""
    assert len(found.records) == 4


def test_the_same_headings_ask_every_time(tmp_path: Path) -> None:
    assert headings(sections(tmp_path), 1) == headings(tmp_path, 1)
