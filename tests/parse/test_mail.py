from email.message import EmailMessage

import pytest

from ingestion.parse.mail import MAX_HEADER_CHARACTERS
from service.errors import MistypedFile, NestingTooDeep
from tests.parse.reading import outline, read


def message(body: str = "Hello\n\n> quoted\n> more\n", html: str = "") -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = "Prices für 2025"
    made["From"] = "Ann <ann@example.org>"
    made["Date"] = "Mon, 06 Jan 2025 10:00:00 +0100"
    made.set_content(body)
    if html:
        made.add_alternative(html, subtype="html")
    return made


def test_subject_body_and_quoted_text_are_read() -> None:
    document = read("a.eml", bytes(message()))
    assert document.text == "Prices für 2025\n\nHello\n\n> quoted\n> more"
    assert document.title == "Prices für 2025"


def test_sender_and_date_are_metadata() -> None:
    metadata = read("a.eml", bytes(message())).metadata
    assert metadata == {"from": "Ann <ann@example.org>", "date": "2025-01-06T10:00:00+01:00"}


def test_html_is_read_where_plain_text_is_but_a_stub() -> None:
    html = "<p>The whole long story of the new prices.</p><p hidden>secret</p>"
    document = read("a.eml", bytes(message("See HTML.\n", html)))
    assert outline(document)[1] == ("paragraph", "The whole long story of the new prices.")
    assert document.receipt.hidden == {"hidden_attribute": 6}


def test_plain_text_is_preferred_where_it_says_the_same() -> None:
    document = read("a.eml", bytes(message("one two three\n", "<p>one <b>two</b> three</p>")))
    assert outline(document)[1:] == [("paragraph", "one two three")]


def test_an_attached_document_becomes_a_section() -> None:
    made = message("See attachment.\n")
    made.add_attachment("# Notes\n\ntext\n", subtype="markdown", filename="notes.md")
    assert outline(read("a.eml", bytes(made)))[2:] == [
        ("title 2", "notes.md"),
        ("title 3", "Notes"),
        ("paragraph", "text"),
    ]


def test_an_attachment_that_cannot_be_read_is_named() -> None:
    made = message()
    made.add_attachment(b"\x00\x01", maintype="application", subtype="x-thing", filename="tool.exe")
    made.add_attachment(b"{", maintype="application", subtype="json", filename="bad.json")
    assert read("a.eml", bytes(made)).receipt.warnings == (
        "Attachment not read: tool.exe",
        "Attachment not read: bad.json (corrupt_file)",
    )


def test_messages_within_messages_stop_at_the_limit() -> None:
    made = message()
    for _ in range(3):
        outer = message()
        outer.add_attachment(made)
        made = outer
    with pytest.raises(NestingTooDeep):
        read("a.eml", bytes(made))


def test_a_file_without_headers_is_no_message() -> None:
    with pytest.raises(MistypedFile):
        read("a.eml", "just some words\nand more")


def test_an_endless_header_is_read_to_its_limit_with_a_warning() -> None:
    document = read("a.eml", f"Subject: {'word ' * 10_000}\nTo: {'(' * 50_000}\n\nBody.\n")
    assert document.text.endswith("Body.")
    assert len(document.title) <= MAX_HEADER_CHARACTERS
    assert [warning.split()[2] for warning in document.receipt.warnings] == ["Subject", "To"]


def test_a_mail_of_many_parts_that_cannot_be_read_says_so_in_few_words() -> None:
    part = '--b\nContent-Disposition: attachment; filename="{}.exe"\n\nx\n'
    parts = "".join(part.format(f"{place}{'x' * 1_000}") for place in range(150))
    head = 'Subject: x\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\ntext\n'
    warnings = read("a.eml", f"{head}{parts}--b--\n").receipt.warnings
    assert (len(warnings), warnings[-1]) == (101, "There are 50 warnings more.")
    assert max(map(len, warnings)) == 500
