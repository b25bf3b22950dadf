"""The stages of a query, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, model_validator

from service.settings.base import Count, Fraction, Seconds, Section

Preset = Literal["default", "quality"]
PRESETS: Mapping[str, str] = {"default": "all-MiniLM-L6-v2", "quality": "all-mpnet-base-v2"}
"""The embedding model of each preset."""


class EmbedSettings(Section):
    """The embedding model: a sentence-transformers id or a local path, or a preset's."""

    preset: Preset | None = None
    """A model by what it is for, instead of `model`: `default` is quick and light, `quality` understands more
    and costs more; see docs/tuning.md. A `model` that is set comes before it."""
    model: str = PRESETS["default"]
    """A sentence-transformers id or a local folder. Another one needs `footnote reindex`."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` takes an NVIDIA GPU if there is one that torch can use, else the processor."""
    precision: Literal["int8", "float32"] = "int8"
    """`int8` is what the shipped models were tuned with."""
    threads: Annotated[int, Field(ge=0)] = 0
    """0 leaves it to the runtime: one thread a core."""
    batch_size: Count = 8
    """Texts that are embedded together."""

    @model_validator(mode="before")
    @classmethod
    def _preset_names_the_model(cls, given: Any) -> Any:
        preset = given.get("preset") if isinstance(given, Mapping) else None
        if (model := PRESETS.get(str(preset))) is None:
            return given
        if given.get("model", model) != model:
            return {**given, "preset": None}
        return {**given, "model": model}


class SearchSettings(Section):
    """How many candidates each of the two lists gives."""

    candidates: Count = 50
    """How many chunks the dense list and the BM25 list give each."""


class FuseSettings(Section):
    """Reciprocal Rank Fusion (Cormack, Clarke and Buettcher 2009)."""

    k: Count = 60
    """Added to each rank: the larger, the less the first places stand out."""
    dense_weight: Annotated[float, Field(ge=0)] = 1.0
    """Of the dense list."""
    sparse_weight: Annotated[float, Field(ge=0)] = 1.0
    """Of the BM25 list."""


class RerankSettings(Section):
    """How the best hits are put in order."""

    method: Literal["late", "cross_encoder", "none"] = "late"
    """`late` compares token vectors that were kept at ingest; `cross_encoder` needs `rerank.model`; `none`
    keeps the fused order."""
    depth: Count = 100
    """How many of the fused hits are reranked: both lists whole, as neither may lose what the other lacks. A
    cross-encoder takes time for each."""
    token_dimensions: Annotated[int, Field(ge=0, le=1024)] = 128
    """Bytes kept of each token of a chunk for late interaction: about 10 KB a chunk of 80 tokens at 128. At 0
    nothing is kept. Another value needs `footnote reindex`."""
    ranker: Path | None = None
    """The learned ranker of `late`; unset, `tuned/reranker.json` in the data folder if there is one, else the
    one that Footnote brings."""
    model: str = ""
    """The cross-encoder: a sentence-transformers id or a local path."""
    second_depth: Annotated[int, Field(ge=0)] = 0
    """With `late`, how many of its best hits the cross-encoder then reads; 0 leaves it out."""
    precision: Literal["int8", "float32"] = "int8"
    """Of the cross-encoder."""


class DecideSettings(Section):
    """When to answer."""

    threshold: Fraction | None = None
    """The least probability to answer; unset, the calibrator's own, which keeps its promise."""
    floor: Fraction | None = None
    """The least probability at which a language model is asked, which may still decline; unset, the
    calibrator's own. Never above the threshold."""
    calibrator: Path | None = None
    """What makes a probability of the evidence; unset, `tuned/calibrator.json` in the data folder if there is
    one, else the one that Footnote brings."""


class ContextSettings(Section):
    """What the generator reads."""

    max_tokens: Count = 3_000
    """Of all passages together, which is what a language model is given to read."""
    max_passage_tokens: Count = 600
    """Of one passage: a hit with the text of its section around it."""
    max_passages: Count = 8
    """How many passages are read at most."""
    near_duplicate: Fraction = 0.9
    """Passages that share this much of their words are read once."""


class GenerateSettings(Section):
    """The language model; without a base URL the built-in extractive generator answers."""

    base_url: str = ""
    """Of an OpenAI-compatible API, such as `http://127.0.0.1:11434/v1`."""
    api_key: SecretStr = SecretStr("")
    """Sent as bearer token."""
    model: str = ""
    """The model's name, as its server knows it."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    """At 0 the same question gets the same words where the server allows it."""
    max_tokens: Count = 800
    """That the model may write for one answer."""
    deadline_s: Seconds = 60
    """How long the model may take; then quotations answer, or the answer is an abstention."""
    max_sentences: Count = 4
    """Of an answer."""
    prompt_price: Annotated[float, Field(ge=0)] = 0.0
    """Of a million tokens that the model reads, in your currency; for what is told of the cost."""
    completion_price: Annotated[float, Field(ge=0)] = 0.0
    """Of a million tokens that it writes."""


class CiteSettings(Section):
    """When a sentence counts as supported by the passage that it cites."""

    min_support: Fraction = 0.5
    """Sentences that their passage supports less are dropped and counted."""
    max_dropped_in_a_row: Count = 6
    """After so many sentences in a row that no passage supports, a language model is not read any further."""
