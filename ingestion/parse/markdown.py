"""Markdown, by `markdown-it-py` to HTML and from there by `markup.py`, so that HTML inside it counts too.

Not through `unstructured`: it re-parses with its HTML partitioner at a tenth of the speed, loses list markers
and keeps YAML front matter as text.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from typing import Any

from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.markup import elements_of, tree
from service.settings import ParseSettings
from service.types import Scalar

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING_ID = re.compile(r"^(#{1,6} .*?)[ \t]*\{#[\w:.-]+\}[ \t]*$", re.MULTILINE)
_MOST_FRONT_MATTER = 64 * 1024


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read GitHub-flavoured markdown; front matter gives title and metadata and is no text."""
    text, warnings = decode(content)
    text, matter, more = _split_front_matter(text)
    title = str(matter.pop("title", "") or "")
    html: str = _renderer().render(_HEADING_ID.sub(r"\1", text))
    if not html.strip():
        return Parsed("markdown-it-py", (), title=title, warnings=(*warnings, *more), metadata=matter)
    elements, hidden = elements_of(tree(html), limits)
    return Parsed(
        "markdown-it-py", elements, title=title, hidden=hidden, warnings=(*warnings, *more), metadata=matter
    )


@cache
def _renderer() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _split_front_matter(text: str) -> tuple[str, dict[str, Scalar], tuple[str, ...]]:
    match = _FRONT_MATTER.match(text)
    if not match or len(match.group(1)) > _MOST_FRONT_MATTER:
        return text, {}, ()
    import yaml

    try:
        matter = yaml.safe_load(match.group(1))
    except (yaml.YAMLError, ValueError, RecursionError):
        return text[match.end() :], {}, ("The front matter is not valid YAML and was left out.",)
    if not isinstance(matter, dict):
        return text, {}, ()
    return text[match.end() :], {str(name): _scalar(value) for name, value in matter.items()}, ()


def _scalar(value: object) -> Scalar:
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
