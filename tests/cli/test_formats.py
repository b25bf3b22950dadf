"""`footnote formats`: the list is that of the parsers, and tells what is missing here."""

from __future__ import annotations

import json

import pytest

from ingestion.embedded import known_formats
from ingestion.parse import registry
from service.__main__ import main


def listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    monkeypatch.setattr("sys.argv", ["footnote", "formats", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    return capsys.readouterr().out


def test_every_kind_that_a_parser_reads_is_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = json.loads(listed(capsys, monkeypatch, "--json"))
    endings = {ending for one in found for ending in one["endings"]}
    assert endings == {ending for one in registry.FORMATS for ending in one.extensions} | {".jsonl"}
    assert [one["media_type"] for one in found if one["endings"] == [".pdf"]] == ["application/pdf"]


def test_what_is_missing_is_told_with_what_installs_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    lines = {line.split()[0]: line for line in listed(capsys, monkeypatch).splitlines()}
    assert "not read here: needs python-oxmsg; pip install 'footnote[outlook]'" in lines[".msg"]
    assert lines[".md"].split() == [".md", ".markdown", ".mdx"]
    assert not {one.endings[0]: one.ready for one in known_formats()}[".msg"]
