"""Markdown, by `markdown-it-py` to HTML and from there by `markup/`, so that HTML inside it counts too.

Only HTML's own elements are markup (`markup/tags.py`): a name in angle brackets that a reader is to fill in
stays text. In MDX they cannot stand, so there every tag is a component.

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
from ingestion.parse.markdown_notes import add_notes
from ingestion.parse.markup.parser import elements_of, tree
from ingestion.parse.markup.tags import closed_names, is_markup_at, without_names
from service.errors import LimitExceeded, NestingTooDeep
from service.settings import ParseSettings
from service.types import Scalar

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING_ID = re.compile(r"^(#{1,6} .*)\{#[\w:.-]+\}[ \t]*$", re.MULTILINE)
_ROLES = (
    "abbr any attr attribute class command const data doc download envvar exc file func guilabel kbd math"
    " menuselection meth mod numref obj option pep program ref rfc samp sub sup term"
)
_ROLE = re.compile(
    rf"\{{(?:[a-z]+:)?(?:{'|'.join(_ROLES.split())})\}}(`+)[!~]?([^`\n]+?)(?:[ ]<[^<>`\n]+>)?\1(?!`)"
)
"""A role of MyST, which Sphinx' documents are written in: ``{term}`what is shown <target>` ``."""
_MAX_FRONT_MATTER = 64 * 1024
_DEEPEST = 100
"""Levels of blocks, of which a list has two for each of its own; `markdown-it`'s own default."""
_CLOSED = "closed"
"""Where the renderer's environment holds the names that have an end tag; None where every tag is markup."""


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read GitHub-flavoured markdown; front matter gives title and metadata and is no text."""
    text, warnings = decode(content)
    text, matter, more = _split_front_matter(text)
    title = str(matter.pop("title", "") or "")
    _check_brackets(text, limits.max_brackets)
    text = _HEADING_ID.sub(r"\1", text)
    closed = None if filename.lower().endswith(".mdx") else closed_names(text)
    html: str = _renderer().render(text, {_CLOSED: closed})
    if not html.strip():
        return Parsed("markdown-it-py", (), title=title, warnings=(*warnings, *more), metadata=matter)
    elements, hidden = elements_of(tree(html), limits)
    return Parsed(
        "markdown-it-py", elements, title=title, hidden=hidden, warnings=(*warnings, *more), metadata=matter
    )


def _check_brackets(text: str, max_brackets: int) -> None:
    if text.count("[") > max_brackets:
        raise LimitExceeded(
            f"The file has more than {max_brackets} square brackets.",
            hint="The limit is the setting parse.max_brackets.",
        )


@cache
def _renderer() -> Any:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import html_block
    from markdown_it.rules_inline import html_inline

    def inline(state: Any, silent: bool) -> bool:
        return _begins_markup(state.src, state.pos, state.env) and html_inline(state, silent)

    def block(state: Any, first: int, last: int, silent: bool) -> bool:
        start = state.bMarks[first] + state.tShift[first]
        return _begins_markup(state.src, start, state.env) and html_block(state, first, last, silent)

    def block_as_html(_renderer: Any, tokens: Any, index: int, _options: Any, env: Any) -> str:
        closed, html = env[_CLOSED], str(tokens[index].content)
        return html if closed is None else without_names(html, closed)

    options = {"html": True, "maxNesting": _DEEPEST}
    markdown = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    markdown.block.ruler.before("code", "depth", _check_depth)
    markdown.inline.ruler.before("backticks", "role", _role)
    markdown.inline.ruler.at("html_inline", inline)
    markdown.block.ruler.at("html_block", block, {"alt": ["paragraph", "reference", "blockquote"]})
    markdown.add_render_rule("html_block", block_as_html)
    add_notes(markdown)
    return markdown


def _check_depth(state: Any, first: int, last: int, silent: bool) -> bool:
    """Begins no block; the renderer would leave out, without a word, what lies deeper than it reads."""
    if state.level >= _DEEPEST - 2:  # the last step is a list with its item
        raise NestingTooDeep(f"The blocks of the file nest deeper than {_DEEPEST} levels.")
    return False


def _role(state: Any, silent: bool) -> bool:
    """A role is what it shows: its name and target are for the program that makes pages of it."""
    if not state.src.startswith("{", state.pos) or not (
        found := _ROLE.match(state.src, state.pos, state.posMax)
    ):
        return False
    if not silent:
        state.push("text", "", 0).content = found[2]
    state.pos = found.end()
    return True


def _begins_markup(source: str, start: int, env: Any) -> bool:
    """Whether what begins at `start` is a tag of HTML's, a comment, or any tag where all are components."""
    closed = env[_CLOSED]
    return closed is None or not source.startswith("<", start) or is_markup_at(source, start, closed)


def _split_front_matter(text: str) -> tuple[str, dict[str, Scalar], tuple[str, ...]]:
    match = _FRONT_MATTER.match(text)
    if not match or len(match.group(1)) > _MAX_FRONT_MATTER:
        return text, {}, ()
    import yaml

    try:
        matter = yaml.load(match.group(1), _matter_loader())
    except (yaml.YAMLError, ValueError, RecursionError):
        return text[match.end() :], {}, ("The front matter is not valid YAML and was left out.",)
    if not isinstance(matter, dict):
        return text, {}, ()
    return text[match.end() :], {str(name): _scalar(value) for name, value in matter.items()}, ()


@cache
def _matter_loader() -> Any:
    """A safe loader whose aliases stand for short values alone: a few others stand for gigabytes."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc] # the package has no types
        repeated = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            is_alias = self.check_event(yaml.AliasEvent)
            node = super().compose_node(parent, index)
            if is_alias:
                self.repeated += len(node.value)
                if not isinstance(node, yaml.ScalarNode) or self.repeated > _MAX_FRONT_MATTER:
                    raise yaml.YAMLError("an alias of a list, of a mapping or of much text")
            return node

    return Loader


def _scalar(value: object) -> Scalar:
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
