import pytest

from service.errors import MistypedFile
from tests.parse.reading import elements, outline, read


def test_paragraphs_are_kept_as_they_stand() -> None:
    assert read("a.txt", "a   b\n  c\n\n\n\nd\n").text == "a   b\n  c\n\nd"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Introduction\n============", 1),
        ("Scope\n-----", 2),
        ("2.1 Field of use", 2),
        ("SAFETY NOTES", 1),
    ],
)
def test_headings_are_seen(text: str, level: int) -> None:
    assert outline(read("a.txt", f"{text}\n\nbody text here"))[0][0] == f"title {level}"


@pytest.mark.parametrize(
    "text", ["Dear Sir,", "1. First we go home.", "A short line", "NASA", "It is 3.5 Volt now."]
)
def test_short_lines_are_no_headings(text: str) -> None:
    assert elements(read("a.txt", f"{text}\n\nbody"))[0].kind != "title"


def test_each_marker_starts_an_item_and_other_lines_belong_to_it() -> None:
    assert outline(read("a.txt", "- one\n  more\n* two\n\n1) three\n")) == [
        ("list_item", "- one\nmore"),
        ("list_item", "* two"),
        ("list_item", "1) three"),
    ]


def test_a_guessed_encoding_is_told() -> None:
    text = "Die Maßnahmen für Größe, Übergröße und Länge wurden früher geprüft. " * 5
    document = read("a.txt", text.encode("cp1252"))
    assert "Maßnahmen für Größe" in document.text
    assert "encoding was guessed" in document.receipt.warnings[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_byte_order_mark_is_followed(encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    assert read("a.txt", (mark + "Größe über alles").encode(encoding)).text == "Größe über alles"


def test_captions_are_read_with_their_speakers_and_without_times() -> None:
    head = "WEBVTT\n\nNOTE x\n\n1\n"
    text = head + "00:00.000 --> 00:02.000\n<v Ann>Hello <i>there</i>\nyou\n\n00:03.000 --> 00:04.000\nBye\n"
    assert read("a.vtt", text).text == "Ann: Hello there you\n\nBye"


def test_a_name_in_angle_brackets_in_a_caption_is_text() -> None:
    text = "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>Type <name> and <00:01.000><c.loud>enter</c>\n"
    assert read("a.vtt", text).text == "Ann: Type <name> and enter"


def test_a_caption_file_must_say_that_it_is_one() -> None:
    with pytest.raises(MistypedFile):
        read("a.vtt", "1\n00:00.000 --> 00:02.000\nHello\n")


def test_a_hundred_thousand_underlined_headings_are_read_in_one_pass() -> None:
    document = read("a.txt", "a\n===\n" * 100_000)
    assert len(document.elements) == 100_000


def test_a_voice_that_never_ends_is_looked_for_once() -> None:
    caption = "<v" + " " * 200_000 + "end"
    assert read("a.vtt", f"WEBVTT\n\n00:01.000 --> 00:02.000\n{caption}").text == "<v end"


def test_a_numbered_heading_may_hold_spaces_that_do_not_break() -> None:
    assert outline(read("a.txt", "2.1.\u00a0 The space\n\nText.\n"))[0] == ("title 2", "2.1.  The space")
