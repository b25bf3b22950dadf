"""What readers said becomes cases: masked, reviewed by a person, and only where that is allowed."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.commands import command
from eval.feedback.__main__ import collected, main
from eval.feedback.proposals import Proposal, proposals
from eval.feedback.reviewing import add, decide, kept, read
from eval.run.records import Case, cases_of
from service.catalogue import Answers, Database, GivenAnswer
from service.catalogue.answers import Judgement
from service.catalogue.database import now
from service.errors import InvalidInput, Misconfigured
from service.masking import Masker
from service.masking.secrets import secrets
from service.records import Feedback
from service.settings import CatalogueSettings, Settings
from service.types import LOCAL

SECRET = "sk-" + "a1B2c3D4" * 4
ONLY_SECRETS = Masker(secrets)
"""Personal data is masked by the same masker, whose packages take seconds to import."""
ALLOWED = CatalogueSettings(feedback_to_cases=True)


def judgement(rating: str = "up", correction: str = "", **changed: object) -> Judgement:
    one = Judgement("How long is the warranty?", rating, correction, ("c1",), sources=("manual.md",))
    return replace(one, **changed)  # type: ignore[arg-type]


def case_of(*judged: Judgement) -> Case:
    (proposal,) = proposals(judged, ONLY_SECRETS)
    return proposal.case


def test_an_answer_that_was_rated_up_expects_the_documents_that_it_quoted() -> None:
    case = case_of(judgement())
    assert (case.question, case.expected, case.answerable) == (
        "How long is the warranty?",
        {"manual.md": 1},
        True,
    )


def test_a_correction_is_the_reference_and_what_was_quoted_proves_nothing() -> None:
    case = case_of(judgement("down", " 36 months "))
    assert (case.reference, case.expected) == ("36 months", {})


def test_declining_that_was_rated_up_says_that_there_is_no_answer() -> None:
    assert not case_of(judgement(status="abstained", sources=())).answerable
    assert case_of(judgement("down", "36 months", status="abstained", sources=())).answerable


@pytest.mark.parametrize(
    "judged", [judgement("down"), judgement("again"), judgement("down", "  "), judgement(sources=())]
)
def test_what_does_not_say_what_is_right_is_no_case(judged: Judgement) -> None:
    assert proposals([judged], ONLY_SECRETS) == []


def test_of_one_question_the_last_word_counts() -> None:
    again = judgement("down", "36 months", question="how long is the warranty")
    assert case_of(judgement(), again, judgement("down")).reference == "36 months"


def test_every_text_is_masked_and_a_document_whose_name_would_be_is_left_out() -> None:
    judged = judgement(
        "up", question=f"Is {SECRET} valid?", comment=f"{SECRET}!", sources=(f"{SECRET}.md", "keys.md")
    )
    corrected = judgement("down", f"No, {SECRET} is not.")
    made = proposals([judged, corrected], ONLY_SECRETS)
    assert SECRET not in "".join(one.model_dump_json() for one in made)
    assert made[0].case.question == "Is [secret] valid?"
    assert made[0].case.expected == {"keys.md": 1}


# --- the review ------------------------------------------------------------------------------


def test_only_what_a_person_keeps_becomes_a_case(tmp_path: Path) -> None:
    file = tmp_path / "proposals.jsonl"
    made = proposals([judgement(question=f"Why {n}?") for n in range(3)], ONLY_SECRETS)
    decided = [
        one.model_copy(update={"review": word}) for one, word in zip(made, ("keep", "drop", ""), strict=True)
    ]
    add(file, decided)
    assert [case.question for case in kept(file, ONLY_SECRETS)] == ["Why 0?"]


def test_collecting_again_adds_what_is_new_and_leaves_reviews_alone(tmp_path: Path) -> None:
    file = tmp_path / "proposals.jsonl"
    first = proposals([judgement()], ONLY_SECRETS)
    add(file, [first[0].model_copy(update={"review": "drop"})])
    file.write_text(file.read_text().rstrip())  # as some editors do
    assert add(file, [*first, *proposals([judgement(question="Why?")], ONLY_SECRETS)]) == 1
    assert [one.review for one in read(file)] == ["drop", ""]


def test_a_person_is_asked_of_what_is_open_and_each_decision_is_kept_at_once(tmp_path: Path) -> None:
    file = tmp_path / "proposals.jsonl"
    many = [judgement(question=f"Question {name}?") for name in "abc"]
    first, *others = proposals(many, ONLY_SECRETS)
    add(file, [first.model_copy(update={"review": "drop"}), *others])

    def ask(proposal: Proposal, how_far: str) -> Proposal:
        if how_far == "2 of 2":
            assert [one.review for one in read(file)] == ["drop", "keep", ""]
            return proposal
        return proposal.model_copy(update={"review": "keep"})

    assert decide(file, ask) == 1
    assert [one.review for one in read(file)] == ["drop", "keep", ""]


def reviewed(file: Path, said: str, monkeypatch: pytest.MonkeyPatch, editor: str = "") -> str:
    """What is printed to a person who says this, and whose editor does that to the file in $1."""
    script = file.with_name("editor")
    script.write_text(f"#!/bin/sh\n{editor}\n")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    done = CliRunner().invoke(command(main), ["--review", str(file)], input=said)
    assert done.exit_code == 0
    return done.output


def test_a_case_can_be_mended_before_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "proposals.jsonl"
    add(file, proposals([judgement()], ONLY_SECRETS))
    mend = 'sed -i "s/How long is/How many months is/" "$1"'
    assert "1 decided" in reviewed(file, "what?\nedit\nkeep\n", monkeypatch, mend)
    (case,) = kept(file, ONLY_SECRETS)
    assert case.question == "How many months is the warranty?"


def test_what_an_editor_spoilt_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "proposals.jsonl"
    add(file, proposals([judgement()], ONLY_SECRETS))
    before = file.read_text()
    assert "This is no case" in reviewed(file, "edit\nlater\n", monkeypatch, 'echo "{}" > "$1"')
    assert file.read_text() == before


def test_what_a_person_wrote_is_masked_as_well(tmp_path: Path) -> None:
    file = tmp_path / "proposals.jsonl"
    mended = Case(id="f", question="Which key?", reference=SECRET, answers=(SECRET,), facts=((SECRET,),))
    add(file, [Proposal(review="keep", case=mended)])
    (case,) = kept(file, ONLY_SECRETS)
    assert (case.reference, case.answers, case.facts) == ("[secret]", ("[secret]",), (("[secret]",),))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"review": "maybe", "case": {"id": "a", "question": "?"}}', "line 1: review"),
        ("no json", "line 1: "),
        ('{"review": "keep", "case": {"id": "a", "question": "?"}}', "nothing says which"),
    ],
)
def test_a_line_that_cannot_be_a_case_is_named(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "proposals.jsonl"
    file.write_text(f"{line}\n")
    with pytest.raises(InvalidInput, match=reason):
        kept(file, ONLY_SECRETS)


# --- from the catalogue ----------------------------------------------------------------------


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(Database.in_folder(folder)) as database:
        answers = Answers(database)
        question = "Who answers anna.berg@example.com?"
        answers.keep([GivenAnswer("one", LOCAL.tenant, question, "answered", (), now())])
        answers.judge(LOCAL, Feedback("one", "down", "call +49 30 901820", "The help desk."))
    return folder


def test_nothing_is_collected_unless_it_is_allowed(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"catalogue\.feedback_to_cases"):
        collected(Settings(data_dir=data_dir), "", tmp_path / "proposals.jsonl")
    assert not (tmp_path / "proposals.jsonl").exists()


def test_feedback_becomes_a_set_that_a_run_can_ask(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, cases = tmp_path / "proposals.jsonl", tmp_path / "cases.jsonl"
    assert collected(Settings(data_dir=data_dir, catalogue=ALLOWED), "", file) == 1
    text = file.read_text()
    assert "anna" not in text
    assert "901820" not in text
    proposal = json.loads(text)
    assert proposal["case"]["question"] == "Who answers [email]?"
    file.write_text(json.dumps({**proposal, "review": "keep"}))
    main(out=cases, reviewed=file)
    (case,) = cases_of(cases)
    assert (case.reference, case.tags) == ("The help desk.", ("feedback",))


def test_a_folder_without_a_catalogue_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no catalogue"):
        collected(Settings(data_dir=tmp_path, catalogue=ALLOWED), "", tmp_path / "proposals.jsonl")
