"""What documents, models and servers say reaches the terminal as text, and as nothing else."""

import io
import json
from typing import Any

import pytest
from rich.table import Table

from service.cli import show
from service.cli.runtime import print_json
from service.cli.terminal import Terminal

ORDER = "safe\x1b]0;title\x07\x1b[2J\x9b31m\r\x08\u202egpj.exe"


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(file=io.StringIO(), soft_wrap=True, force_terminal=True, color_system="standard")


def printed(terminal: Terminal) -> str:
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def only_styles(text: str) -> bool:
    """Whether there is no control character but those of bold, dim and coloured letters."""
    plain = text
    for style in ("0", "1", "2", "1;36", "33"):
        plain = plain.replace(f"\x1b[{style}m", "")
    return all(sign.isprintable() or sign in "\n\t" for sign in plain)


def test_a_hit_gives_the_terminal_no_orders(terminal: Terminal) -> None:
    show.hits(terminal, {"hits": [{"source": ORDER, "heading_path": [ORDER], "text": ORDER}]})
    assert only_styles(printed(terminal))
    assert printed(terminal).count("safe") == 3


def test_an_answer_gives_the_terminal_no_orders(terminal: Terminal) -> None:
    place = {"n": 1, "source": ORDER, "page": None, "start": 0, "end": 1}
    given: dict[str, Any] = {
        "status": "answered",
        "sentences": [{"text": ORDER, "citations": [1]}],
        "citations": [{**place, "heading_path": [], "quote": ORDER}],
        "unanswered": ORDER,
        "respelled": {ORDER: ORDER},
        "decision": {"calibrated": True, "p_answerable": 1, "threshold": 0.5},
        "model": ORDER,
        "timings_ms": {"total": 1},
        "id": "1",
        "warnings": [{"stage": "generate", "message": ORDER}],
    }
    show.answer(terminal, given)
    assert only_styles(printed(terminal))


def test_a_cell_of_a_table_gives_the_terminal_no_orders(terminal: Terminal) -> None:
    table = Table("name")
    table.add_row(ORDER)
    terminal.print(table)
    assert "\x1b]" not in printed(terminal)


def test_json_on_a_terminal_spells_what_is_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": ORDER, "umlaut": "\u00e4"})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {"text": ORDER, "umlaut": "\u00e4"}
    assert all(sign.isprintable() or sign == "\n" for sign in shown)
    assert "\u00e4" in shown
