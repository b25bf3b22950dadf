"""What a shadow has answered beside what readers were given: `footnote eval shadow NAME`.

Both answered the same questions, so the measures are compared pair by pair, with a test that may be looked at
as often as one likes. With a judge it also says which answers are better; that sends questions and answers to
it. Nothing is known of what is right here: judge the judge with `footnote eval pairwise` first. The command
ends with 4 where the candidate is worse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from eval.commands import WORSE, AsJson, DataDir, JudgeModel, JudgeUrl, Limit, Out, Seed, Tenant, command, run
from eval.judge.asking import judge_of
from eval.judge.kept import Kept
from eval.judge.pairs import NO_ANSWER, Pair
from eval.judge.settings import JudgeSettings, judge_settings
from eval.judge.verdicts import Standing, judged_all, standing
from eval.labelled.types import drawn
from eval.results import give
from eval.run.records import Case
from service.catalogue import Sample, SampledAnswer, Samples
from service.catalogue.opening import catalogue_of
from service.catalogue.tenants import everything_of
from service.errors import InvalidInput, Misconfigured
from service.settings import Settings
from service.types import LOCAL, Scope
from service.variants.measures import Compared, compared_pairs
from service.variants.opening import fingerprint_of, laid_over

RUNS = Path("eval-runs")


@dataclass(frozen=True, slots=True)
class Result:
    """What was found; `failures` say which pairs the judge gave no verdict on."""

    pairs: int
    measures: tuple[Compared, ...]
    standing: Standing | None = None
    failures: tuple[str, ...] = ()

    @property
    def worse(self) -> tuple[str, ...]:
        """By what the candidate is worse."""
        named = [one.measure for one in self.measures if one.worse]
        lost = self.standing is not None and self.standing.b_share is not None and self.standing.high < 0.5
        return (*named, *(["judge"] if lost else []))


def scope_of(settings: Settings, tenant: str) -> Scope:
    """Whose answers are looked at.

    Raises:
        Misconfigured: on a server it must be said.
    """
    if settings.mode == "server" and not tenant:
        raise Misconfigured("On a server it must be said whose answers these are.", hint="give --tenant")
    return everything_of(tenant) if tenant else LOCAL


def samples_of(settings: Settings, name: str, scope: Scope) -> list[Sample]:
    """What the variant's shadow has answered with its settings of now.

    Raises:
        InvalidInput: the settings have no such variant, or it has answered nothing.
    """
    if name not in settings.variants:
        raise InvalidInput(f"the settings have no variant {name!r}", hint="footnote variants list")
    fingerprint = fingerprint_of(laid_over(settings, settings.variants[name]))
    with catalogue_of(settings) as database:
        found = Samples(database).shadowed(scope, name, fingerprint)
    if not found:
        hint = f"set FOOTNOTE_VARIANTS__{name.upper()}__SHADOW to a share, and wait for questions"
        raise InvalidInput(f"the shadow {name!r} of these settings has answered nothing yet", hint=hint)
    return found


async def compared(samples: Sequence[Sample], settings: JudgeSettings, kept: Kept) -> Result:
    """Both sides of the samples, and by the judge of the settings where there is one."""
    both = [(one.served.measures, one.candidate.measures) for one in samples if one.candidate]
    measures = tuple(compared_pairs(both))
    if not settings.judges:
        return Result(len(both), measures)
    judge = judge_of(settings)
    found, failures = await judged_all(judge, kept, list(_pairs(samples)))
    return Result(len(both), measures, None if failures else standing(found), tuple(failures))


def _pairs(samples: Sequence[Sample]) -> Iterator[Pair]:
    for one in samples:
        if one.candidate is not None:
            case = Case(id=one.id, question=one.question)
            yield Pair(one.id, case, _shown(one.served), _shown(one.candidate))


def _shown(answer: SampledAnswer) -> str:
    return answer.text if answer.status == "answered" else NO_ANSWER


def main(
    name: Annotated[str, typer.Argument(help="The variant, as in the settings.")],
    data_dir: DataDir = None,
    tenant: Tenant = "",
    judge_url: JudgeUrl = "",
    judge_model: JudgeModel = "",
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    samples = drawn(samples_of(settings, name, scope_of(settings, tenant)), limit, seed)
    kept = Kept(RUNS / f"shadow-{name}" / "judged")
    result = asyncio.run(compared(samples, judge_settings(judge_url, judge_model), kept))
    give(result, map(_case, samples), out=out, as_json=as_json, show=lambda: print("\n".join(_lines(result))))
    if result.failures:
        raise typer.Exit(1)
    if result.worse:
        raise typer.Exit(WORSE)


def _case(one: Sample) -> dict[str, object]:
    sides = {"given": one.served, "candidate": one.candidate}
    told = {name: {"status": side.status, **side.measures} for name, side in sides.items() if side}
    return {"id": one.id, **told}


def _lines(result: Result) -> Iterator[str]:
    yield f"{result.pairs} questions were answered by both."
    yield f"{'':14}{'given':>10}{'candidate':>12}"
    for one in result.measures:
        if one.served.mean is not None and one.candidate.mean is not None:
            mark = "  worse" if one.worse else ""
            yield f"{one.measure:14}{one.served.mean:10.3f}{one.candidate.mean:12.3f}{mark}"
    if (now := result.standing) is not None:
        yield f"judge: given won {now.a}, candidate won {now.b}, {now.ties} ties"
        yield f"the candidate's share of the decided: 95 % interval {now.low:.0%} to {now.high:.0%}"
    yield from (f"error: {failure}" for failure in result.failures)
    if not result.failures:
        yield f"worse: {', '.join(result.worse)}" if result.worse else "Not worse, as far as it can be told."


if __name__ == "__main__":
    run(command(main))
