"""What holds for every format: the receipt, the title, the language, the limits."""

import pytest

from ingestion.parse import parse
from ingestion.parse.registry import FORMATS, Format, parser_for
from ingestion.types import RawFile
from service.errors import EmptyDocument, ExplodingFile, UnsupportedMedia
from service.settings import ParseSettings
from tests.parse.reading import read


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.media_type)
def test_every_format_in_the_registry_has_a_parser(known: Format) -> None:
    assert callable(parser_for(known.media_type))


def test_an_unknown_media_type_is_unsupported() -> None:
    with pytest.raises(UnsupportedMedia):
        parse(RawFile("s", b"x", "video/mp4", "a.mp4"), ParseSettings())


def test_a_file_without_text_is_empty() -> None:
    with pytest.raises(EmptyDocument):
        read("a.html", "<p hidden>secret</p>")


def test_more_text_than_the_limit_is_refused() -> None:
    with pytest.raises(ExplodingFile):
        read("a.txt", "word " * 100, max_output_characters=99)


def test_the_receipt_counts_what_was_read_and_what_was_not() -> None:
    receipt = read(
        "a.md", "# T\n\n- a\u200b\n- b\n\n<!-- note -->\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    ).receipt
    assert receipt.elements == {"title": 1, "list_item": 2, "table": 1}
    assert receipt.hidden == {"zero_width": 1, "comment": 4}
    assert (receipt.tables, receipt.language, receipt.parser) == (((2, 2),), "en", "markdown-it-py")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Die Pumpe muss vor der Wartung vollständig entleert werden."),
        ("fr", "La pompe doit être vidée complètement avant l'entretien."),
        ("en", "The pump has to be drained completely before it is serviced."),
        ("ja", "ポンプは保守の前に完全に排水する必要があります。"),
        ("en", "OK 12"),
    ],
)
def test_the_language_is_told_by_the_prose(language: str, text: str) -> None:
    assert read("a.txt", text).language == language


def test_code_does_not_decide_the_language() -> None:
    text = (
        "Die Pumpe muss vor der Wartung vollständig entleert werden.\n\n```\n"
        + "while true: return false\n" * 50
        + "```\n"
    )
    assert read("a.md", text).language == "de"
