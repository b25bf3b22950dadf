"""Two runs judged side by side, in both orders, by a judge who is judged himself."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from eval.judge.pairs import NO_ANSWER, Pair, anchors, paired
from eval.judge.pairwise import Result, compared
from eval.judge.settings import JudgeSettings
from eval.judge.verdicts import Judged, agreement, standing
from eval.run.records import Case, Outcome, RunFolder
from service.errors import InvalidInput, Misconfigured
from tests.eval.stub_judge import StubJudge, judging

CASES = 12
MONTHS = [f"The warranty of device {number} lasts {number + 3} months." for number in range(CASES)]


def case(number: int) -> Case:
    return Case(id=f"c{number}", question=f"How long is the warranty of {number}?", reference=MONTHS[number])


def outcome(number: int, answer: str) -> Outcome:
    status = "answered" if answer else "abstained"
    return Outcome(case=case(number), response={"status": status, "sentences": [{"text": answer}]})


def a_run(folder: Path, answer: Callable[[int], str]) -> RunFolder:
    run = RunFolder(folder)
    for number in range(CASES):
        run.append(outcome(number, answer(number)))
    return run


def right(number: int) -> str:
    return MONTHS[number]


def wrong(number: int) -> str:
    return "Nobody knows when it ends, or so they say at the office."


def fair(prompt: str) -> str:
    """Prefers the answer that is the known one; a right one to none, none to a wrong one."""
    asked = pair_of(prompt)
    known = asked["known"].removeprefix("A right answer: ")
    worth = [
        2 if known in asked[f"{side} answer"] else asked[f"{side} answer"] == NO_ANSWER
        for side in ("first", "second")
    ]
    winner = "tie" if worth[0] == worth[1] else "first" if worth[0] > worth[1] else "second"
    return json.dumps({"reason": "by rule", "winner": winner})


def pair_of(prompt: str) -> dict[str, str]:
    found = re.search(r"^\{\n.*?^\}", prompt, re.DOTALL | re.MULTILINE)
    assert found is not None
    return dict(json.loads(found[0]))


@pytest.fixture
async def judge() -> AsyncIterator[StubJudge]:
    async with judging(StubJudge(says=fair)) as stub:
        yield stub


class Comparing:
    def __init__(self, folder: Path, judge: StubJudge) -> None:
        self.folder = folder
        self.judge = judge

    async def __call__(
        self, first: Callable[[int], str], second: Callable[[int], str], **options: Any
    ) -> Result:
        runs = a_run(self.folder / "a", first), a_run(self.folder / "b", second)
        settings = JudgeSettings(url=self.judge.url, model="stub", retries=0)
        result, _ = await compared(settings, *runs, **options)
        return result


@pytest.fixture
def comparing(tmp_path: Path, judge: StubJudge) -> Comparing:
    return Comparing(tmp_path, judge)


async def test_the_better_run_wins_whichever_side_it_is_on(comparing: Comparing) -> None:
    result = await comparing(wrong, right)
    assert result.reasons == ()
    assert (result.standing.a, result.standing.b, result.accuracy) == (0, CASES, 1.0)  # type: ignore[union-attr]
    assert result.standing is not None
    assert result.standing.p_value < 0.001
    assert result.standing.low > 0.7


async def test_a_run_beside_itself_is_all_ties_and_asks_about_the_anchors_alone(
    comparing: Comparing, judge: StubJudge
) -> None:
    result = await comparing(right, right)
    assert result.standing is not None
    assert (result.standing.ties, result.standing.b_share, result.standing.p_value) == (CASES, None, 1.0)
    assert len(judge.requests) == 2 * result.anchors


async def test_every_pair_is_asked_about_in_both_orders(comparing: Comparing, judge: StubJudge) -> None:
    await comparing(wrong, right)
    asked = [pair_of(prompt) for prompt in judge.prompts]
    orders = {(one["question"], one["first answer"], one["second answer"]) for one in asked}
    assert orders == {(question, second, first) for question, first, second in orders}


async def test_a_judge_who_prefers_the_first_place_decides_nothing_and_fails_by_the_anchors(
    comparing: Comparing, judge: StubJudge
) -> None:
    judge.says = lambda prompt: '{"reason": "first", "winner": "first"}'
    result = await comparing(wrong, right)
    assert result.standing is None
    assert result.accuracy == 0
    assert result.reasons == ("the judge is right about 0% of the anchors; the bar is 80% (--bar)",)


async def test_below_the_bar_everything_is_shown_to_who_lowers_it(
    comparing: Comparing, judge: StubJudge
) -> None:
    judge.says = lambda prompt: '{"reason": "first", "winner": "first"}'
    result = await comparing(wrong, right, bar=0)
    assert result.standing is not None
    assert (result.standing.ties, result.standing.swayed) == (CASES, CASES)


async def test_a_judge_who_answers_garbage_gives_no_figure_but_the_cases(
    comparing: Comparing, judge: StubJudge
) -> None:
    judge.says = lambda prompt: '{"reason": "?", "winner": "both"}' if " of 3?" in prompt else fair(prompt)
    result = await comparing(wrong, right)
    assert result.standing is None
    assert any(
        reason.startswith("c3: pairwise: the judge's answer is malformed") for reason in result.reasons
    )


async def test_what_was_judged_is_not_asked_again(comparing: Comparing, judge: StubJudge) -> None:
    first = await comparing(wrong, right)
    calls = len(judge.requests)
    again = await comparing(wrong, right)
    assert (again.standing, len(judge.requests)) == (first.standing, calls)


async def test_lengths_are_told_and_whether_the_longer_answer_wins(comparing: Comparing) -> None:
    result = await comparing(wrong, right)
    assert result.standing is not None
    assert (result.standing.words_a, result.standing.words_b) == (12, 8)
    assert result.standing.longer_won == 0


async def test_agreement_with_people_is_told(comparing: Comparing, tmp_path: Path) -> None:
    people = tmp_path / "people.json"
    people.write_text(json.dumps({"c0": "b", "c1": "b", "c2": "a", "other": "tie"}))
    result = await comparing(wrong, right, people=people)
    assert result.agreement is not None
    assert (result.agreement.cases, result.agreement.share) == (3, pytest.approx(2 / 3))


async def test_without_a_judge_there_is_nothing_to_compare_by(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="No judge"):
        await compared(JudgeSettings(), RunFolder(tmp_path), RunFolder(tmp_path))


# --- pairs -----------------------------------------------------------------------------------


def test_runs_of_other_cases_are_not_compared() -> None:
    with pytest.raises(InvalidInput, match="not of the same cases"):
        paired([outcome(1, "a")], [outcome(2, "a")])


def test_a_case_without_a_response_is_not_compared() -> None:
    with pytest.raises(InvalidInput, match="c1"):
        paired([outcome(1, "a")], [Outcome(case=case(1), error="unavailable")])


def test_no_answer_is_shown_as_one() -> None:
    (pair,) = paired([outcome(1, "")], [outcome(1, "Four months.")])
    assert (pair.a, pair.b) == (NO_ANSWER, "Four months.")


def test_anchors_are_right_answers_beside_wrong_ones_on_either_side() -> None:
    drawn = anchors([[outcome(number, "") for number in range(CASES)]], CASES, seed=1)
    assert {pair.better for pair in drawn} == {"a", "b"}
    for pair in drawn:
        good, bad = (pair.a, pair.b) if pair.better == "a" else (pair.b, pair.a)
        assert good == pair.case.reference
        assert bad == NO_ANSWER or (bad in MONTHS and bad != good)


def test_an_answer_that_holds_every_fact_is_known_to_be_right() -> None:
    known = [
        Outcome(
            case=Case(id=str(number), question="?", facts=((f"{number}",),)),
            response={"status": "answered", "sentences": [{"text": f"It is {number}."}]},
            metrics={"facts": 1.0},
        )
        for number in range(2)
    ]
    assert len(anchors([known], 9, seed=1)) == 2


def test_without_known_answers_the_judge_cannot_be_judged() -> None:
    nothing = [
        Outcome(case=Case(id=str(n), question="?"), response={"status": "abstained"}) for n in range(5)
    ]
    with pytest.raises(InvalidInput, match="cannot be judged"):
        anchors([nothing], 9, seed=1)


# --- figures ---------------------------------------------------------------------------------


def verdicts(*winners: str) -> list[Judged]:
    pairs = (Pair(f"c{number}", case(number), "one", "two words") for number in range(len(winners)))
    return [Judged(pair, winner) for pair, winner in zip(pairs, winners, strict=True)]  # type: ignore[arg-type]


def test_a_small_lead_is_no_sure_lead() -> None:
    now = standing(verdicts("b", "b", "b", "a", "tie"))
    assert (now.b_share, now.p_value) == (0.75, pytest.approx(0.625))
    assert now.low < 0.5 < now.high


@pytest.mark.parametrize(
    ("judge", "people", "kappa"),
    [("abab", "abab", 1.0), ("abab", "baba", -1.0), ("aabb", "abab", 0.0), ("aaaa", "aaaa", None)],
)
def test_agreement_is_what_chance_does_not_explain(judge: str, people: str, kappa: float | None) -> None:
    found = agreement(verdicts(*judge), {f"c{n}": winner for n, winner in enumerate(people)})  # type: ignore[misc]
    assert found is not None
    assert found.kappa == (kappa if kappa is None else pytest.approx(kappa))


def test_without_labels_of_people_there_is_no_agreement() -> None:
    assert agreement(verdicts("a"), {}) is None
