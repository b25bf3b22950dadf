"""Where the judge is, and what it may cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.errors import Misconfigured
from service.settings.base import Count, Seconds

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class JudgeSettings(BaseSettings):
    """Read from `FOOTNOTE_JUDGE__<NAME>` where an option does not say it; the key from there alone."""

    model_config = SettingsConfigDict(env_prefix="FOOTNOTE_JUDGE__", frozen=True, extra="forbid")

    url: str = ""
    """Base URL of any OpenAI-compatible API. Empty: nothing is judged by a model."""
    model: str = ""
    api_key: SecretStr = SecretStr("")
    deadline_s: Seconds = 120
    """For one answer of the judge."""
    retries: Annotated[int, Field(ge=0)] = 2
    """Of a call that did not come through, or was put off; never of an answer that makes no sense."""
    concurrency: Count = 4
    max_answer_tokens: Count = 2048
    max_tokens: Count = 5_000_000
    """Of prompts and answers, in one run."""
    max_cost: Price | None = None
    """In one run, in the currency of the prices."""
    prompt_price: Price | None = None
    """Of a million tokens."""
    completion_price: Price | None = None

    @property
    def judges(self) -> bool:
        """Whether there is a judge.

        Raises:
            Misconfigured: half of what is needed is set.
        """
        if bool(self.url) != bool(self.model):
            raise Misconfigured(
                "A judge needs both an address and a model.", hint="give --judge-url and --judge-model"
            )
        if self.max_cost is not None and (self.prompt_price is None or self.completion_price is None):
            raise Misconfigured(
                "judge.max_cost is set, but not what tokens cost.",
                hint="set FOOTNOTE_JUDGE__PROMPT_PRICE and FOOTNOTE_JUDGE__COMPLETION_PRICE",
            )
        return bool(self.url)

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """What tokens cost; None where no prices are set."""
        if self.prompt_price is None or self.completion_price is None:
            return None
        return (prompt_tokens * self.prompt_price + completion_tokens * self.completion_price) / 1_000_000


def judge_settings(url: str = "", model: str = "") -> JudgeSettings:
    """The environment's settings, with what options say in its place."""
    settings = JudgeSettings()
    return settings.model_copy(update={"url": url or settings.url, "model": model or settings.model})
