"""Decide: evidence raises the probability, its absence lowers it, and an abstention says why."""

from __future__ import annotations

import dataclasses
from math import log
from pathlib import Path

import numpy as np
import pytest

from service.decide import Calibrator, Decider, after, fingerprints, open_decider
from service.decide.calibrator import LogisticModel, shipped
from service.decide.features import FROM_TOKENS, QUANTITIES, decision_features
from service.errors import Misconfigured
from service.learned import RERANKER, shipped_file
from service.rerank import Reranker
from service.rerank.late import LateInteraction
from service.rerank.ranker import read_ranker
from service.settings import ChunkSettings, DecideSettings
from service.types import Decision, Found, Hit, TokenVectors
from tests.answering import a_hit, a_question

WARRANTY = "The warranty on the PX-100 pump lasts 24 months from delivery."
QUESTION = "How long is the warranty on the PX-100 pump?"
RARITY = np.ones(30_000, np.float32)


def without_tokens(found: Found) -> Found:
    question = dataclasses.replace(
        found.question, vectors=dataclasses.replace(found.question.vectors, tokens=None)
    )
    return Found(question, tuple(dataclasses.replace(hit, tokens=None) for hit in found.hits))


def a_decider(threshold: float | None = None, calibrator: Calibrator | None = None) -> Decider:
    calibrator = calibrator or shipped()
    return Decider(DecideSettings(threshold=threshold), calibrator, calibrator.fingerprints)


def ask(question: str, *hits: Hit, threshold: float | None = 0.5) -> Decision:
    """The decision on the words alone: the token vectors of these hits are no model's."""
    return a_decider(threshold).decide(without_tokens(Found(a_question(question), hits)))


def read(question: str, *hits: Hit) -> dict[str, float]:
    return decision_features(Found(a_question(question), hits), RARITY)


def late_interaction() -> Reranker:
    return LateInteraction(read_ranker(shipped_file(RERANKER, "")), depth=50)


def without_vectors(hit: Hit) -> TokenVectors:
    """The hit's token ids with vectors that are no question's: reading them would change every quantity."""
    assert hit.tokens is not None
    return TokenVectors(hit.tokens.ids, np.zeros_like(hit.tokens.vectors))


def a_calibrator(**changes: object) -> Calibrator:
    """One whose probability is the coverage, for hits with tokens and without."""
    model = LogisticModel(0.0, {"coverage": 1.0}, ((0.0, 0.0), (1.0, 1.0)), 0.6)
    plain = Calibrator(model, model, RARITY, {"embedder": "e", "reranker": "r", "chunker": "c"})
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


# --- what it decides -------------------------------------------------------------------------


def test_nothing_found_is_no_evidence() -> None:
    decision = ask("How long is the warranty?")
    assert (decision.answer, decision.reason, decision.p_answerable) == (False, "no_evidence", 0.0)


def test_without_hits_it_abstains_even_where_everything_is_answered() -> None:
    decision = ask("How long is the warranty?", threshold=0.0)
    assert not decision.answer


def test_a_question_whose_terms_stand_in_one_sentence_is_likelier_answered_than_one_that_shares_nothing() -> (
    None
):
    answered = ask(QUESTION, a_hit(WARRANTY))
    stray = ask("Who wrote the opera Tosca?", a_hit(WARRANTY, dense=(1, 0.1)))
    assert answered.p_answerable > 2 * stray.p_answerable


def test_a_hit_that_shares_nothing_is_off_topic() -> None:
    decision = ask("Who wrote the opera Tosca?", a_hit(WARRANTY, dense=(1, 0.1), sparse=None))
    assert (decision.answer, decision.reason) == (False, "off_topic")


def test_a_hit_on_the_subject_that_lacks_what_is_asked_is_low_confidence() -> None:
    question = "Which colours and sizes of pump hoses are sold in Norway?"
    decision = ask(question, a_hit(WARRANTY, dense=(1, 0.45)))
    assert (decision.answer, decision.reason) == (False, "low_confidence")


def test_another_part_number_than_the_one_asked_for_is_less_likely_an_answer() -> None:
    right, wrong = (
        ask(f"How long is the warranty on the {name} pump?", a_hit(WARRANTY)) for name in ("PX-100", "PX-900")
    )
    assert right.p_answerable > wrong.p_answerable
    assert (right.features["identifiers"], wrong.features["identifiers"]) == (1.0, 0.0)


def test_the_threshold_is_the_calibrator_s_unless_one_is_set() -> None:
    found = Found(a_question("warranty pump"), (a_hit(WARRANTY),))
    assert a_decider(None, a_calibrator()).decide(found).threshold == 0.6
    assert a_decider(0.9, a_calibrator()).decide(found).threshold == 0.9


def test_it_answers_at_the_threshold_and_not_below() -> None:
    found = Found(a_question("warranty Tosca"), (a_hit(WARRANTY),))
    assert a_decider(0.5, a_calibrator()).decide(found).answer
    assert not a_decider(0.51, a_calibrator()).decide(found).answer


@pytest.mark.parametrize("question", ["?", "", "the of and", "42", "東京"])
def test_a_question_without_content_words_is_still_decided(question: str) -> None:
    found = Found(a_question(question), (a_hit(WARRANTY), a_hit("| a |", id="c2")))
    for one in (found, without_tokens(found)):
        assert 0 <= a_decider().decide(one).p_answerable <= 1


# --- the features ----------------------------------------------------------------------------


def test_the_heading_above_counts_as_said() -> None:
    bare = read("the PX-100 warranty", a_hit("It lasts 24 months."))
    headed = read("the PX-100 warranty", a_hit("It lasts 24 months.", headings=("PX-100", "Warranty")))
    assert headed["first_three"] == headed["coverage"] == 1.0 > bare["coverage"]


@pytest.mark.parametrize("asked", ["Is the PX-100 warranty 36 months?", "Is the warranty by Norrask long?"])
def test_terms_count_less_in_a_hit_that_lacks_what_the_question_names(asked: str) -> None:
    there = WARRANTY.replace("24", "36") + " It is given by Norrask."
    assert read(asked, a_hit(there))["first_three"] > 2 * read(asked, a_hit(WARRANTY))["first_three"]
    assert read(asked, a_hit(there))["named_window"] > 2 * read(asked, a_hit(WARRANTY))["named_window"]


def test_the_best_of_the_first_three_hits_counts_and_no_later_one() -> None:
    other, best = [a_hit(f"Hoses are sold in town {n}.", id=f"x{n}") for n in range(3)], a_hit(WARRANTY)
    assert read(QUESTION, *other[:2], best)["first_three"] == read(QUESTION, best)["first_three"]
    assert read(QUESTION, *other, best)["first_three"] < 0.5


@pytest.mark.parametrize(
    ("hits", "pinned"),
    [
        ((WARRANTY,), 1.0),
        (("Hoses are sold in Norway.", WARRANTY), 1.0),
        ((WARRANTY, "The PX-100 is blue and green."), 0.5),
        ((WARRANTY.replace("100", "900"),), 0.0),
        (("Hoses.", "Lamps.", "Doors.", WARRANTY), 0.0),
    ],
    ids=["alone", "second", "in two", "another", "too late"],
)
def test_a_part_number_that_few_hits_hold_pins_down_what_is_asked_for(
    hits: tuple[str, ...], pinned: float
) -> None:
    found = read("the warranty on the PX-100 pump", *(a_hit(text, id=f"c{n}") for n, text in enumerate(hits)))
    assert found["pinned"] == pinned


def test_a_part_number_pins_down_only_what_is_said_beside_it() -> None:
    assert read("Which colour has the PX-100?", a_hit(WARRANTY))["pinned"] == 0.0
    assert 0 < read("Which colour has the PX-100 pump?", a_hit(WARRANTY))["pinned"] < 1


@pytest.mark.parametrize(
    "question", ["What is PX-100?", "What does PX-100 mean?", "What is PX-100 used for?"]
)
def test_how_a_part_number_is_asked_for_need_not_stand_beside_it(question: str) -> None:
    assert read(question, a_hit(WARRANTY))["pinned"] == 1.0


def test_a_question_without_a_part_number_is_not_pinned_down() -> None:
    assert read("How long is the warranty on the pump?", a_hit(WARRANTY))["pinned"] == 0.0


def test_what_kind_of_question_it_is_is_told() -> None:
    plain, exact = read("how long is it?", a_hit(WARRANTY)), read(QUESTION, a_hit(WARRANTY))
    assert (plain["asks_code"], plain["asks_name"]) == (0.0, 0.0)
    assert (exact["asks_code"], exact["asks_name"]) == (1.0, 1.0)
    assert exact["terms"] > plain["terms"]


def test_a_number_that_the_first_hit_lacks_is_told() -> None:
    assert read("Is the warranty 24 months?", a_hit(WARRANTY))["lacks_code"] == 0.0
    assert read("Is the warranty 36 months?", a_hit(WARRANTY))["lacks_code"] == 1.0


def test_several_of_a_thing_with_a_code_name_the_code() -> None:
    assert read("What do the 10-Qs say?", a_hit("Form 10-Q, quarterly report."))["identifiers"] == 1.0


def test_tokens_that_match_raise_the_quantities_read_from_them() -> None:
    near, far = read("warranty pump", a_hit(WARRANTY)), read("opera Tosca", a_hit(WARRANTY))
    assert near["maxsim"] > far["maxsim"]
    assert near["named_window"] > far["named_window"]


def test_a_hit_among_others_like_it_does_not_stand_out() -> None:
    best, other = a_hit(WARRANTY), a_hit("Hoses are sold in Norway.", id="x")
    alone, doubled = read(QUESTION, best, other), read(QUESTION, best, a_hit(WARRANTY, id="again"), other)
    assert alone["standout"] > doubled["standout"] == 0.0


def test_without_token_vectors_the_words_alone_are_read() -> None:
    found = Found(a_question(QUESTION), (a_hit(WARRANTY),))
    assert set(decision_features(found, RARITY)) == QUANTITIES
    assert set(decision_features(without_tokens(found), RARITY)) == QUANTITIES - {*FROM_TOKENS}


def test_the_tokens_that_reranking_compared_are_not_compared_again() -> None:
    question, hits = a_question(QUESTION), (a_hit(WARRANTY), a_hit("The canteen opens at noon.", id="c2"))
    reranked = late_interaction().rerank(question, hits)
    unreadable = [dataclasses.replace(hit, tokens=without_vectors(hit)) for hit in reranked]
    seen, anew = (decision_features(Found(question, tuple(each)), RARITY) for each in (unreadable, hits))
    assert seen == pytest.approx(anew, abs=1e-6)


def test_what_reranking_compared_with_another_question_is_not_read() -> None:
    other = late_interaction().rerank(a_question("When does the canteen open?"), (a_hit(WARRANTY),))
    assert read(QUESTION, *other) == pytest.approx(read(QUESTION, a_hit(WARRANTY)), abs=1e-6)


def test_more_documents_that_do_not_fit_change_little() -> None:
    """A probability must not depend on how large the corpus is."""
    best = a_hit(WARRANTY)
    others = [
        a_hit(f"Something else about hoses, part {n}.", id=f"x{n}", dense=(n + 2, 0.1)) for n in range(12)
    ]
    few, many = read(QUESTION, best, *others[:2]), read(QUESTION, best, *others)
    for name in ("first_three", "coverage", "maxsim", "named_window", "standout"):
        assert few[name] == pytest.approx(many[name], abs=0.25), name


# --- what is named ---------------------------------------------------------------------------


def of_document(hit: Hit, **document: object) -> Hit:
    return dataclasses.replace(hit, document=dataclasses.replace(hit.document, **document))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "document",
    [
        {"source": "norrask/hr/leave.md"},
        {"source": "hr/norrask-leave.md"},
        {"title": "Leave at Norrask"},
        {"metadata": {"company": "Norrask"}},
    ],
    ids=["folder", "file", "title", "metadata"],
)
def test_a_name_in_path_title_or_metadata_of_the_hit_is_held(document: dict[str, object]) -> None:
    question, hit = "How many days of leave are there at Norrask?", a_hit("There are 28 days of leave.")
    held, bare = read(question, of_document(hit, **document)), read(question, hit)
    assert held["named_window"] > 2 * bare["named_window"]
    assert held["first_three"] > 2 * bare["first_three"]


def test_a_number_in_the_path_is_not_held_by_what_is_quoted() -> None:
    hit = of_document(a_hit("There are 28 days of leave."), source="leave/36.md")
    assert read("Is it 36 days of leave?", hit)["lacks_code"] == 1.0


@pytest.mark.parametrize("name", ["37signals", "3M", "COVID-19", "Covid-19", "covid-19"])
def test_a_name_with_a_digit_is_a_name_and_no_code(name: str) -> None:
    found = read(f"How long is the warranty at {name}?", a_hit(WARRANTY))
    assert (found["asks_name"], found["asks_code"], found["lacks_code"]) == (1.0, 0.0, 0.0)
    assert found["identifiers"] == 1.0
    there = read(f"How long is the warranty at {name}?", of_document(a_hit(WARRANTY), title=f"{name} pumps"))
    assert there["named_window"] > 2 * found["named_window"]


@pytest.mark.parametrize("code", ["PX-900", "MV450", "E-42", "9V", "2.32.5", "10-Q", "36"])
def test_other_tokens_with_a_digit_are_codes(code: str) -> None:
    found = read(f"How long is the warranty with {code}?", a_hit(WARRANTY))
    assert (found["asks_code"], found["lacks_code"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("db-pool-min-size", "`db-pool` and its min and max size are set at the start."),
        ("max_conn", "The max number of conn, connections, is 5."),
        ("gc.auto", "The gc runs auto when there is time."),
    ],
)
def test_a_token_of_words_whose_whole_occurs_nowhere_is_a_code_that_is_lacking(code: str, text: str) -> None:
    question = f"What does {code} do?"
    assert read(question, a_hit(text))["identifiers"] == 0.0
    assert read(question, a_hit(f"Set {code} first. {text}"))["identifiers"] == 1.0


@pytest.mark.parametrize("code", ["450-1320", "010-3200", "40102", "12-345-678"])
def test_a_number_as_parts_have_it_is_a_code_that_must_stand_there_whole(code: str) -> None:
    question, digits = f"What does {code} mean?", code.replace("-", " and ")
    assert read(question, a_hit(f"| {code} | float switch |"))["pinned"] == 1.0
    changed = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
    assert read(question, a_hit(f"| {changed} | float switch, {digits[:-1]} |"))["identifiers"] == 0.0


@pytest.mark.parametrize("number", ["2024", "2024-25", "2019-2020", "2025-06-30", "10-20", "1500", "36"])
def test_years_dates_and_small_ranges_are_no_part_numbers(number: str) -> None:
    assert read(f"What happened in {number}?", a_hit(WARRANTY))["identifiers"] == 1.0


@pytest.mark.parametrize("words", ["state-of-the-art", "up-to-date", "long-term", "U.S", "user's", "and/or"])
def test_words_that_a_mark_joins_are_no_code(words: str) -> None:
    assert read(f"Is it {words} now?", a_hit(WARRANTY))["identifiers"] == 1.0


def test_a_code_written_as_words_in_a_row_is_held() -> None:
    assert read("Is there an end-user-licence here?", a_hit("The End User Licence."))["identifiers"] == 1.0


# --- however few documents there are ---------------------------------------------------------


def test_the_only_hit_stands_out() -> None:
    """One document in the corpus is no evidence against it."""
    alone = read(QUESTION, a_hit(WARRANTY))
    beside = read(QUESTION, a_hit(WARRANTY), a_hit("Hoses are sold in Norway.", id="x"))
    assert alone["standout"] == pytest.approx(beside["standout"])
    assert alone["standout"] > 0


# --- whether the number means something ------------------------------------------------------


def test_with_the_parts_that_it_was_made_with_the_number_is_calibrated() -> None:
    decider = a_decider()
    assert (decider.warning, decider.detail) == (None, "calibrated")
    assert decider.decide(Found(a_question(QUESTION), (a_hit(WARRANTY),))).calibrated


@pytest.mark.parametrize("part", ["embedder", "reranker", "chunker"])
def test_with_another_part_it_still_decides_and_says_what_differs(part: str) -> None:
    calibrator = a_calibrator()
    decider = Decider(DecideSettings(), calibrator, {**calibrator.fingerprints, part: "other"})
    decision = decider.decide(Found(a_question("warranty pump"), (a_hit(WARRANTY),)))
    assert (decision.answer, decision.p_answerable, decision.calibrated) == (True, 1.0, False)
    assert decider.warning is not None
    assert (decider.warning.stage, decider.warning.code) == ("decide", "uncalibrated")
    assert part in decider.warning.message
    assert part in decider.detail


def test_the_size_of_chunks_and_the_model_are_part_of_what_is_compared() -> None:
    usual = fingerprints("e", "t", "r", ChunkSettings())
    assert usual == fingerprints("e", "t", "r", ChunkSettings())
    assert usual["chunker"] != fingerprints("e", "t", "r", ChunkSettings(max_tokens=120))["chunker"]
    assert usual["embedder"] != fingerprints("e", "", "r", ChunkSettings())["embedder"]


# --- the file --------------------------------------------------------------------------------


def test_a_calibrator_is_read_as_it_was_written(tmp_path: Path) -> None:
    shipped().write(tmp_path / "calibrator.json")
    again = Calibrator.read(tmp_path / "calibrator.json")
    found = Found(a_question(QUESTION), (a_hit(WARRANTY),))
    assert a_decider(None, again).decide(found) == a_decider().decide(found)
    assert again.fingerprints == shipped().fingerprints


def test_one_s_own_calibrator_comes_before_the_shipped_one(tmp_path: Path) -> None:
    a_calibrator().write(tmp_path / "tuned" / "calibrator.json")
    found = Found(a_question(QUESTION), (a_hit(WARRANTY),))
    own = open_decider(DecideSettings(), tmp_path, {})
    assert own.decide(found).threshold == 0.6
    other = open_decider(DecideSettings(), tmp_path / "elsewhere", {})
    assert other.decide(without_tokens(found)).threshold == pytest.approx(shipped().text.threshold, abs=1e-4)


@pytest.mark.parametrize("content", ["", "{}", '{"rarity": 3}'])
def test_a_file_that_is_no_calibrator_is_refused_with_a_hint(tmp_path: Path, content: str) -> None:
    (file := tmp_path / "mine.json").write_text(content)
    with pytest.raises(Misconfigured, match=r"mine\.json") as raised:
        open_decider(DecideSettings(calibrator=file), tmp_path, {})
    assert "footnote tune calibrator" in raised.value.hint


def test_a_calibrator_that_is_named_and_missing_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        open_decider(DecideSettings(calibrator=tmp_path / "none.json"), tmp_path, {})


# --- with a language model's word ------------------------------------------------------------


def decided(p: float = 0.8) -> Decision:
    return Decision(answer=True, p_answerable=p, threshold=0.6, calibrated=True, reason=None, floor=0.3)


def test_a_generator_that_says_it_does_not_know_turns_the_answer_into_an_abstention() -> None:
    found = after(decided(), declined=True, supports=[0.7], dropped=0)
    assert (found.answer, found.reason) == (False, "low_confidence")
    assert found.p_answerable < 0.3


def test_sentences_without_support_lower_the_probability_and_good_ones_raise_it() -> None:
    weak = after(decided(), declined=False, supports=[0.5], dropped=0)
    good = after(decided(), declined=False, supports=[0.95, 1.0], dropped=0)
    assert weak.p_answerable < 0.8 < good.p_answerable
    assert good.answer


def test_dropped_sentences_count_as_support_of_nothing() -> None:
    one, two = (after(decided(), declined=False, supports=[1.0], dropped=n) for n in (1, 4))
    assert one.p_answerable > two.p_answerable
    assert not two.answer


def test_what_moved_the_decision_is_among_its_features_and_it_is_not_called_calibrated() -> None:
    found = after(decided(), declined=False, supports=[1.0], dropped=0)
    assert found.features["retrieval"] == 0.8
    assert found.features["shift"] > 0
    assert not found.calibrated


def test_what_the_quantities_add_is_together_the_log_odds_of_the_probability() -> None:
    for hit in (a_hit(WARRANTY), a_hit("Lunch is at noon.", dense=(1, 0.1), sparse=None)):
        for found in (
            Found(a_question(QUESTION), (hit,)),
            without_tokens(Found(a_question(QUESTION), (hit,))),
        ):
            decision = a_decider().decide(found)
            p = min(max(decision.p_answerable, 1e-4), 1 - 1e-4)
            assert {"bias", "dense", "calibration"} <= set(decision.contributions)
            assert sum(decision.contributions.values()) == pytest.approx(log(p / (1 - p)), abs=0.02)


def test_what_was_written_adds_to_the_log_odds_as_well() -> None:
    before = ask(QUESTION, a_hit(WARRANTY))
    moved = after(before, declined=True, supports=[], dropped=0)
    assert moved.contributions == {**before.contributions, "written": -3.0}


@pytest.mark.parametrize("question", ["Does it support the warranty?", "Is it possible to have a warranty?"])
def test_the_word_by_which_is_asked_whether_something_is_so_need_not_stand_in_a_passage(
    question: str,
) -> None:
    assert read(question, a_hit(WARRANTY))["first_three"] == 1


def test_it_counts_where_it_is_what_is_asked_for() -> None:
    assert read("Where is support for the warranty?", a_hit(WARRANTY))["first_three"] < 1
