from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from asgi_correlation_id import correlation_id

from service import log
from service.settings import LogSettings


@pytest.fixture(autouse=True)
def _restored_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    parsed: dict[str, object] = json.loads(line)
    return parsed


def test_a_line_is_json_with_its_fields_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings(format="json"))
    logging.getLogger("service.store").warning("slow %s", "search", extra={"duration_ms": 12})
    line = logged(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("slow search", "warning", "service.store")
    assert line["duration_ms"] == 12
    assert str(line["timestamp"]).endswith("Z")


def test_a_line_carries_the_id_of_its_request(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings(format="json"))
    token = correlation_id.set("ab" * 16)
    logging.getLogger("service").warning("slow")
    correlation_id.reset(token)
    assert logged(capsys)["request_id"] == "ab" * 16


def test_a_traceback_does_not_hold_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings(format="json"))
    try:
        secret = "sesame" * 2
        raise ValueError(len(secret))
    except ValueError:
        logging.getLogger("service").exception("failed")
    line = logged(capsys)
    assert "sesamesesame" not in json.dumps(line)
    assert line["exception"][0]["exc_type"] == "ValueError"  # type: ignore[index] # as structlog renders it


def test_lines_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings(level="warning", format="text"))
    logging.getLogger("service").info("unimportant")
    assert capsys.readouterr().err == ""


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings(format="text"))
    logging.getLogger("service").warning("slow", extra={"duration_ms": 12})
    assert "slow" in (err := capsys.readouterr().err)
    assert not err.startswith("{")
