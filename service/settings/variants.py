"""Variants of the pipeline, and answers that are kept with their words to be judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from service.settings.asking import (
    CiteSettings,
    ContextSettings,
    DecideSettings,
    FuseSettings,
    GenerateSettings,
    RerankSettings,
    SearchSettings,
)
from service.settings.base import Fraction, Section

SHARED = ("load", "parse", "chunk", "embed", "store")
"""Sections that made the index, which variants share."""
VariantName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class VariantSettings(Section):
    """Another way to answer from the same index: what is set here takes the place of what is in force."""

    shadow: Fraction = 0.0
    """The share of questions that it answers as well, behind the reader's back: kept, shown to nobody."""
    canary: Fraction = 0.0
    """The share of users whom it answers, always the same; it is taken back by itself where it is worse."""
    search: SearchSettings = SearchSettings()
    fuse: FuseSettings = FuseSettings()
    rerank: RerankSettings = RerankSettings()
    decide: DecideSettings = DecideSettings()
    context: ContextSettings = ContextSettings()
    generate: GenerateSettings = GenerateSettings()
    cite: CiteSettings = CiteSettings()

    @model_validator(mode="before")
    @classmethod
    def _only_what_may_differ(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            if made := [name for name in SHARED if name in given]:
                raise ValueError(f"variants share the index, and {made[0]} made it: it cannot differ")
            rerank = given.get("rerank")
            if isinstance(rerank, Mapping) and "token_dimensions" in rerank:
                raise ValueError("variants share the index: rerank.token_dimensions cannot differ")
        return given

    @property
    def overrides(self) -> dict[str, dict[str, Any]]:
        """By section, what is set."""
        sections = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: {field: getattr(section, field) for field in sorted(section.model_fields_set)}
            for name, section in sections.items()
            if isinstance(section, Section) and section.model_fields_set
        }


class OnlineSettings(Section):
    """Answers that `footnote eval online` judges."""

    share: Fraction = 0.0
    """Of the answers, those that are kept with their words for it, for `catalogue.keep_samples_days`; it
    sends them to the judge that it is given."""
