"""Answers to readers' questions: a candidate beside what was given, and what was given judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from eval.commands import WORSE
from eval.judge.kept import Kept
from eval.judge.settings import JudgeSettings
from eval.readers import online, shadow
from service.catalogue import Database, Sample, SampledAnswer, Samples
from service.errors import InvalidInput, Misconfigured
from service.settings import Settings
from service.types import LOCAL
from service.variants.opening import fingerprint_of, laid_over
from tests.eval.stub_judge import StubJudge, judging

GIVEN = {"abstained": 0.0, "failed": 0.0, "risk": 0.05, "unsupported": 0.1, "dropped": 0.0, "latency": 3.0}
NOTHING = {"abstained": 1.0, "failed": 0.0, "risk": 0.0}
QUESTIONS = 60


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_VARIANTS__BOLD__DECIDE__THRESHOLD", "0.1")
    return Settings(data_dir=tmp_path)


@pytest.fixture
def samples(settings: Settings) -> Iterator[Samples]:
    with closing(Database.in_folder(settings.data_dir)) as database:
        yield Samples(database)


def answer(text: str, measures: Mapping[str, float]) -> SampledAnswer:
    return SampledAnswer(text, "abstained" if measures["abstained"] else "answered", (), (), measures)


def keep_pairs(samples: Samples, settings: Settings, candidate: SampledAnswer) -> None:
    fingerprint = fingerprint_of(laid_over(settings, settings.variants["bold"]))
    served = answer("Two years.", GIVEN)
    new = [Sample.new(LOCAL, f"How long is warranty {n}?", served) for n in range(QUESTIONS)]
    samples.keep([replace(one, variant="bold", fingerprint=fingerprint, candidate=candidate) for one in new])


def ended(command: Any, *arguments: Any, **options: Any) -> int:
    try:
        command(*arguments, **options)
    except typer.Exit as ending:
        return ending.exit_code
    return 0


# --- a candidate beside what was given -------------------------------------------------------


def test_a_candidate_that_always_abstains_is_called_worse(
    samples: Samples, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_pairs(samples, settings, answer("", NOTHING))
    assert ended(shadow.main, "bold", settings.data_dir) == WORSE
    assert "worse: abstained" in capsys.readouterr().out


def test_a_candidate_that_answers_whatever_it_is_asked_is_called_worse(
    samples: Samples, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_pairs(samples, settings, answer("Three years.", {**GIVEN, "risk": 0.6}))
    assert ended(shadow.main, "bold", settings.data_dir) == WORSE
    assert "worse: risk" in capsys.readouterr().out


def test_a_good_one_is_let_through_however_slow_its_thread(samples: Samples, settings: Settings) -> None:
    keep_pairs(samples, settings, answer("Two years.", {**GIVEN, "latency": 9.0}))
    assert ended(shadow.main, "bold", settings.data_dir) == 0


async def test_a_judge_tells_which_answers_are_better(
    samples: Samples, settings: Settings, tmp_path: Path
) -> None:
    keep_pairs(samples, settings, answer("Nine years.", GIVEN))

    def prefers_two(prompt: str) -> str:
        pair = json.loads(prompt[prompt.index("{\n") : prompt.index("\n}") + 2])
        winner = "first" if pair["first answer"] == "Two years." else "second"
        return json.dumps({"reason": "it is two", "winner": winner})

    found = shadow.samples_of(settings, "bold", LOCAL)
    async with judging(StubJudge(says=prefers_two)) as judge:
        with_judge = JudgeSettings(url=judge.url, model="stub", retries=0)
        result = await shadow.compared(found, with_judge, Kept(tmp_path / "kept"))
    assert result.standing is not None
    assert (result.standing.a, result.standing.b, result.worse) == (QUESTIONS, 0, ("judge",))


def test_what_is_not_there_is_said(samples: Samples, settings: Settings) -> None:
    with pytest.raises(InvalidInput, match="has answered nothing"):
        shadow.samples_of(settings, "bold", LOCAL)
    with pytest.raises(InvalidInput, match="no variant 'other'"):
        shadow.samples_of(settings, "other", LOCAL)
    with pytest.raises(Misconfigured, match="whose answers"):
        shadow.scope_of(settings.model_copy(update={"mode": "server"}), "")


# --- what was given, judged ------------------------------------------------------------------


def test_without_a_judge_the_answers_own_measures_are_kept_and_no_answer_counts_twice(
    samples: Samples, settings: Settings
) -> None:
    samples.keep([Sample.new(LOCAL, "Why?", answer("So.", GIVEN)) for _ in range(3)])
    nobody = JudgeSettings()
    means, cases, failures = online.judged_of(settings, LOCAL, 2, nobody)
    assert len(cases) == 2
    assert (means["risk"], failures) == ((0.05, 2), [])
    assert online.judged_of(settings, LOCAL, 5, nobody)[0]["abstained"] == (0.0, 1)
    assert samples.figures()["unsupported"] == pytest.approx(0.1)
    with pytest.raises(InvalidInput, match="was not judged yet"):
        online.judged_of(settings, LOCAL, 5, nobody)


async def test_an_answer_that_the_judge_failed_on_is_judged_again(samples: Samples) -> None:
    from eval.run.families import Failed

    class Failing:
        async def measure(self, outcome: object) -> Mapping[str, float]:
            raise Failed("no verdict")

    samples.keep([Sample.new(LOCAL, "Why?", answer("So.", GIVEN))])
    drawn = samples.unjudged(LOCAL, 5)
    means, _cases, failures = await online.judged(samples, LOCAL, drawn, Failing())  # type: ignore[arg-type]
    assert (means, len(failures)) == ({}, 1)
    assert len(samples.unjudged(LOCAL, 5)) == 1


async def test_a_judge_reads_the_answer_beside_the_passages_that_it_cites(samples: Samples) -> None:
    class Seeing:
        async def measure(self, outcome: Any) -> Mapping[str, float]:
            assert (outcome.answer, outcome.contexts) == ("So.", ())
            return {"faithfulness": 0.5}

    samples.keep([Sample.new(LOCAL, "Why?", answer("So.", GIVEN))])
    await online.judged(samples, LOCAL, samples.unjudged(LOCAL, 5), Seeing())  # type: ignore[arg-type]
    assert samples.figures()["faithfulness"] == 0.5
