"""The corruption suite: what it makes true stays true, what it makes false is false, and cite tells which."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from eval.citations import corrupt, misplace, rewrite, written
from eval.citations.cases import Case, is_telling, plain
from eval.citations.report import check, figures, table
from eval.citations.suite import Claim, claims
from service.settings import CiteSettings
from service.text.sentences import spans
from service.types import Encoded
from tests.answering import a_context, a_passage, encode

_HEADING = re.compile(r"(?m)^(?:#{1,4} .*|[-=~]{4,}|\d\. [A-Z ]+)$")
DEMO = Path(__file__).parents[2] / "deploy" / "demo" / "documents"
PUMP = (
    "The PX-100 pump of Keller Works delivers 1,200 litres per hour at 7 bar. It was introduced on 3 May "
    "2019 by Anna Keller. Operators must not open the valve while the motor is running. In winter, the "
    "tank is heated by Aldermouth Service, which costs 5% more. The seals are made by Peter Brown."
)
OTHER = "Lunch is served at noon in the main hall. Guests of Verano Foods pay 12 euros at the counter."


class FakeEncoder:
    """Encodes without a model; its fingerprint is none that a shipped model was learned on."""

    tokens_fingerprint = "made up"

    def embed_query(self, text: str) -> Encoded:
        return encode(text)


def a_case(sentence: int = 0, phrases: tuple[str, ...] = ()) -> Case:
    context = a_context(PUMP, OTHER)
    units = [PUMP[start:end] for start, end in spans(PUMP)]
    before = units[sentence - 1] if sentence else ""
    after = units[sentence + 1] if sentence + 1 < len(units) else ""
    return Case("pump", context, context.passages[0], units[sentence], before, after, phrases)


def demo_cases() -> list[Case]:
    """Sentences of the sample corpus, each with its section and two others as context."""
    files = sorted(file for suffix in ("md", "rst", "txt", "eml") for file in DEMO.rglob(f"*.{suffix}"))
    sections = [
        (file.stem, section.strip())
        for file in files
        for section in re.split(
            r"(?m)^(?:#{1,4} .*|[-=~]{4,}|\d\. [A-Z ]+)$", file.read_text(encoding="utf-8")
        )
        if len(section.split()) > 40
    ]
    found = []
    for index, (group, section) in enumerate(sections[:-2]):
        others = [text for _, text in sections[index + 1 : index + 3]]
        context = a_context(*(a_passage(text, n) for n, text in enumerate((section, *others), 1)))
        units = [plain(section[start:end]) for start, end in spans(section)]
        for at, text in enumerate(units):
            if is_telling(text) and "|" not in text:
                after = units[at + 1] if at + 1 < len(units) else ""
                before = units[at - 1] if at else ""
                found.append(Case(group, context, context.passages[0], text, before, after))
    return random.Random(1).sample(found, min(80, len(found)))


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (corrupt.number, 0),
        (corrupt.unit, 3),
        (corrupt.date, 1),
        (corrupt.name_from_the_passage, 1),
        (corrupt.negation_added, 1),
        (corrupt.negation_removed, 2),
    ],
)
def test_a_corruption_changes_one_place_of_the_sentence(made: object, sentence: int) -> None:
    case = a_case(sentence)
    text = made(case, case.text, random.Random(3))  # type: ignore[operator]
    assert text is not None
    assert text != case.text
    kept = [word for word in case.text.split() if word in text.split()]
    assert len(kept) >= len(case.text.split()) - 3


@pytest.mark.parametrize(
    ("made", "sentence", "expected"),
    [
        (rewrite.number_written_otherwise, 3, "5 percent"),
        (rewrite.order, 3, "The tank is heated by Aldermouth Service, which costs 5% more in winter."),
        (rewrite.voice, 4, None),
        (rewrite.clause_dropped, 3, "In winter, the tank is heated by Aldermouth Service."),
        (rewrite.pronoun_resolved, 1, None),
        (rewrite.merged, 0, "7 bar, and it was introduced"),
    ],
)
def test_a_rewriting_says_the_same_by_its_rule(made: object, sentence: int, expected: str | None) -> None:
    case = a_case(sentence)
    text = made(case, case.text, random.Random(3))  # type: ignore[operator]
    assert (text is None) if expected is None else (expected in text)


def test_a_full_date_is_written_in_another_form_and_stays_the_day() -> None:
    texts = {rewrite.date_written_otherwise(a_case(1), a_case(1).text, random.Random(n)) for n in range(9)}
    assert {re.search(r"May 3, 2019|2019-05-03", str(text)) is not None for text in texts} == {True}


def test_names_are_found_inside_sentences_and_numbers_outside_dates_and_codes() -> None:
    assert [PUMP[slice(*span)] for span in written.names(PUMP)][:2] == ["Keller Works", "Anna Keller"]
    assert [PUMP[slice(*span)] for span in written.numbers(PUMP)] == ["1,200", "7", "5"]


def test_a_sentence_is_not_moved_to_a_passage_that_holds_it_too() -> None:
    context = a_context(PUMP, f"In short. {PUMP}")
    case = Case("pump", context, context.passages[0], spans_text(PUMP, 1), "", "")
    assert misplace.to_a_neighbour(case, case.text, random.Random(1)) is None


def spans_text(text: str, at: int) -> str:
    start, end = spans(text)[at]
    return text[start:end]


def test_an_answer_is_swapped_for_another_of_the_same_passage() -> None:
    case = a_case(1, phrases=("Anna Keller", "Peter Brown"))
    swapped = misplace.wrong_answer(case, case.text, random.Random(1))
    assert swapped == ("It was introduced on 3 May 2019 by Peter Brown.", 1)


def test_the_same_seed_gives_the_same_claims_and_another_one_others() -> None:
    cases = demo_cases()[:10]

    def made(seed: int) -> list[tuple[str, str]]:
        return [(claim.kind, claim.text) for claim in claims(cases, seed)]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_on_the_sample_corpus_false_sentences_are_caught_and_true_ones_kept() -> None:
    outcomes = list(check(list(claims(demo_cases())), FakeEncoder(), CiteSettings()))
    rows = {(row.supported, row.kind): row for row in figures(outcomes)}
    assert rows[False, "all false"].claims > 150
    assert rows[False, "all false"].right >= 0.93
    assert rows[True, "all true"].right >= 0.93
    for kind in ("number", "date"):
        assert rows[False, kind].right >= 0.98, kind
    assert rows[True, "verbatim"].right == 1.0


def test_the_table_tells_what_was_caught_and_what_dropped() -> None:
    case = a_case()
    outcomes = list(
        check(
            [
                Claim("verbatim", True, case.text, 1, case),
                Claim("number", False, case.text.replace("7", "8"), 1, case),
            ],
            FakeEncoder(),
            CiteSettings(),
        )
    )
    lines = list(table(figures(outcomes), [2.0]))
    assert [line.split()[:4] for line in lines[1:3]] == [
        ["number", "false", "1", "1.000"],
        ["verbatim", "true", "1", "0.000"],
    ]
