"""The one place that calls `unstructured`: Word and PowerPoint files become its elements, here as `Block`s.

`unstructured` serves where the work is walking an office format: shapes in groups and their reading order,
placeholders, headers and footers by section, tables, page numbers. What it does not know (list numbers, code,
text boxes, formulas, hidden text) its callers write into the file beforehand, see `word_source.py`. Other
formats go elsewhere for reasons that stand at the top of their modules.

It tags words with a spaCy model that it would download from GitHub when missing. Nothing here depends on
those tags, since headings and lists come from styles; so a rule tagger stands in where the model is not
installed, and nothing is ever downloaded.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from service.errors import CorruptFile

_MODEL = "en_core_web_sm"
_QUIET = {"UNSTRUCTURED_DISABLE_NOTICE": "1", "SCARF_NO_ANALYTICS": "true", "DO_NOT_TRACK": "true"}
_VERBS = frozenset(
    {"is", "are", "was", "were", "be", "been", "has", "have", "had", "do", "does", "did"}
    | {"can", "could", "will", "would", "shall", "should", "may", "must"}
)


@dataclass(frozen=True, slots=True)
class Block:
    """One element of `unstructured`: its category, text, depth from 0, page from 1, and a table's HTML."""

    category: str
    text: str
    depth: int
    page: int | None
    html: str = ""


def word_blocks(content: bytes) -> list[Block]:
    """The blocks of a docx file, with its headers and footers."""
    prepare()
    from unstructured.partition.docx import partition_docx

    return _blocks(partition_docx, content)


def slide_blocks(content: bytes) -> list[Block]:
    """The blocks of a pptx file in reading order, speaker notes included, pages being slides."""
    prepare()
    from unstructured.partition.pptx import partition_pptx

    return _blocks(partition_pptx, content)


def _blocks(partition: Callable[..., list[Any]], content: bytes) -> list[Block]:
    try:
        elements = partition(file=io.BytesIO(content), infer_table_structure=True, languages=[""])
    except (KeyError, ValueError, AttributeError, TypeError, IndexError, SyntaxError, OSError) as error:
        raise CorruptFile(f"The office file is damaged ({type(error).__name__}).") from error
    return [_block(element) for element in elements if element.category != "PageBreak"]


def _block(element: Any) -> Block:
    about = element.metadata
    return Block(
        category=element.category,
        text=element.text or "",
        depth=about.category_depth or 0,
        page=about.page_number,
        html=about.text_as_html or "",
    )


@cache
def prepare() -> None:
    """Silence `unstructured` before its import, and give it a tagger that needs no download."""
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
