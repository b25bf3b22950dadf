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


def record(message: str, moment: float, level: int = logging.ERROR, **extra: object) -> logging.LogRecord:
    fields = {"name": "asyncio", "msg": message, "levelno": level, "created": moment, **extra}
    return logging.makeLogRecord(fields)


def test_a_line_that_repeats_without_end_is_written_a_few_times_a_minute() -> None:
    repeats = log.RepeatFilter()
    written = [repeats.filter(record("out of descriptors", moment / 100)) for moment in range(5_000)]
    assert written.count(True) == log.MAX_REPEATS


def test_the_first_line_of_the_next_minute_says_how_many_were_left_out() -> None:
    repeats = log.RepeatFilter()
    for _ in range(log.MAX_REPEATS + 7):
        repeats.filter(record("out of descriptors", 0.0))
    later = record("out of descriptors", log.REPEAT_PERIOD_S)
    assert repeats.filter(later)
    assert later.left_out == 7  # type: ignore[attr-defined] # as the formatter reads it


def test_lines_that_say_different_things_are_all_written() -> None:
    repeats = log.RepeatFilter()
    lines = [record("reading failed", 0.0, job=str(number)) for number in range(100)]
    assert all(repeats.filter(line) for line in lines)


def test_requests_are_all_noted_however_alike_they_are() -> None:
    repeats = log.RepeatFilter()
    assert all(repeats.filter(record("request", 0.0, logging.INFO)) for _ in range(100))


def test_what_is_remembered_of_lines_is_bounded() -> None:
    repeats = log.RepeatFilter()
    for number in range(2 * log.MAX_REMEMBERED):
        repeats.filter(record(f"line {number}", 0.0))
    assert len(repeats._seen) == log.MAX_REMEMBERED


def test_the_handler_of_the_process_leaves_repeats_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings(format="json"))
    for _ in range(100):
        logging.getLogger("service").warning("again")
    assert len(capsys.readouterr().err.splitlines()) == log.MAX_REPEATS
