"""RAGAS's metrics: the one module with that library, which is told to report nothing to its makers.

A metric there answers NaN or 0 where its judge makes no sense; here whatever makes no sense is a failure.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, TypeVar

from pydantic import BaseModel

from eval.judge.asking import Judge
from eval.run.families import Failed
from service.embed import Embedder

os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # read when it is imported

from ragas.embeddings.base import BaseRagasEmbedding
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.collections import (
    AnswerRelevancy,
    ContextPrecision,
    ContextRecall,
    Faithfulness,
    NoiseSensitivity,
    NonLLMStringSimilarity,
    SemanticSimilarity,
)

VERSION = version("ragas")
QUESTIONS = 1
"""Which response relevancy draws from an answer: RAGAS's three are for a judge that varies, ours does not."""
VERDICTS = frozenset({"verdict", "attributed", "noncommittal"})
Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with what it is told: names of RAGAS's fields; `embeds` where it compares vectors."""

    name: str
    fields: tuple[str, ...]
    score: Callable[..., Coroutine[Any, Any, Any]]
    embeds: bool = False

    async def __call__(self, fields: Mapping[str, Any]) -> float:
        """The value for a case.

        Raises:
            Failed: there is none.
        """
        try:
            result = await self.score(**{name: fields[name] for name in self.fields})
        except Failed as failure:
            raise Failed(f"{self.name}: {failure}") from failure
        except (ValueError, TypeError, AssertionError) as error:
            raise Failed(f"{self.name}: RAGAS broke off with {type(error).__name__}") from error
        value = float(result.value)
        if not math.isfinite(value):
            raise Failed(f"{self.name}: RAGAS answered {value}")
        return value


def without_a_judge(embedder: Embedder) -> tuple[Metric, ...]:
    """What compares an answer with the expected one by characters, and by the vectors of our own model."""
    compared = ("reference", "response")
    return (
        Metric("semantic_similarity", compared, SemanticSimilarity(_Vectors(embedder)).ascore, embeds=True),
        Metric("string_similarity", compared, NonLLMStringSimilarity().ascore),
    )


def with_a_judge(judge: Judge, embedder: Embedder) -> tuple[Metric, ...]:
    """What a judge is asked about; response relevancy compares its questions by our own model."""
    model = _Asked(judge)
    retrieved = ("user_input", "retrieved_contexts", "reference")
    relevancy = AnswerRelevancy(model, _Vectors(embedder), strictness=QUESTIONS).ascore
    return (
        Metric("faithfulness", ("user_input", "response", "retrieved_contexts"), _Faithfulness(model).ascore),
        Metric("response_relevancy", ("user_input", "response"), relevancy, embeds=True),
        Metric("context_precision", retrieved, ContextPrecision(model).ascore),
        Metric("context_recall", retrieved, ContextRecall(model).ascore),
        Metric("noise_sensitivity", ("response", *retrieved), _NoiseSensitivity(model).ascore),
    )


class _Asked(InstructorBaseRagasLLM):
    """Our judge in the place of RAGAS's own clients."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def generate(self, prompt: str, response_model: type[Answer]) -> Answer:
        return asyncio.run(self.agenerate(prompt, response_model))

    async def agenerate(self, prompt: str, response_model: type[Answer]) -> Answer:
        answer = await self._judge.ask(prompt, response_model)
        _check(answer)
        return answer


class _Faithfulness(Faithfulness):
    """RAGAS would count the verdicts that came, however many statements there were."""

    async def _create_verdicts(self, statements: list[str], context: str) -> Any:
        verdicts = await super()._create_verdicts(statements, context)
        _check_count(statements, verdicts.statements)
        return verdicts


class _NoiseSensitivity(NoiseSensitivity):
    async def _evaluate_statement_faithfulness(self, statements: list[str], context: str) -> list[int]:
        verdicts: list[int] = await super()._evaluate_statement_faithfulness(statements, context)
        _check_count(statements, verdicts)
        return verdicts


class _Vectors(BaseRagasEmbedding):
    """Our own embedder, as RAGAS asks for one."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self._embedder = embedder

    def embed_text(self, text: str, **_: Any) -> list[float]:
        return [float(number) for number in self._embedder.embed_sentences([text])[0]]

    async def aembed_text(self, text: str, **_: Any) -> list[float]:
        return await asyncio.to_thread(self.embed_text, text)


def _check(answer: BaseModel) -> None:
    """A verdict is 0 or 1, a question or a list is not empty: RAGAS takes anything, and counts with it."""
    for name, value in answer:
        if name in VERDICTS and value not in (0, 1):
            raise Failed(f"the judge's answer is malformed: {name} is neither 0 nor 1")
        if name in ("question", "statements", "classifications") and not value:
            raise Failed(f"the judge's answer is malformed: {name} is empty")
        if isinstance(value, list):
            for one in value:
                if isinstance(one, BaseModel):
                    _check(one)


def _check_count(asked: Sequence[object], judged: Sequence[object]) -> None:
    if len(asked) != len(judged):
        raise Failed(f"the judge gave {len(judged)} verdicts on {len(asked)} statements")
