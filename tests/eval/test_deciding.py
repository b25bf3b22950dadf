"""The decision is learned from questions that have no answer, keeps its promise, and is reported by kind."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import typer

from eval.halves import is_first_half
from eval.relevance import calibration
from eval.relevance.deciding import DecidedCase, report
from eval.tune import calibrator
from eval.tune.alter import altered
from eval.tune.cases import KINDS
from eval.tune.deciding import (
    LOST,
    MADE,
    MIX,
    PROMISE,
    CaseFeatures,
    fit,
    keeping_promise,
    losing_few,
    rarity,
    weights,
)
from service.decide import Calibrator
from service.decide.features import FROM_TEXT, FROM_TOKENS
from service.settings import Settings
from tests.answering import token_vectors
from tests.fakes_core import FakeEmbedder, a_tokenizer, quick_folder

NAMES = (*FROM_TEXT, *FROM_TOKENS)


# --- questions made unanswerable -------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "gone"),
    [
        ("What is the flow of the MV450 pump?", "MV450"),
        ("What was the revenue in 2024?", "2024"),
        ("What is the largest part of it?", "largest"),
        ("Where does Lucia Ferrante work?", "Lucia Ferrante"),
    ],
)
def test_one_thing_of_the_question_is_replaced(question: str, gone: str) -> None:
    other = altered(question, ["nothing"], ["Piet Mondrian"], random.Random(1))
    assert other is not None
    assert gone in question
    assert gone not in other
    assert len(other.split()) == len(question.split())


def test_what_comes_in_is_not_in_the_passages() -> None:
    """Else the altered question would have an answer."""
    passages = [" ".join(map(str, range(1900, 2100)))]
    assert altered("What was the revenue in 2024?", passages, [], random.Random(1)) is None
    assert altered("What is the largest part?", ["the smallest part"], [], random.Random(1)) is None


@pytest.mark.parametrize(
    "question",
    [
        "How long does it live on a table?",
        "Does the first stage run hotter?",
        "I have a small number of sheets. How do I send one?",
        "I’d like to know: is it read?",
    ],
)
def test_an_opposite_on_which_nothing_hangs_and_a_pronoun_are_left_alone(question: str) -> None:
    """Told how short a virus lives, or that the first stage does not run hotter, one has an answer."""
    assert altered(question, [], ["GHO"], random.Random(1)) is None


def test_of_editions_only_opposites_are_replaced() -> None:
    """Another name or number there is another report's."""
    draw, others = random.Random(1), ["Piet Mondrian"]
    assert altered("What was the revenue of Lucia Ferrante in 2024?", [], others, draw, True) is None
    assert altered("What was the highest revenue in 2024?", [], others, draw, True) is not None


def test_a_question_that_names_nothing_is_left_alone() -> None:
    assert altered("What is it like to work there?", [], ["Piet Mondrian"], random.Random(1)) is None


# --- learning --------------------------------------------------------------------------------


def a_row(kind: str, window: float, group: str, name: str = "set") -> CaseFeatures:
    named = dict.fromkeys(NAMES, 0.5) | {"identifiers": 1.0, "named_window": window, "first_three": window}
    return CaseFeatures(name, kind, group, 0, named, found=True)  # type: ignore[arg-type]


def some_rows(count: int = 400, seed: int = 0) -> list[CaseFeatures]:
    """Answerable questions have better windows, with overlap; adversarial ones overlap most."""
    draw = np.random.default_rng(seed)
    means = {"answerable": 0.8, "removed": 0.55, "off_topic": 0.3, "adversarial": 0.7, "altered": 0.65}
    return [
        a_row(kind, float(np.clip(draw.normal(means[kind], 0.1), 0, 1)), f"g{number % 40}")
        for kind in KINDS
        for number in range(count if kind == "answerable" else count // 4)
    ]


def share(rows: Sequence[CaseFeatures], kind: str, name: str = "set") -> float:
    """The part of all weight that a kind of a set has."""
    weight = weights(rows)
    inside = np.array([row.kind == kind and row.set == name for row in rows])
    return float(weight[inside].sum() / weight.sum())


def test_kinds_have_the_shares_of_the_mix_however_many_cases_they_have() -> None:
    rows = [a_row(kind, 0.5, str(n)) for kind in KINDS for n in range(1 + 9 * (kind == "answerable"))]
    assert {kind: share(rows, kind) for kind in KINDS} == pytest.approx(dict(MIX))
    assert sum(MIX.values()) == pytest.approx(1)


def test_a_kind_that_a_set_lacks_leaves_its_share_to_the_other_unanswerable_ones() -> None:
    rows = [a_row(kind, 0.5, str(n)) for kind in ("answerable", "removed", "off_topic") for n in range(3)]
    assert share(rows, "answerable") == pytest.approx(0.5)
    assert share(rows, "off_topic") / share(rows, "removed") == pytest.approx(
        MIX["off_topic"] / MIX["removed"]
    )


def test_a_large_set_counts_no_more_than_a_small_one() -> None:
    small = [a_row("answerable", 0.5, "g", "small"), a_row("removed", 0.5, "g", "small")]
    large = [a_row(kind, 0.5, str(n), "large") for kind in ("answerable", "removed") for n in range(50)]
    assert share([*small, *large], "removed", "small") == pytest.approx(0.25)


def test_the_threshold_keeps_the_promise_at_the_highest_coverage() -> None:
    p = np.arange(1, 101) / 100
    answerable = np.zeros(100, bool)
    threshold = keeping_promise(p, answerable, np.ones(100))
    assert (p >= threshold).sum() == PROMISE * 100
    heavy = np.ones(100)
    heavy[-1] = 50.0
    assert (p >= keeping_promise(p, answerable, heavy)).sum() == 0


def test_ties_at_the_threshold_are_all_answered_or_none() -> None:
    p, answerable = np.array([0.9] * 10 + [0.1] * 90), np.zeros(100, bool)
    assert (p >= keeping_promise(p, answerable, np.ones(100))).sum() == 0


def test_the_floor_loses_no_more_answerable_questions_than_is_stated() -> None:
    p = np.arange(1, 201) / 200
    floor = losing_few(p, np.ones(200, bool), np.ones(200))
    assert (p < floor).sum() == LOST * 200
    assert losing_few(p[:5], np.ones(5, bool), np.ones(5)) == p[0]


@pytest.mark.parametrize("tokens", [True, False])
def test_what_is_learned_tells_the_kinds_apart_and_is_calibrated_out_of_fold(tokens: bool) -> None:
    rows = some_rows()
    model, p = fit(rows, tokens=tokens)
    answerable = np.array([row.answerable for row in rows])
    off_topic = np.array([row.kind == "off_topic" for row in rows])
    assert calibration.auroc(p, answerable, off_topic) > 0.97
    assert calibration.expected_error(p, answerable, weights(rows)) < 0.05
    fresh = some_rows(seed=1)
    wrong = np.array([model.probability(row.features) >= model.threshold for row in fresh])
    unanswerable = np.array([not row.answerable for row in fresh])
    assert calibration.share(wrong[unanswerable], weights(fresh)[unanswerable]) < 2 * PROMISE


def test_questions_made_by_rules_teach_and_set_no_threshold() -> None:
    """They are easier: the promise is about what people ask."""
    asked, made = some_rows(), [dataclasses.replace(row, set=MADE[0]) for row in some_rows(seed=1)]
    easy = [row for row in made if row.kind != "adversarial"]
    model, p = fit([*asked, *easy], tokens=True)
    answerable, weight = np.array([row.answerable for row in asked]), weights(asked)
    of_people = keeping_promise(p[: len(asked)], answerable, weight)
    assert model.threshold == pytest.approx(of_people, abs=0.005)
    assert fit(easy, tokens=True)[0].threshold < model.threshold


def test_better_evidence_never_gives_a_lower_probability() -> None:
    model, _ = fit(some_rows(), tokens=True)
    found = [model.probability(a_row("answerable", x, "g").features) for x in np.linspace(0, 1, 50)]
    assert found == sorted(found)
    assert found[0] < 0.1 < 0.9 < found[-1]


def test_a_case_whose_answer_was_not_found_is_not_learned_from() -> None:
    row = a_row("answerable", 0.5, "g")
    assert row.learnable
    missed = CaseFeatures(row.set, row.kind, row.group, 0, row.features, found=False)
    assert not missed.learnable


def test_rare_tokens_weigh_more_and_sets_count_alike() -> None:
    common, both = token_vectors("pump"), token_vectors("pump warranty")
    table = rarity([[common, both], [common] * 50])
    pump, warranty = (float(table[id]) for id in both.ids)
    assert pump < warranty <= 1.0


# --- measuring -------------------------------------------------------------------------------


def test_auroc_is_the_chance_of_the_right_order() -> None:
    p = np.array([0.9, 0.4, 0.4, 0.1])
    answerable = np.array([True, True, False, False])
    assert calibration.auroc(p, answerable, ~answerable) == pytest.approx((2 + 1.5) / 4)


def test_the_calibration_error_is_the_gap_between_said_and_seen() -> None:
    p, seen = np.array([0.75] * 4), np.array([True, True, True, False])
    assert calibration.expected_error(p, seen, np.ones(4)) == pytest.approx(0)
    assert calibration.expected_error(p, ~seen, np.ones(4)) == pytest.approx(0.5)


def test_the_surest_questions_are_answered_first() -> None:
    p = np.array([0.9, 0.8, 0.2, 0.1])
    curve = calibration.risk_coverage(p, np.array([True, True, False, False]), np.ones(4), steps=2)
    assert [(one.coverage, one.risk) for one in curve] == [(0.5, 0.0), (1.0, 0.5)]


def test_the_report_tells_each_kind_by_itself() -> None:
    found = [
        DecidedCase("squad2", "squad2", "answerable", 0.9, True),
        DecidedCase("squad2", "squad2", "answerable", 0.7, False),
        DecidedCase("squad2", "squad2", "removed", 0.8, True),
        DecidedCase("squad2", "squad2", "off_topic", 0.1, False),
    ]
    few = DecidedCase("squad2", "squad2, few documents", "answerable", 0.9, True, 1)
    figures = report(found, True, 0.75)
    assert {(row.kind, row.answered) for row in figures.rows} == {
        ("answerable", 0.5),
        ("removed", 1.0),
        ("off_topic", 0.0),
    }
    assert figures.auroc["removed"] == pytest.approx(0.5)
    assert figures.auroc["off_topic"] == 1.0
    assert figures.coverage == 0.5
    assert [row.corpus for row in report([*found, few], True, 0.75).rows][-1] == "1 document"
    assert figures.promise == pytest.approx(MIX["removed"] / (MIX["removed"] + MIX["off_topic"]))


# --- one small run from end to end -----------------------------------------------------------


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as quick:
        yield quick


def documentation(folder: Path) -> Path:
    """Sections about things of their own, in sentences that can become questions."""
    draw = random.Random(5)

    def word() -> str:
        return "".join(draw.choice("bcdfghklmnprstvz") + draw.choice("aeiou") for _ in range(3))

    for number in range(14):
        parts = []
        for _ in range(3):
            subject = " ".join(word() for _ in range(3))
            sentences = [
                " ".join([subject.capitalize(), *(word() for _ in range(7))]) + "." for _ in range(5)
            ]
            parts.append(f"# {subject}\n\n{' '.join(sentences)}\n")
        (folder / f"page{number}.md").write_text("\n".join(parts), encoding="utf-8")
    return folder


def test_a_calibrator_is_made_from_documents_without_labels(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "docs").mkdir()
    embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path))
    sets = calibrator.learnable([], [documentation(folder / "docs")], [])
    figures = calibrator.tuned(sets, Settings(), folder / "work", make_embedder=lambda _: embedder)
    parts = calibrator.opened(Settings(), lambda _: embedder)
    assert figures["by_kind"]["removed"]["auroc"] > 0.8
    assert figures["by_kind"]["off_topic"]["auroc"] > 0.95
    made = Calibrator.read(tmp_path / "tuned" / "calibrator.json")
    assert made.differences(parts.running) == []
    assert made.tokens.threshold == pytest.approx(figures["threshold"], abs=1e-4)


def test_without_anything_to_learn_from_it_says_so() -> None:
    with pytest.raises(typer.BadParameter, match="--documents"):
        calibrator.main()


def test_articles_of_the_other_half_are_neither_learned_from_nor_their_texts() -> None:
    halves = {is_first_half(f"article {number}") for number in range(20)}
    assert halves == {True, False}
    assert calibrator.is_learned_from("any", "article 1")
    assert calibrator.is_learned_from("squad2", "x") == is_first_half("x")
