"""What the catalogue keeps as JSON is read as the standard library reads it."""

from __future__ import annotations

import json

import pytest

from service.catalogue.connecting import read_json


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"year": 2024, "ratio": 0.1, "open": true, "team": null}',
        '["Pumps > Part 7", "Prüfung"]',
        "123456789012345678901234567890",
        r'{"warning": "The metadata field \ud800 was left out"}',
    ],
)
def test_json_is_read_as_it_was_written(text: str) -> None:
    assert read_json(text) == json.loads(text)


def test_what_is_no_json_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 1"):
        read_json("{")
