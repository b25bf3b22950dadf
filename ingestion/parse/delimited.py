"""Tables in delimited text: comma, semicolon, tab or bar.

Not through `unstructured`, which gives the cells back as one line of text and guesses headers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.tables import TableSize, table_element
from service.errors import CorruptFile, LimitExceeded
from service.settings import ParseSettings

_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 64 * 1024
_LONGEST_FIELD = 1024 * 1024


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read one table; quoting follows RFC 4180, the delimiter is found by which one gives even rows."""
    text, warnings = decode(content)
    delimiter = "\t" if filename.lower().endswith(".tsv") else _likely_delimiter(text[:_SAMPLE_CHARACTERS])
    table = table_element(_rows(text, delimiter), size=TableSize(limits), headed=None)
    return Parsed("csv", (table,) if table else (), warnings=warnings)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        if "field limit" in str(error):
            raise LimitExceeded(
                f"A field of the table is longer than {_LONGEST_FIELD:,} characters.",
                hint="Look for a quote that nothing closes.",
            ) from error
        raise CorruptFile("The table cannot be read: a field holds a broken quote.") from error


def _likely_delimiter(sample: str) -> str:
    """The delimiter that most rows agree on; on a draw the one that cuts into more columns."""
    return max(_DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    """The share of rows with the most frequent number of columns (0 when that is one), and that number."""
    try:
        lines = sample.splitlines(keepends=True)[:200]
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return 0.0, 0
    usual = max(set(widths), key=widths.count, default=1)
    return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual
