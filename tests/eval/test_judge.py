"""RAGAS with a judge over the wire, and without one: a judge that fails is a failure, never a score."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from eval.judge.family import Ragas, open_family
from eval.judge.settings import JudgeSettings
from eval.run.__main__ import Judging
from eval.run.families import Failed
from eval.run.records import Case, FoundHit, Outcome
from service.errors import GeneratorUnavailable, LimitExceeded, Misconfigured
from tests.eval.stub_judge import StubJudge, judging, told
from tests.fakes_core import FakeEmbedder

QUESTION = "How long is the warranty?"
PASSAGE = "The warranty lasts 36 months. It covers parts and labour."
OTHER = "The office opens at nine."
RIGHT = "The warranty lasts 36 months."
WRONG = "The office is closed on Mondays."
CASE = Case(id="w-1", question=QUESTION, reference=RIGHT)
JUDGED = {"faithfulness", "response_relevancy", "context_precision", "context_recall", "noise_sensitivity"}
UNJUDGED = {"semantic_similarity", "string_similarity"}


def outcome(answer: str = RIGHT, contexts: tuple[str, ...] = (PASSAGE,), case: Case = CASE) -> Outcome:
    hits = tuple(
        FoundHit(source=f"{number}.md", chunk_id=str(number), text=text)
        for number, text in enumerate(contexts)
    )
    status = "answered" if answer else "abstained"
    return Outcome(case=case, response={"status": status, "sentences": [{"text": answer}]}, hits=hits)


class Ragged:
    """Opens the family over a stub judge, with a folder that stays."""

    def __init__(self, folder: Path, judge: StubJudge) -> None:
        self._folder = folder
        self.judge = judge

    def opened(self, **settings: Any) -> AbstractContextManager[Ragas]:
        given = {"url": self.judge.url, "model": "stub", "retries": 0, **settings}
        return open_family(
            self._folder,
            JudgeSettings(**given),
            lambda _: FakeEmbedder(self._folder / "tokenizer.json"),
        )

    async def measured(self, *outcomes: Outcome, **settings: Any) -> list[dict[str, float | None]]:
        with self.opened(**settings) as family:
            return [dict(await family.measure(one)) for one in outcomes]


@pytest.fixture
async def ragged(tmp_path: Path) -> AsyncIterator[Ragged]:
    async with judging(StubJudge({RIGHT: QUESTION})) as judge:
        yield Ragged(tmp_path, judge)


@asynccontextmanager
async def saying(ragged: Ragged, text: str) -> AsyncIterator[None]:
    ragged.judge.says = lambda prompt: text
    yield


# --- scores ----------------------------------------------------------------------------------


async def test_a_right_answer_from_the_right_passage_scores_high(ragged: Ragged) -> None:
    (scores,) = await ragged.measured(outcome())
    best = {"noise_sensitivity": 0.0}
    assert scores == {name: pytest.approx(best.get(name, 1.0)) for name in JUDGED | UNJUDGED}


async def test_a_planted_sentence_lowers_faithfulness(ragged: Ragged) -> None:
    right, planted = await ragged.measured(outcome(), outcome(f"{RIGHT} {WRONG}"))
    assert (right["faithfulness"], planted["faithfulness"]) == (1.0, 0.5)


async def test_a_useless_passage_before_the_right_one_lowers_precision_and_not_recall(ragged: Ragged) -> None:
    (scores,) = await ragged.measured(outcome(contexts=(OTHER, PASSAGE)))
    assert (scores["context_precision"], scores["context_recall"]) == (pytest.approx(0.5), 1.0)


async def test_passages_without_the_answer_have_no_recall(ragged: Ragged) -> None:
    (scores,) = await ragged.measured(outcome(contexts=(OTHER,)))
    assert scores["context_recall"] == 0.0


async def test_a_wrong_sentence_that_a_passage_holds_is_sensitivity_to_noise(ragged: Ragged) -> None:
    noisy = "The warranty lasts 36 months. The warranty lasts 24 months."
    (scores,) = await ragged.measured(outcome(f"{RIGHT} The warranty lasts 24 months.", (noisy,)))
    assert scores["noise_sensitivity"] == 0.5


async def test_an_answer_to_another_question_is_less_relevant(ragged: Ragged) -> None:
    ragged.judge.questions[WRONG] = "When does the office close?"
    right, other = await ragged.measured(outcome(), outcome(WRONG))
    assert right["response_relevancy"] == pytest.approx(1.0)
    assert (other["response_relevancy"] or 0) < 0.9


async def test_what_a_case_lacks_is_not_measured(ragged: Ragged) -> None:
    nothing, abstained = await ragged.measured(
        Outcome(case=CASE, error="unavailable"), outcome("", case=Case(id="u", question=QUESTION))
    )
    assert set(nothing.values()) == set(abstained.values()) == {None}
    assert ragged.judge.requests == []


async def test_without_a_judge_there_is_what_needs_none(ragged: Ragged) -> None:
    right, wrong = await ragged.measured(outcome(), outcome(WRONG), url="", model="")
    assert set(right) == UNJUDGED
    assert all((right[name] or 0) > (wrong[name] or 0) for name in UNJUDGED)
    assert ragged.judge.requests == []


# --- over the wire ---------------------------------------------------------------------------


async def test_the_judge_is_asked_about_the_case_and_with_our_key(ragged: Ragged) -> None:
    await ragged.measured(outcome(), api_key=SecretStr("its-key"))
    asked = [told(prompt) for prompt in ragged.judge.prompts]
    assert {"context": PASSAGE, "statements": [RIGHT]} in asked
    assert {"question": QUESTION, "context": PASSAGE, "answer": RIGHT} in asked
    assert {(request["model"], request["temperature"]) for request in ragged.judge.requests} == {("stub", 0)}
    assert all("authorization: bearer its-key" in head.lower() for head in ragged.judge.headers)


async def test_a_key_of_the_environment_goes_to_no_other_server(
    ragged: Ragged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    await ragged.measured(outcome())
    assert not any("another-key" in head for head in ragged.judge.headers)


async def test_no_more_is_asked_at_a_time_than_is_set(ragged: Ragged) -> None:
    await ragged.measured(outcome(contexts=(PASSAGE, OTHER)), concurrency=1)
    assert ragged.judge.most_at_once == 1


# --- failures --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("I think it is fine.", "holds no JSON"),
        ('{"statements": "none"}', "malformed: statements"),
        ('{"statements": []}', "malformed: statements is empty"),
        ("{'statements': ['single quotes']}", "malformed"),
        ('{"reason": "because", "verdict": 7}', "malformed: verdict is neither 0 nor 1"),
        ('{"question": "", "noncommittal": 0}', "malformed: question is empty"),
        ('{"classifications": []}', "malformed: classifications is empty"),
        ("", "holds no JSON"),
    ],
)
async def test_a_judge_that_answers_garbage_is_a_failure_with_metric_and_cause(
    ragged: Ragged, said: str, reason: str
) -> None:
    async with saying(ragged, said):
        with pytest.raises(Failed, match=f"faithfulness: .*{reason}|{reason}") as failed:
            await ragged.measured(outcome())
    assert all(name in str(failed.value) for name in ("faithfulness: ", "context_recall: "))


async def test_fewer_verdicts_than_statements_are_a_failure(ragged: Ragged) -> None:
    def one_too_few(prompt: str) -> str | None:
        asked = told(prompt)
        return (
            json.dumps({"statements": [{"statement": "a", "reason": "b", "verdict": 1}]})
            if len(asked.get("statements", [])) > 1
            else None
        )

    ragged.judge.says = one_too_few
    with pytest.raises(Failed, match="faithfulness: the judge gave 1 verdicts on 2 statements"):
        await ragged.measured(outcome(f"{RIGHT} {WRONG}"))


@pytest.mark.parametrize(("status", "cause"), [(500, "HTTP 500"), (401, "HTTP 401"), (429, "HTTP 429")])
async def test_a_judge_that_refuses_is_a_failure_with_its_status(
    ragged: Ragged, status: int, cause: str
) -> None:
    ragged.judge.status = status
    with pytest.raises(Failed, match=f"faithfulness: the judge does not answer: {cause}"):
        await ragged.measured(outcome())


async def test_a_judge_that_is_gone_ends_the_run(ragged: Ragged) -> None:
    ragged.judge.status = 503
    with ragged.opened() as family:
        with pytest.raises(Failed):
            await family.measure(outcome())
        with pytest.raises(GeneratorUnavailable, match="8 times in a row, last with HTTP 503"):
            await family.measure(outcome())


async def test_thoughts_and_fences_around_the_answer_do_no_harm(ragged: Ragged) -> None:
    ragged.judge.says = lambda prompt: (
        f"<think>{{hm}}</think>```json\n{json.dumps({'reason': '', 'verdict': 1})}\n```"
        if prompt.startswith("Given question, answer and context")
        else None
    )
    (scores,) = await ragged.measured(outcome(contexts=(OTHER,)))
    assert scores["context_precision"] == pytest.approx(1.0)


# --- kept, counted, limited ------------------------------------------------------------------


async def test_what_was_measured_is_not_asked_again(ragged: Ragged) -> None:
    first = await ragged.measured(outcome())
    calls = len(ragged.judge.requests)
    assert await ragged.measured(outcome()) == first
    assert len(ragged.judge.requests) == calls


@pytest.mark.parametrize(
    ("changed", "settings"),
    [(outcome(f"{RIGHT} {WRONG}"), {}), (outcome(), {"model": "another"})],
    ids=["answer", "model"],
)
async def test_another_answer_or_judge_is_asked_about_anew(
    ragged: Ragged, changed: Outcome, settings: dict[str, str]
) -> None:
    await ragged.measured(outcome())
    calls = len(ragged.judge.requests)
    await ragged.measured(changed, **settings)
    assert len(ragged.judge.requests) > calls


async def test_after_a_failure_only_what_failed_is_asked_again(ragged: Ragged) -> None:
    ragged.judge.says = lambda prompt: "no" if "response" in told(prompt) else None
    with pytest.raises(Failed, match=r"^response_relevancy: "):
        await ragged.measured(outcome())
    calls = len(ragged.judge.requests)
    ragged.judge.says = lambda prompt: None
    (scores,) = await ragged.measured(outcome())
    assert None not in scores.values()
    assert len(ragged.judge.requests) == calls + 1


@pytest.mark.parametrize(
    ("limit", "setting"),
    [
        ({"max_tokens": 500}, "judge.max_tokens"),
        ({"max_cost": 0.5, "prompt_price": 1000, "completion_price": 1000}, "judge.max_cost"),
    ],
)
async def test_a_limit_ends_the_run_and_names_itself_and_the_next_run_goes_on(
    ragged: Ragged, limit: dict[str, float], setting: str
) -> None:
    two = (outcome(), outcome(f"{RIGHT} {WRONG}"))
    with pytest.raises(LimitExceeded, match=setting):
        await ragged.measured(*two, concurrency=1, **limit)
    assert len(ragged.judge.requests) == 5  # the fifth passes the limit, the sixth is not asked
    await ragged.measured(*two)
    whole = len(ragged.judge.requests)
    await ragged.measured(*two)
    assert len(ragged.judge.requests) == whole


async def test_what_it_cost_is_told(ragged: Ragged) -> None:
    with ragged.opened(prompt_price=10, completion_price=100) as family:
        await family.measure(outcome())
        record = family.record()
    calls = len(ragged.judge.requests)
    assert (record.model, record.calls) == ("stub", calls)
    assert (record.prompt_tokens, record.completion_tokens) == (100 * calls, 10 * calls)
    assert record.cost == pytest.approx(calls * (100 * 10 + 10 * 100) / 1_000_000)
    assert set(record.versions) == {"ragas", "embedder"}


async def test_tokens_are_estimated_where_the_server_does_not_count(ragged: Ragged) -> None:
    ragged.judge.counts = False
    with ragged.opened() as family:
        await family.measure(outcome())
        assert family.record().prompt_tokens > 1000


@pytest.mark.parametrize(
    "settings", [{"url": "http://127.0.0.1"}, {"model": "m"}, {"url": "u", "model": "m", "max_cost": 1}]
)
def test_half_a_judge_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        _ = JudgeSettings(**settings).judges


def test_the_key_comes_from_the_environment_and_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_JUDGE__API_KEY", "hidden-key")
    settings = JudgeSettings(url="u", model="m")
    assert settings.api_key.get_secret_value() == "hidden-key"
    assert "hidden-key" not in repr(settings) + settings.model_dump_json()


async def test_ragas_reports_nothing_to_its_makers(ragged: Ragged) -> None:
    await ragged.measured(outcome())
    from ragas._analytics import do_not_track

    assert do_not_track()


def test_a_run_is_judged_by_whom_its_options_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOOTNOTE_JUDGE__URL", "http://127.0.0.1:1/v1")
    asked: list[JudgeSettings] = []

    @contextmanager
    def noted(_folder: Path, settings: JudgeSettings) -> Iterator[None]:
        asked.append(settings)
        yield None

    monkeypatch.setattr("eval.judge.family.open_family", noted)
    with Judging(True, "http://127.0.0.1:2/v1", "mine").open(tmp_path):
        pass
    assert [(one.url, one.model) for one in asked] == [("http://127.0.0.1:2/v1", "mine")]
