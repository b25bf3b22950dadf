"""Shadow and canary, from the settings; without variants nothing of it is there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field

from service.answering import Answering
from service.background import QuestionThreads
from service.cache.key import digest_of
from service.catalogue import Answers, Database, Samples, Variants
from service.catalogue.keeping import Keeper
from service.catalogue.samples import Sample
from service.errors import Misconfigured
from service.gate import step_back
from service.pipeline import Pipeline
from service.records import Feedback, TriedState
from service.settings import Settings, VariantSettings
from service.types import Scope
from service.variants.canary import Asked, Canary
from service.variants.measures import down
from service.variants.shadow import Keep, Shadow, Watched, sampling
from service.variants.trial import Trial

log = logging.getLogger(__name__)

Beside = Callable[[Pipeline, Settings, QuestionThreads | None], Pipeline]
"""Makes another pipeline over the same index (`stages.pipeline_beside`)."""
SHAPING = ("search", "fuse", "rerank", "decide", "context", "generate", "cite")
"""The sections in which a variant may differ."""


@dataclass
class Tried:
    """What answers, with the variants that are tried beside it.

    `asked` is what answers in the first place, where there are none.
    """

    asked: Asked
    answers: Answers
    samples: Samples
    trials: dict[str, Trial] = field(default_factory=dict)
    canary: Trial | None = None
    shadow: Shadow | None = None
    pipelines: Sequence[Pipeline] = ()
    """Those that answer on the loop of the service."""

    def judged(self, scope: Scope, feedback: Feedback) -> None:
        """A reader has judged an answer: it counts for whichever gave it; asking again is no judgement."""
        if self.canary is not None and self.canary.runs and feedback.rating != "again":
            variant = self.answers.variant_of(scope, feedback.query_id)
            if variant in ("", self.canary.name):
                self.canary.observe("candidate" if variant else "served", down(feedback.rating))

    def state(self) -> TriedState:
        """What became of each, as far as this process knows; asks the catalogue what was judged."""
        return TriedState(
            variants={name: trial.state for name, trial in self.trials.items()},
            shadows=self.shadow.counts() if self.shadow else {},
            judged=self.samples.figures(),
        )

    async def aclose(self) -> None:
        """Lets go of what belongs to the running loop."""
        for pipeline in self.pipelines:
            await pipeline.generator.aclose()


def laid_over(settings: Settings, variant: VariantSettings) -> Settings:
    """The settings in force with what the variant sets in their place."""
    changed = {
        section: getattr(settings, section).model_copy(update=fields)
        for section, fields in variant.overrides.items()
    }
    return settings.model_copy(update=changed)


def fingerprint_of(settings: Settings) -> str:
    """Of a variant's settings, those in force laid under: with other ones it is another candidate."""
    return digest_of(settings.model_dump(mode="json", include=set(SHAPING)))[:16]


@contextmanager
def open_variants(
    settings: Settings, database: Database, asked: Asked, served: Pipeline, beside: Beside
) -> Iterator[Tried]:
    """What answers, until the block ends.

    Args:
        settings: say which variants there are, and which shares they have.
        database: where what is decided of them is known to all processes.
        asked: what is in force, with what stands before it.
        served: its pipeline.
        beside: makes the pipeline of other settings.

    Raises:
        Misconfigured: more than one shadow or canary, or a part of a variant cannot be opened.
    """
    shadow, canary = (_one(settings, way) for way in ("shadow", "canary"))
    tried = Tried(asked, Answers(database), Samples(database), pipelines=[served])
    with ExitStack() as stack:
        known = Variants(database)
        for name in sorted({shadow, canary} - {""}):
            trial = Trial(known, name, fingerprint_of(laid_over(settings, settings.variants[name])))
            tried.trials[name] = trial
            stack.enter_context(trial.running())
        if canary:
            pipeline = beside(served, laid_over(settings, settings.variants[canary]), None)
            _open_canary(settings, tried, canary, pipeline, stack)
        if settings.online.share or shadow:
            keeper = Keeper[Sample](tried.samples.keep, "samples")
            stack.enter_context(keeper.running())
            threads = stack.enter_context(closing(QuestionThreads(1, step_back)))
            if shadow:
                variant = laid_over(settings, settings.variants[shadow])
                pipeline = beside(served, variant, threads)
                _open_shadow(settings, tried, shadow, pipeline, keeper.keep, stack)
            _watch(settings, tried, keeper.keep)
        yield tried


def _open_shadow(
    settings: Settings, tried: Tried, name: str, pipeline: Pipeline, keep: Keep, stack: ExitStack
) -> None:
    tried.shadow = Shadow(pipeline, keep, tried.trials[name], settings.variants[name].shadow)
    stack.enter_context(tried.shadow.running())


def _watch(settings: Settings, tried: Tried, keep: Keep) -> None:
    looks = [sampling(settings.online.share, keep)] if settings.online.share else []
    if tried.shadow is not None:
        looks.append(tried.shadow.offer)
    tried.asked = Watched(tried.asked, looks)


def _open_canary(settings: Settings, tried: Tried, name: str, pipeline: Pipeline, stack: ExitStack) -> None:
    variant, served = settings.variants[name], tried.asked
    asked: Asked = pipeline
    if isinstance(served, Answering):
        asked = stack.enter_context(closing(served.beside(pipeline)))
    tried.canary = tried.trials[name]
    tried.pipelines = (*tried.pipelines, pipeline)
    tried.asked = Canary(served, asked, tried.canary, variant.canary)
    if settings.mode == "embedded":
        log.warning(
            "embedded mode has one user: the canary answers him always, or never",
            extra={"variant": name, "share": variant.canary},
        )


def _one(settings: Settings, way: str) -> str:
    """The variant that is tried this way; empty where there is none."""
    names = [name for name, variant in settings.variants.items() if getattr(variant, way) > 0]
    if len(names) > 1:
        raise Misconfigured(
            f"variants {' and '.join(sorted(names))} have a share as {way}: only one at a time can",
            hint=f"set variants.NAME.{way} of all but one to 0",
        )
    return names[0] if names else ""
