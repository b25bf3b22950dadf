"""JSON documents, and the records of `.jsonl` files.

`unstructured` reads only its own JSON. Here a list of flat objects becomes a table, a nested object a
section, plain values `name: value` lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.plain import text_elements
from ingestion.parse.registry import RECORD_SUFFIX
from ingestion.parse.tables import TableSize, check_cells, table_element
from ingestion.types import Element
from service.errors import CorruptFile, NestingTooDeep
from service.settings import ParseSettings
from service.storable import why_unstorable, why_unstorable_text
from service.types import Scalar

_DEEPEST_HEADING = 6


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read one JSON document; a record (its name ends in `.record`) gives its text and its `_id`."""
    text, warnings = decode(content)
    value = _loaded(text)
    if filename.endswith(RECORD_SUFFIX):
        return _record(value)
    return Parsed("json", tuple(_elements(value, 1, limits)), title=_own_title(value), warnings=warnings)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CorruptFile("The file is no valid JSON.") from error
    except RecursionError as error:
        raise NestingTooDeep("The JSON nests too deeply.") from error


def _record(value: Any) -> Parsed:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise CorruptFile("A record needs a field 'text' that is a string.")
    title = str(value.get("title") or "")
    heading = (Element("title", title, level=1),) if title else ()
    metadata = value.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise CorruptFile("A record's 'metadata' must be an object.")
    found = {str(name): _scalar(each) for name, each in metadata.items() if each is not None}
    for name, each in found.items():
        if reason := why_unstorable(each) or why_unstorable_text(name):
            raise CorruptFile(f"The record's metadata cannot be held: {ascii(name)[:80]}: {reason}.")
    identity = value.get("_id")
    return Parsed(
        "record",
        (*heading, *text_elements(value["text"])),
        title=title,
        metadata=found,
        external_id=None if identity is None else str(identity),
    )


def _scalar(value: Any) -> Scalar:
    return value if isinstance(value, bool | int | float | str) else json.dumps(value, ensure_ascii=False)


def _own_title(value: Any) -> str:
    title = value.get("title") if isinstance(value, dict) else None
    return title if isinstance(title, str) else ""


def _elements(value: Any, level: int, limits: ParseSettings) -> Iterator[Element]:
    if level > _DEEPEST_HEADING:
        yield Element("code", json.dumps(value, ensure_ascii=False, indent=2))
    elif isinstance(value, dict):
        yield from _object(value, level, limits)
    elif isinstance(value, list):
        yield from _array(value, level, limits)
    elif value is not None:
        yield Element("paragraph", _spelled(value))


def _object(value: Mapping[str, Any], level: int, limits: ParseSettings) -> Iterator[Element]:
    """Plain values first, as one paragraph, then each nested value under its name."""
    plain = {
        name: each for name, each in value.items() if not isinstance(each, dict | list) and each is not None
    }
    if plain:
        yield Element("paragraph", "\n".join(f"{name}: {_spelled(each)}" for name, each in plain.items()))
    for name, each in value.items():
        if isinstance(each, dict | list) and each:
            yield Element("title", str(name), level=level)
            yield from _elements(each, level + 1, limits)


def _array(values: list[Any], level: int, limits: ParseSettings) -> Iterator[Element]:
    if _is_table(values):
        table = table_element(_table_rows(values, limits.max_cells), size=TableSize(limits))
        if table:
            yield table
        return
    for value in values:
        if isinstance(value, dict | list):
            yield from _elements(value, level, limits)
        elif value is not None:
            yield Element("list_item", f"- {_spelled(value)}")


def _is_table(values: list[Any]) -> bool:
    """Whether all are objects of plain, short values: rows rather than documents."""
    return bool(values) and all(
        isinstance(value, dict) and all(_is_cell(each) for each in value.values()) for value in values
    )


def _is_cell(value: Any) -> bool:
    return not isinstance(value, dict | list) and (not isinstance(value, str) or len(value) <= 200)


def _table_rows(values: list[dict[str, Any]], max_cells: int) -> Iterator[list[str]]:
    names = list(dict.fromkeys(name for value in values for name in value))
    check_cells(len(names) * len(values), max_cells)
    yield names
    for value in values:
        yield [_spelled(value[name]) if value.get(name) is not None else "" for name in names]


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
