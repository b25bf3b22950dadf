"""The wrapper around what is asked: it listens to the stages, sees the events pass, hands in the trace."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager

from service.records import Feedback
from service.tracing.caller import calling
from service.tracing.documents import Ingested, trace_of_ingest
from service.tracing.questions import Asked, Telling, score_id, trace_of
from service.tracing.spans import Score, Trace, span_id
from service.tracing.stages import listening, now_ns
from service.tracing.tracer import Counts, Tracer
from service.types import Event, Finished, Hit, Query, Retrieved, Scope


class Tracing:
    """Traces questions, judgements and ingests.

    Args:
        tracer: where traces go; None traces nothing.
        telling: what is the same for all of them.
    """

    def __init__(self, tracer: Tracer | None = None, telling: Telling | None = None) -> None:
        self.tracer = tracer
        self._telling = telling or Telling()

    def asked(
        self, scope: Scope, query: Query, events: AsyncGenerator[Event, None]
    ) -> AsyncGenerator[Event, None]:
        """The same events; once they have ended, so has the trace."""
        return events if self.tracer is None else self._traced(self.tracer, scope, query, events)

    async def _traced(
        self, tracer: Tracer, scope: Scope, query: Query, events: AsyncGenerator[Event, None]
    ) -> AsyncGenerator[Event, None]:
        asked = _asked("query", scope, query)
        try:
            async with aclosing(events):
                while (event := await _next(events, asked)) is not None:
                    yield self._seen(asked, event)
        except BaseException as error:
            asked.error = error
            raise
        finally:
            self._hand_in(tracer, asked)

    def _seen(self, asked: Asked, event: Event) -> Event:
        """The event, noted; an answer gets the trace of its caller, if he has one."""
        if isinstance(event, Retrieved):
            asked.hits = event.hits
        if not isinstance(event, Finished):
            return event
        answer = event.answer
        asked.owner = answer.id
        if asked.calling.parent is None:
            asked.trace_id = answer.trace_id
        else:
            answer = dataclasses.replace(answer, trace_id=asked.trace_id)
        asked.answer = answer
        return Finished(answer)

    @contextmanager
    def searched(self, scope: Scope, query: Query) -> Iterator[Callable[[tuple[Hit, ...]], None]]:
        """Traces a search without an answer; gives what is told of its hits."""
        if self.tracer is None:
            yield lambda hits: None
            return
        asked = _asked("search", scope, query)

        def found(hits: tuple[Hit, ...]) -> None:
            asked.hits = hits

        token = listening.set(asked.stages.told)
        try:
            yield found
        except BaseException as error:
            asked.error = error
            raise
        finally:
            listening.reset(token)
            self._hand_in(self.tracer, asked)

    def judged(self, feedback: Feedback, feedback_id: str, trace_id: str) -> None:
        """A reader has judged an answer: a score of its trace, whether that was in the sample or not.

        Who has asked for another answer has not said that this one is bad: that is a score of its own.
        """
        if self.tracer is None:
            return
        trace_id = trace_id or feedback.query_id.replace("-", "")
        name = "again" if feedback.rating == "again" else "feedback"
        score = Score(
            score_id(feedback_id, name),
            trace_id,
            span_id(trace_id, feedback.query_id),
            name,
            0.0 if feedback.rating == "down" else 1.0,
            now_ns(),
            self._telling.mask(feedback.comment) if self._telling.mask and feedback.comment else "",
        )
        self.tracer.hand_in(lambda: Trace(scores=(score,)), 1)

    def ingested(self, ingested: Ingested) -> None:
        """A job has ended."""
        if self.tracer is not None and self.tracer.wants(ingested.trace_id):
            self.tracer.hand_in(lambda: trace_of_ingest(ingested, self._telling), 1 + len(ingested.stages))

    def _hand_in(self, tracer: Tracer, asked: Asked) -> None:
        asked.ended = now_ns()
        parent = asked.calling.parent
        if parent.sampled if parent is not None else tracer.wants(asked.trace_id):
            tracer.hand_in(lambda: trace_of(asked, self._telling), 1 + len(asked.stages))

    @property
    def counts(self) -> Counts:
        """What became of spans."""
        return Counts() if self.tracer is None else self.tracer.counts

    def checks(self) -> Mapping[str, Callable[[], str]]:
        """What `/readyz` is told; traces that are lost keep nobody from answering."""
        return {} if self.tracer is None else {"tracing": self.tracer.check}

    def close(self) -> None:
        """Sends what waits, for a bounded time."""
        if self.tracer is not None:
            self.tracer.close()


async def _next(events: AsyncGenerator[Event, None], asked: Asked) -> Event | None:
    """The next event, listening to the stages meanwhile.

    A generator shares its caller's context, so what is set in it is taken back before anything is yielded.
    """
    token = listening.set(asked.stages.told)
    try:
        return await anext(events, None)
    finally:
        listening.reset(token)


def _asked(name: str, scope: Scope, query: Query) -> Asked:
    request = calling.get()
    owner = str(uuid.uuid4())
    trace_id = request.parent.trace_id if request.parent is not None else owner.replace("-", "")
    return Asked(name, scope, query, request, trace_id, owner, now_ns())
