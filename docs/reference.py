"""Writes what the pages of docs/ take from the code: `python docs/reference.py`.

That is settings.md, from the settings' models and the words beneath their fields; the table of errors in
troubleshooting.md; and the README's table of thresholds, from what measured/relevance.md has measured. A test
fails while a page is not what this writes.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from service import errors
from service.settings import MIB, Settings, default_cache_dir, default_data_dir

DOCS = Path(__file__).resolve().parent

PREFACE = """# Settings

<!-- Written by `python docs/reference.py` from service/settings; change the words there. -->

Every setting has a default that works: set only what you need. Each is given in one of three ways; the first
one wins:

1. as an option of a command, where it has one (`--data-dir`, `--port`);
2. as an environment variable: `FOOTNOTE_`, the section, two underscores, the name. `decide.threshold` is
   `FOOTNOTE_DECIDE__THRESHOLD`. Lists and objects are JSON: `FOOTNOTE_API__ALLOWED_HOSTS='["docs.local"]'`;
3. in a TOML file: the one that `FOOTNOTE_CONFIG` names, else `footnote.toml` in the working folder, else in
   your configuration folder (`~/.config/footnote/` on Linux).

```toml
# footnote.toml
data_dir = "/srv/footnote"

[api]
port = 8081

[decide]
threshold = 0.7
```

`footnote config` prints what is in force, secrets masked. A name that does not exist is refused at the start.
Settings are read once: restart after a change. The judge of `footnote eval` has settings of its own
(`FOOTNOTE_JUDGE__…`, told in [evaluation.md](evaluation.md#a-judge)).

"""

BETWEEN = re.compile(r"(<!-- written: .*? -->\n).*?(<!-- end -->)", re.DOTALL)

DEFAULT = re.compile(r"Threshold ([\d.]+)\. Of the mix, ([\d.]+) of the answerable .*? and ([\d.]+) of the")

UNFORESEEN = "Nobody foresaw this. The log has the cause, under the response's `request_id`."

MEANINGS = {
    NoneType: "unset",
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Path: "path",
}


def settings_page() -> str:
    """The whole of settings.md."""
    parts = [PREFACE, "## At the top\n\nWithout a section: `FOOTNOTE_MODE`, `FOOTNOTE_DATA_DIR`.\n\n"]
    top = {name: field for name, field in Settings.model_fields.items() if _section(field) is None}
    parts.append(_table(Settings, top, ""))
    parts.extend(_sections("", Settings))
    return "".join(parts).rstrip() + "\n"


def error_table() -> str:
    """One row for each error, in the order of the tree."""
    rows = ["| code | status | stage | try again | what it says |", "|---|---|---|---|---|"]
    for error in all_errors():
        again = "yes" if error.retryable else "no"
        said = UNFORESEEN if error is errors.FootnoteError else inspect.getdoc(error) or ""
        rows.append(f"| `{error.code}` | {error.status} | {error.stage or '–'} | {again} | {_line(said)} |")
    return "\n".join(rows) + "\n"


def all_errors() -> list[type[errors.FootnoteError]]:
    """Every error that has a code of its own."""
    found = [one for one in vars(errors).values() if inspect.isclass(one)]
    return [one for one in found if issubclass(one, errors.FootnoteError) and "code" in vars(one)]


def words_of(section: type[BaseModel]) -> dict[str, str]:
    """What stands beneath each field of a section, as one line."""
    (body,) = (
        node.body for node in ast.parse(inspect.getsource(section)).body if isinstance(node, ast.ClassDef)
    )
    words: dict[str, str] = {}
    for field, after in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            said = (
                after.value.value
                if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                else ""
            )
            words[field.target.id] = _line(str(said))
    return words


def _sections(prefix: str, of: type[BaseModel]) -> Iterator[str]:
    for name, field in of.model_fields.items():
        if (section := _section(field)) is None:
            continue
        plain = {key: one for key, one in section.model_fields.items() if _section(one) is None}
        yield f"## {prefix}{name}\n\n{_line(inspect.getdoc(section) or '')}\n\n"
        yield _table(section, plain, f"{prefix}{name}.")
        yield from _sections(f"{prefix}{name}.", section)


def _table(section: type[BaseModel], fields: dict[str, FieldInfo], prefix: str) -> str:
    words = words_of(section)
    rows = ["| setting | type | default | what it does |", "|---|---|---|---|"]
    for name, field in fields.items():
        rows.append(
            f"| `{prefix}{name}` | {_type(field)} | {_default(name, field)} | {words.get(name, '')} |"
        )
    return "\n".join(rows) + "\n\n"


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if inspect.isclass(kind) and issubclass(kind, BaseModel) else None


def _type(field: FieldInfo) -> str:
    bounds = [f"{sign} {value}" for one in field.metadata for sign, value in _bounds(one)]
    return ", ".join([_name(field.annotation), *bounds])


def _bounds(constraint: object) -> Iterator[tuple[str, object]]:
    for name, sign in (("gt", ">"), ("ge", "≥"), ("le", "≤"), ("lt", "<")):
        if (value := getattr(constraint, name, None)) is not None:
            yield sign, value


def _name(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        bounds = [f"{sign} {value}" for one in parts[1].metadata for sign, value in _bounds(one)]
        return ", ".join([_name(parts[0]), *bounds])
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in parts)
    if origin in (Union, UnionType):
        return " or ".join(_name(one) for one in parts)
    if origin is tuple or origin is list:
        return f"list of {_name(parts[0])}s"
    if origin is not None:
        return "object of " + " to ".join(_name(one) for one in parts)
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        return "sections"
    return "secret" if kind is SecretStr else MEANINGS.get(kind, str(getattr(kind, "__name__", kind)))


def _default(name: str, field: FieldInfo) -> str:
    if field.default_factory in (default_data_dir, default_cache_dir):
        return "your platform's"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if value is None or value in ("", {}) or isinstance(value, SecretStr):
        return "unset"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value) or "none"
    mebibytes = f" ({value // MIB} MiB)" if isinstance(value, int) and value >= MIB else ""
    return f"`{value}`{mebibytes if name.endswith('_bytes') else ''}"


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def threshold_table() -> str:
    """What share is answered at which threshold, from the measured risk over coverage.

    Half of the questions there can be answered. So where a share `coverage` is answered, of which `risk`
    should not have been, `2 * coverage * (1 - risk)` of the answerable ones are.
    """
    text = (DOCS / "measured" / "relevance.md").read_text(encoding="utf-8")
    coverage, risk, bars = (_numbers(text, name) for name in ("coverage", "risk", "threshold"))
    rows = {
        bar: (2 * share * (1 - wrong), wrong) for share, wrong, bar in zip(coverage, risk, bars, strict=True)
    }
    default, answered, others = map(float, DEFAULT.search(text).groups())  # type: ignore[union-attr]
    rows[default] = (answered, others / (answered + others))
    lines = [
        "| `decide.threshold` | answerable questions answered | answers that should have been declined |"
    ]
    lines.append("|---|---|---|")
    for bar in sorted((bar for bar in rows if bar > 0.2), reverse=True):
        shown = f"**{bar:.2f} (default)**" if bar == default else f"{bar:.2f}"
        lines.append(f"| {shown} | {rows[bar][0]:.0%} | {rows[bar][1]:.0%} |")
    return "\n".join(lines) + "\n"


def _numbers(text: str, name: str) -> list[float]:
    (row,) = re.findall(rf"^\| {name} \|(( \d\.\d+ \|)+)$", text, re.MULTILINE)
    return [float(number) for number in re.findall(r"\d\.\d+", row[0])]


def pages() -> dict[Path, str]:
    """What each page should hold."""
    return {
        DOCS / "settings.md": settings_page(),
        **_filled(DOCS / "troubleshooting.md", error_table()),
        **_filled(DOCS.parent / "README.md", threshold_table()),
    }


def _filled(page: Path, table: str) -> dict[Path, str]:
    text = page.read_text(encoding="utf-8")
    return {page: BETWEEN.sub(lambda found: f"{found[1]}\n{table}\n{found[2]}", text)}


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{page.name}: {len(text):,} characters\n")
