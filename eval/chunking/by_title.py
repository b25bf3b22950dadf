"""`unstructured` and its chunking by titles, a baseline.

It tags words with a spaCy model that it would download from GitHub when missing; a rule tagger stands in, and
nothing is ever downloaded.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from typing import Any

_MODEL = "en_core_web_sm"
_QUIET = {"UNSTRUCTURED_DISABLE_NOTICE": "1", "SCARF_NO_ANALYTICS": "true", "DO_NOT_TRACK": "true"}
_VERBS = frozenset(
    {"is", "are", "was", "were", "be", "been", "has", "have", "had", "do", "does", "did"}
    | {"can", "could", "will", "would", "shall", "should", "may", "must"}
)


def chunks_by_title(text: str, characters: int) -> list[str]:
    """Its chunks of a text, each of at most so many characters."""
    prepare()
    from unstructured.chunking.title import chunk_by_title
    from unstructured.partition.text import partition_text

    elements = partition_text(text=text, languages=[""])
    return [chunk.text for chunk in chunk_by_title(elements, max_characters=characters)]


@cache
def prepare() -> None:
    """Silences it before its import, and gives it a tagger that needs no download."""
    os.environ.update(_QUIET)
    if find_spec(_MODEL) is not None:
        return
    from unstructured.nlp import tokenize

    tokenize._get_nlp = _rule_pipeline


@cache
def _rule_pipeline() -> Any:
    """A spaCy pipeline with sentence bounds and coarse tags: known auxiliaries are verbs, all else nouns."""
    import spacy
    from spacy.language import Language

    if not Language.has_factory("footnote_rule_tagger"):
        Language.component("footnote_rule_tagger", func=_tag)
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    pipeline.add_pipe("footnote_rule_tagger")
    return pipeline


def _tag(text: Any) -> Any:
    for token in text:
        token.tag_ = "VB" if token.lower_ in _VERBS else "NN"
    return text
