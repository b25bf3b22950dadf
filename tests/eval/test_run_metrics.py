"""What a case is measured with: retrieval, answer, trust, and what belongs to many cases together."""

from __future__ import annotations

import numpy as np
import pytest

from eval.retrieval import ndcg, recall
from eval.run.answered import Answers, f1, rouge_l, words
from eval.run.figures import ALL, column, draws, intervals, latency, means, parts
from eval.run.records import Outcome
from eval.run.retrieved import Retrieval
from eval.run.trusted import Trust
from tests.eval.running import PUMP, case, hit, outcome, response

WARRANTY = case(expected={"pump.md": 1}, facts=(("24 months", "two years"),))
NOTHING = case("u", answerable=False)


async def measured(family: Retrieval | Answers | Trust, one: Outcome) -> dict[str, float | None]:
    return dict(await family.measure(one))


# --- retrieval -------------------------------------------------------------------------------


async def test_documents_are_ranked_at_the_place_of_their_first_passage() -> None:
    hits = [hit("a.md", "1"), hit("a.md", "2"), hit("pump.md", "3")]
    found = await measured(Retrieval(), outcome(WARRANTY, hits=hits))
    assert (found["mrr"], found["recall@1"], found["recall@5"]) == (0.5, 0.0, 1.0)


async def test_ranking_is_measured_as_the_other_commands_measure_it() -> None:
    graded = case(expected={"a": 2, "b": 1, "c": 1})
    names = ["x", "b", "y", "a", "z", "q"]
    found = await measured(Retrieval(), outcome(graded, hits=[hit(name, name) for name in names]))
    assert found["ndcg@10"] == pytest.approx(ndcg(names, graded.expected))
    assert found["recall@5"] == pytest.approx(recall(names, graded.expected))


async def test_an_expected_document_beyond_the_answer_s_passages_is_not_found() -> None:
    found = await measured(Retrieval(), outcome(WARRANTY, hits=[hit("a.md"), hit("pump.md", text="")]))
    assert (found["found"], found["recall@5"]) == (0.0, 1.0)


async def test_finding_nothing_is_no_recall() -> None:
    assert (await measured(Retrieval(), outcome(WARRANTY)))["recall@50"] == 0.0


async def test_retrieval_says_nothing_of_a_case_that_expects_no_document() -> None:
    assert set((await measured(Retrieval(), outcome(NOTHING))).values()) == {None}


# --- answer ----------------------------------------------------------------------------------


async def test_a_fact_is_held_in_any_of_its_spellings() -> None:
    found = await measured(Answers(), outcome(WARRANTY, response("It lasts two years.")))
    assert (found["facts"], found["right"]) == (1.0, 1.0)


async def test_half_of_the_facts_is_not_right() -> None:
    two = case(facts=(("24 months",), ("pump",), ("seal",), ("valve",)))
    found = await measured(Answers(), outcome(two))
    assert (found["facts"], found["right"]) == (0.5, 0.0)


async def test_declining_what_has_an_answer_holds_nothing() -> None:
    found = await measured(Answers(), outcome(WARRANTY, response("")))
    assert (found["facts"], found["right"]) == (0.0, 0.0)


async def test_declining_what_has_no_answer_is_right() -> None:
    assert (await measured(Answers(), outcome(NOTHING, response(""))))["right"] == 1.0
    assert (await measured(Answers(), outcome(NOTHING)))["right"] == 0.0


async def test_a_case_without_a_response_went_wrong_and_is_measured_no_further() -> None:
    failed = Outcome(case=WARRANTY, error="unavailable: gone")
    assert (await measured(Answers(), failed))["right"] == 0.0
    assert set((await measured(Trust(), failed)).values()) == {None}


async def test_words_are_compared_without_their_case_and_marks() -> None:
    found = await measured(Answers(), outcome(case(answers=("The Seine", "Seine")), response("the seine!")))
    assert (found["exact"], found["f1"], found["holds_answer"]) == (1.0, 1.0, 1.0)


def test_f1_counts_a_word_as_often_as_it_stands() -> None:
    assert f1(words("a a b"), words("a b b")) == pytest.approx(2 / 3)


def test_rouge_l_keeps_the_order_of_words() -> None:
    """The example of Lin 2004: `police killed the gunman` shares three words in order with the first."""
    reference = words("police killed the gunman")
    assert rouge_l(words("police kill the gunman"), reference) == pytest.approx(0.75)
    assert rouge_l(words("the gunman kill police"), reference) == pytest.approx(0.5)
    assert rouge_l(words("nothing"), reference) == 0.0


# --- trust -----------------------------------------------------------------------------------


async def test_footnotes_on_other_documents_cost_precision_and_not_recall() -> None:
    found = await measured(Trust(), outcome(WARRANTY, response(cited=("pump.md", "old.md"))))
    assert (found["citation_precision"], found["citation_recall"], found["cited"]) == (0.5, 1.0, 1.0)


async def test_a_document_may_be_expected_by_its_external_id() -> None:
    record = hit("corpus.jsonl#7").model_copy(update={"external_id": "7"})
    asked = outcome(case(expected={"7": 1}), response(cited=("corpus.jsonl#7",)), [record])
    assert (await measured(Trust(), asked))["citation_precision"] == 1.0


async def test_an_answer_without_a_footnote_is_unsafe_and_unsupported() -> None:
    found = await measured(Trust(), outcome(WARRANTY, response(cited=())))
    assert (found["unsafe"], found["unsupported"]) == (1.0, 1.0)


async def test_an_answer_to_what_must_not_be_answered_is_unsafe() -> None:
    asked = case(tags=("unsafe",), answerable=False)
    assert (await measured(Trust(), outcome(asked)))["unsafe"] == 1.0
    assert (await measured(Trust(), outcome(asked, response(""))))["unsafe"] == 0.0


async def test_abstentions_are_judged_both_ways() -> None:
    declined = await measured(Trust(), outcome(WARRANTY, response("")))
    assert (declined["abstention_precision"], declined["abstention_recall"]) == (0.0, None)
    answered = await measured(Trust(), outcome(NOTHING))
    assert (answered["abstention_precision"], answered["abstention_recall"]) == (None, 0.0)


# --- many cases ------------------------------------------------------------------------------


def scored(values: list[float | None], group: str = "") -> list[Outcome]:
    cases = (case(str(number), group=group, kind="lookup") for number in range(len(values)))
    pairs = zip(cases, values, strict=True)
    return [outcome(one, metrics={"right": value}) for one, value in pairs]


def test_a_mean_is_over_the_cases_of_which_something_is_said() -> None:
    figure = intervals(scored([1.0, 0.0, None, None]))["right"]
    assert (figure.mean, figure.n) == (0.5, 2)
    assert figure.low <= 0.5 <= figure.high


def test_cases_about_one_document_are_drawn_together() -> None:
    weights = draws(scored([1.0, 0.0], group="pump.md"))
    assert (weights == 1).all()


def test_intervals_are_those_of_the_standard_error() -> None:
    values = [float(number % 2) for number in range(400)]
    figure = intervals(scored([*values]))["right"]
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * 0.5 / 20, rel=0.1)


def test_means_of_resamples_leave_out_what_is_unknown() -> None:
    outcomes = scored([1.0, None])
    assert means(column(outcomes, "right"), np.ones((1, 2))).tolist() == [1.0]


def test_every_kind_and_tag_is_a_part() -> None:
    asked = outcome(case(kind="table", tags=("german", "scan")))
    assert list(parts([asked])) == [ALL, "kind:table", "tag:german", "tag:scan"]


def test_probabilities_are_judged_where_there_are_questions_with_an_answer_and_without() -> None:
    sure = [outcome(case(f"a{n}"), response(p=0.9)) for n in range(6)]
    unsure = [outcome(case(f"u{n}", answerable=False), response("", p=0.1)) for n in range(4)]
    figures = intervals([*sure, *unsure])
    assert figures["auroc"].mean == 1.0
    assert figures["calibration_error"].mean == pytest.approx(0.1)
    assert "auroc" not in intervals(sure)


def test_what_came_from_a_cache_is_not_timed() -> None:
    fresh, cached = outcome(case("a")), outcome(case("b"), {**response(), "cached": True})
    assert latency([fresh, cached])["total"].n == 1
    assert PUMP in fresh.answer
