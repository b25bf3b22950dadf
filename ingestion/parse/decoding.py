"""Bytes of a text file as text: by byte order mark, as UTF-8, or as `charset-normalizer` finds likely."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 256 * 1024


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, and a warning where its encoding had to be guessed or some bytes did not fit it."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _lenient(content, encoding, ())
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError:
        encoding = _likely_encoding(content)
        return _lenient(content, encoding, (f"The text encoding was guessed: {encoding}.",))


def _lenient(content: bytes, encoding: str, warnings: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    try:
        return content.decode(encoding), warnings
    except UnicodeDecodeError:
        warnings = (*warnings, f"Some bytes are not valid {encoding}.")
        return content.decode(encoding, errors="replace"), warnings


def _likely_encoding(content: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(content[:_SAMPLE_BYTES]).best()
    return best.encoding if best else "cp1252"
