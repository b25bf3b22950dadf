"""One question to the judge: its answer is checked, counted, and within the limits, or there is none."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from eval.judge.settings import JudgeSettings
from eval.run.families import Failed
from eval.run.records import JudgeRecord
from service.errors import GeneratorUnavailable, LimitExceeded

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletion

Answer = TypeVar("Answer", bound=BaseModel)

CHARACTERS_PER_TOKEN = 3
"""Where a server does not count: rather too many tokens than too few."""
GIVE_UP_AFTER = 8
"""Calls in a row that did not come through: the judge is gone, and the cases that are left would all fail."""
TEMPERATURE = 0.0
NO_KEY = "none"
"""Sent where no key is set, so that a key of the environment never goes to another server."""
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)


class Judge:
    """A model that answers in JSON.

    Args:
        settings: where it is, and what it may cost.
        client: a connection to there.
    """

    def __init__(self, settings: JudgeSettings, client: AsyncOpenAI) -> None:
        self._settings = settings
        self._client = client
        self._at_a_time = asyncio.Semaphore(settings.concurrency)
        self._calls = self._prompt_tokens = self._completion_tokens = 0
        self._lost = 0

    @property
    def model(self) -> str:
        """The model's name as its server knows it."""
        return self._settings.model

    async def ask(self, prompt: str, kind: type[Answer]) -> Answer:
        """The judge's answer to a prompt that asks for JSON of this kind.

        Raises:
            Failed: it does not answer, or what it says is not of this kind.
            LimitExceeded: it was asked for as much as it may be; what was under way was finished.
            GeneratorUnavailable: it did not answer time and again.
        """
        async with self._at_a_time:
            self._check_limits()
            completion = await self._call(prompt)
        said = (completion.choices[0].message.content or "") if completion.choices else ""
        self._count(completion, prompt, said)
        return _read(kind, said)

    def record(self, versions: dict[str, str]) -> JudgeRecord:
        """What it was asked for so far."""
        return JudgeRecord(
            model=self.model,
            versions=versions,
            calls=self._calls,
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            cost=self._settings.cost(self._prompt_tokens, self._completion_tokens),
        )

    def _check_limits(self) -> None:
        used, cost = self._prompt_tokens + self._completion_tokens, self.record({}).cost
        if used >= self._settings.max_tokens:
            raise LimitExceeded(
                f"The judge has used {used:,} tokens; the limit is {self._settings.max_tokens:,} "
                "(setting judge.max_tokens).",
                hint="Raise FOOTNOTE_JUDGE__MAX_TOKENS and run again: what was judged is kept.",
            )
        if cost is not None and self._settings.max_cost is not None and cost >= self._settings.max_cost:
            raise LimitExceeded(
                f"The judge has cost {cost:.2f}; the limit is {self._settings.max_cost:.2f} "
                "(setting judge.max_cost).",
                hint="Raise FOOTNOTE_JUDGE__MAX_COST and run again: what was judged is kept.",
            )

    async def _call(self, prompt: str) -> ChatCompletion:
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            completion = await self._client.chat.completions.create(
                model=self.model,
                messages=[{"role": "user", "content": prompt}],
                temperature=TEMPERATURE,
                max_tokens=self._settings.max_answer_tokens,
            )
        except (OpenAIError, HTTPError, TimeoutError, ValueError) as error:
            self._lost += 1
            if self._lost >= GIVE_UP_AFTER:
                raise GeneratorUnavailable(
                    f"The judge did not answer {self._lost} times in a row, last with {_cause(error)}.",
                    hint="Check --judge-url, and run again: what was judged is kept.",
                ) from error
            raise Failed(f"the judge does not answer: {_cause(error)}") from error
        self._lost = 0
        return completion

    def _count(self, completion: ChatCompletion, prompt: str, said: str) -> None:
        self._calls += 1
        usage = completion.usage
        self._prompt_tokens += usage.prompt_tokens if usage else _estimate(prompt)
        self._completion_tokens += usage.completion_tokens if usage else _estimate(said)


def judge_of(settings: JudgeSettings) -> Judge:
    """The judge of the settings; it has nothing to close, as each connection ends with its call."""
    import httpx2
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    client = AsyncOpenAI(
        base_url=settings.url,
        api_key=settings.api_key.get_secret_value() or NO_KEY,
        max_retries=settings.retries,
        timeout=settings.deadline_s,
        http_client=DefaultAsyncHttpxClient(limits=httpx2.Limits(max_keepalive_connections=0)),
    )
    return Judge(settings, client)


def _read(kind: type[Answer], said: str) -> Answer:
    """The JSON object in what was said, which models like to wrap in thoughts and code fences."""
    plain = _THOUGHT.sub("", said)
    start, end = plain.find("{"), plain.rfind("}") + 1
    if start < 0 or end <= start:
        raise Failed("the judge's answer holds no JSON")
    try:
        return kind.model_validate_json(plain[start:end])
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "JSON"
        raise Failed(f"the judge's answer is malformed: {place}: {first['msg']}") from None


def _estimate(text: str) -> int:
    return len(text) // CHARACTERS_PER_TOKEN + 1


def _cause(error: Exception) -> str:
    """What kind of error it is; the server's text is left out, it may repeat the prompt."""
    status = getattr(error, "status_code", None)
    return f"HTTP {status}" if status else type(error).__name__
