"""Outlook's messages: a `.msg` reads as the mail that it was made from."""

from __future__ import annotations

import dataclasses
from email.message import EmailMessage
from pathlib import Path

import pytest
from aspose.email_foss import msg
from olefile import OleFileIO
from oxmsg import Message
from oxmsg.storage import Storage

from ingestion.parse.outlook import as_outermost
from service.errors import CorruptFile, EncryptedFile, NestingTooDeep
from tests.parse.reading import outline, read


def mail(body: str = "Hello\n\n> quoted\n> more\n", html: str = "") -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = "Prices für 2025"
    made["From"] = "Ann Example <ann@example.org>"
    made["To"] = "Bob <bob@example.org>, Cy <cy@example.org>"
    made["Date"] = "Mon, 06 Jan 2025 10:00:00 +0000"
    made["Message-ID"] = "<1@example.org>"
    made.set_content(body)
    if html:
        made.add_alternative(html, subtype="html")
    return made


def outlook(made: EmailMessage, tmp_path: Path) -> bytes:
    """The same message as Outlook keeps it, written by another library than the one that reads it."""
    path = tmp_path / "made.msg"
    msg.MapiMessage.from_email_message(made).save(path)
    return path.read_bytes()


HTML = "<h1>Prices</h1><p>The whole long story of the new prices.</p><p hidden>secret</p>"


@pytest.mark.parametrize(
    ("body", "html"), [("Hello\n\n> quoted\n> more\n", ""), ("See HTML.\n", HTML), ("Grüße aus Łódź\n", "")]
)
def test_a_message_reads_as_the_mail_that_it_was_made_from(tmp_path: Path, body: str, html: str) -> None:
    made = mail(body, html)
    as_mail, as_outlook = read("a.eml", bytes(made)), read("a.msg", outlook(made, tmp_path))
    assert as_outlook.text == as_mail.text
    assert outline(as_outlook) == outline(as_mail)
    assert as_outlook.title == as_mail.title == "Prices für 2025"
    assert as_outlook.receipt.hidden == as_mail.receipt.hidden
    assert as_outlook.receipt.parser == "python-oxmsg"


def test_sender_recipients_and_date_are_metadata(tmp_path: Path) -> None:
    metadata = read("a.msg", outlook(mail(), tmp_path)).metadata
    assert metadata["date"] == "2025-01-06T10:00:00+00:00"
    assert "ann@example.org" in str(metadata["from"])
    assert "Bob" in str(metadata["to"])
    assert "Cy" in str(metadata["to"])


def test_attached_documents_become_sections_and_others_are_named(tmp_path: Path) -> None:
    made = mail("See attachment.\n")
    made.add_attachment("# Notes\n\ntext\n", subtype="markdown", filename="notes.md")
    made.add_attachment(b"\x00\x01", maintype="application", subtype="x-thing", filename="tool.exe")
    document = read("a.msg", outlook(made, tmp_path))
    assert outline(document)[2:] == [("title 2", "notes.md"), ("title 3", "Notes"), ("paragraph", "text")]
    assert document.receipt.warnings == ("Attachment not read: tool.exe",)


def test_an_attached_message_is_read_as_one(tmp_path: Path) -> None:
    inner = mail("The seal kit costs 40 EUR.\n")
    inner.replace_header("Subject", "Seal kit")
    made = mail("See below.\n")
    made.add_attachment(inner)
    assert outline(read("a.msg", outlook(made, tmp_path)))[2:] == [
        ("title 2", "Seal kit"),
        ("paragraph", "The seal kit costs 40 EUR."),
    ]


def test_the_properties_of_an_attached_message_are_found_behind_the_header_that_the_standard_gives_it(
    tmp_path: Path,
) -> None:
    with OleFileIO(outlook(mail(), tmp_path)) as container:
        storage = Storage.from_ole(container)
    shorter = dataclasses.replace(
        storage,
        streams=tuple(
            dataclasses.replace(stream, bytes_=stream.bytes_[8:]) if "properties" in stream.name else stream
            for stream in storage.streams
        ),
    )
    for attached in (storage, shorter):
        assert Message(as_outermost(attached)).subject == "Prices für 2025"


def test_messages_within_messages_stop_at_the_limit(tmp_path: Path) -> None:
    made = mail()
    for _ in range(3):
        outer = mail()
        outer.add_attachment(made)
        made = outer
    with pytest.raises(NestingTooDeep):
        read("a.msg", outlook(made, tmp_path))


def test_a_message_attached_to_a_mail_is_read(tmp_path: Path) -> None:
    made = mail("See below.\n")
    content = outlook(mail("The seal kit costs 40 EUR.\n"), tmp_path)
    made.add_attachment(content, maintype="application", subtype="vnd.ms-outlook", filename="kit.msg")
    assert ("paragraph", "The seal kit costs 40 EUR.") in outline(read("a.eml", bytes(made)))


def test_an_encrypted_message_says_so(tmp_path: Path) -> None:
    message = msg.MapiMessage.create("Secret", "")
    message.set_property(msg.PropertyId.MESSAGE_CLASS, "IPM.Note.SMIME")
    message.save(tmp_path / "made.msg")
    with pytest.raises(EncryptedFile):
        read("a.msg", (tmp_path / "made.msg").read_bytes())


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_message_that_was_cut_off_is_damaged(tmp_path: Path, share: float) -> None:
    made = mail("word " * 5000)
    content = outlook(made, tmp_path)
    with pytest.raises(CorruptFile):
        read("a.msg", content[: int(len(content) * share)])


def test_a_file_without_its_ending_is_known_by_what_it_holds(tmp_path: Path) -> None:
    assert outline(read("message", outlook(mail(), tmp_path)))[0] == ("title 1", "Prices für 2025")
