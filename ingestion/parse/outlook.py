"""Outlook messages (msg): their properties make up a mail, which is read as `mail.py` reads one.

`python-oxmsg`, with which `unstructured` reads them too, finds the properties in the container. The rest of
`unstructured`'s reader is not used: it keeps text that no reader sees, and takes short lines for headings.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.mail import MAX_HEADER_CHARACTERS, BoundedHeaders, read_message
from service.errors import CorruptFile, EncryptedFile, NestingTooDeep
from service.settings import ParseSettings

if TYPE_CHECKING:
    from olefile import OleFileIO
    from oxmsg import Message
    from oxmsg.attachment import Attachment
    from oxmsg.storage import Storage

_HEADERS = ("From", "To", "Cc", "Message-ID", "In-Reply-To")
_DAMAGED = (OSError, ValueError, LookupError, AttributeError, AssertionError, struct.error)
"""What `olefile` and `oxmsg` raise where a file is not as it should be."""
_EMBEDDED = "__substg1.0_3701000D"
"""The storage of a message that is attached to a message (MS-OXMSG 2.2.2.1)."""
_PROPERTIES = "__properties_version1.0"
_EMBEDDED_HEADER, _HEADER = 24, 32
"""Bytes before the properties of such a message, and of an outermost one (MS-OXMSG 2.4.1)."""


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read one message; attached messages nest to `limits.max_nesting`, as in a mail."""
    from olefile import OleFileIO
    from oxmsg.storage import Storage

    warnings: list[str] = []
    try:
        with OleFileIO(content) as container:
            _check_sizes(container, len(content))
            mail = _mail(Storage.from_ole(container), 1, limits, warnings)
    except _DAMAGED as error:
        raise CorruptFile("The file cannot be read as an Outlook message.") from error
    except RecursionError as error:
        raise NestingTooDeep("The folders of the file nest too deeply.") from error
    return read_message(mail, limits, "python-oxmsg", warnings)


def _check_sizes(container: OleFileIO, size: int) -> None:
    """Streams share no bytes: if they are longer than the file, one of them turns in a circle."""
    from olefile import STGTY_STREAM

    streams = (entry for entry in container.direntries if entry and entry.entry_type == STGTY_STREAM)
    if sum(entry.size for entry in streams) > size:
        raise CorruptFile("The parts of the file are larger than the file.")


def _mail(storage: Storage, depth: int, limits: ParseSettings, warnings: list[str]) -> EmailMessage:
    from oxmsg import Message

    if depth > limits.max_nesting:
        raise NestingTooDeep(
            "Messages are attached to messages too deeply.",
            hint="The limit is the setting parse.max_nesting.",
        )
    message = Message(storage)
    if message.message_class.upper().endswith(".SMIME"):
        raise EncryptedFile("The message is encrypted.", hint="Save it decrypted.")
    mail = EmailMessage(BoundedHeaders())
    _write_body(mail, message, warnings)
    for name, value in _headers(message):
        mail[name] = " ".join(value[: MAX_HEADER_CHARACTERS + 1].split())
    for place in storage.iter_attachment_storages():
        _attach(mail, place, depth, limits, warnings)
    return mail


def _write_body(mail: EmailMessage, message: Message, warnings: list[str]) -> None:
    from oxmsg.domain import constants

    plain, html = message.body or "", _html(message)
    if plain or not html:
        mail.set_content(_encodable(plain))
        if html:
            mail.add_alternative(_encodable(html), subtype="html")
    else:
        mail.set_content(_encodable(html), subtype="html")
    if not plain and not html and message.properties.binary_prop_value(constants.PID_RTF_COMPRESSED):
        warnings.append("The text of the message is kept as RTF alone, and was not read.")


def _html(message: Message) -> str:
    from oxmsg.domain import constants

    try:
        return message.html_body or ""
    except (UnicodeError, LookupError):  # not in the character set that it names
        return decode(message.properties.binary_prop_value(constants.PID_HTML) or b"")[0]


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    """What the mail was sent with; of one that never was, what its properties say."""
    from oxmsg.domain import constants

    sent = {name.lower(): value for name, value in message.message_headers.items()}
    properties = message.properties
    kept = {
        "From": message.sender,
        "To": properties.str_prop_value(constants.PID_DISPLAY_TO),
        "Cc": properties.str_prop_value(constants.PID_DISPLAY_CC),
        "Message-ID": properties.str_prop_value(constants.PID_INTERNET_MESSAGE_ID),
        "In-Reply-To": properties.str_prop_value(constants.PID_IN_REPLY_TO_ID),
    }
    for name in _HEADERS:
        if value := sent.get(name.lower()) or kept[name]:
            yield name, value
    if message.subject:
        yield "Subject", message.subject
    if date := sent.get("date") or (message.sent_date and format_datetime(message.sent_date)):
        yield "Date", date


def _attach(
    mail: EmailMessage, place: Storage, depth: int, limits: ParseSettings, warnings: list[str]
) -> None:
    """Pictures that the text shows in itself are none of the mail's attachments."""
    from oxmsg.attachment import Attachment
    from oxmsg.domain import constants

    inner = next((storage for storage in place.storages if storage.name == _EMBEDDED), None)
    attachment = Attachment(place)
    if inner is not None:
        mail.add_attachment(_mail(as_outermost(inner), depth + 1, limits, warnings))
    elif not _is_hidden(attachment):
        short = attachment.properties.str_prop_value(constants.PID_ATTACH_FILENAME)
        mail.add_attachment(
            attachment.file_bytes or b"",
            maintype="application",
            subtype="octet-stream",
            filename=_encodable(attachment.file_name or short or "unnamed attachment"),
        )


def _is_hidden(attachment: Attachment) -> bool:
    from oxmsg.domain import constants
    from oxmsg.properties import BooleanProperty

    said = (one for one in attachment.properties if one.pid == constants.PID_ATTACHMENT_HIDDEN)
    return any(isinstance(one, BooleanProperty) and one.value for one in said)


def as_outermost(storage: Storage) -> Storage:
    """A message that is attached to another one, as if it were not: `oxmsg` knows no others.

    Each property has 16 bytes, so the length tells which of the two headers there is; some writers give every
    message the longer one.
    """
    gap = bytes(_HEADER - _EMBEDDED_HEADER)
    streams = tuple(
        dataclasses.replace(stream, bytes_=gap + stream.bytes_)
        if stream.name == _PROPERTIES and len(stream.bytes_) % 16 == _EMBEDDED_HEADER % 16
        else stream
        for stream in storage.streams
    )
    return dataclasses.replace(storage, streams=streams)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
