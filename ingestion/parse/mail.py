"""E-mail (RFC 5322, MIME): subject, sender and dates as metadata, the body, attachments as sections.

Read with Python's own `email` package rather than `unstructured`, which drops attachments it was not asked
for and cuts quoted lines into titles and list items.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from typing import Any, cast

from typing_extensions import override

from ingestion.parse.base import Parsed
from ingestion.parse.markup.parser import elements_of, tree
from ingestion.parse.plain import text_elements
from ingestion.parse.registry import format_of, parser_for
from ingestion.types import Element
from service.errors import FootnoteError, MistypedFile, NestingTooDeep
from service.settings import ParseSettings
from service.types import Scalar

_HEADERS = {"From": "from", "To": "to", "Cc": "cc", "Message-ID": "message_id", "In-Reply-To": "in_reply_to"}
_HEADER_LINE = re.compile(rb"^[\x21-\x39\x3b-\x7e]+:", re.MULTILINE)
_DEEPEST_HEADING = 6
MAX_HEADER_CHARACTERS = 16 * 1024
"""Of one header, some 500 addresses. The time that `email` takes grows with the square of it: 0.1 s here."""
_SHARE_OF_A_STUB = 0.5
"""A plain body with fewer words than this share of the HTML body only says "please open the HTML"."""


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read one message; attached messages nest to `limits.max_nesting`, quoted text is kept as it stands."""
    if not _HEADER_LINE.search(content[:4096]):
        raise MistypedFile("The file has no message headers.")
    return read_message(
        cast(EmailMessage, message_from_bytes(content, policy=BoundedHeaders())), limits, "email"
    )


def read_message(
    message: EmailMessage, limits: ParseSettings, parser: str, warnings: Sequence[str] = ()
) -> Parsed:
    """What one message holds, with the `warnings` of whoever took it out of its file."""
    reader = _Reader(limits, warnings=list(warnings))
    for name, value in message.raw_items():
        if len(str(value)) > MAX_HEADER_CHARACTERS:
            reader.warnings.append(f"The header {name[:40]} was read to {MAX_HEADER_CHARACTERS} characters.")
    elements = tuple(reader.message(message, depth=1))
    return Parsed(
        parser,
        elements,
        title=_header(message, "Subject"),
        hidden=reader.hidden,
        warnings=tuple(reader.warnings),
        metadata=_metadata(message),
    )


class BoundedHeaders(policy.EmailPolicy):
    """Python's own reading of headers, of as much of each as it can read in time."""

    @override
    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:MAX_HEADER_CHARACTERS])


@dataclass(slots=True)
class _Reader:
    """Collects what is hidden and what could not be read on the way through one message."""

    limits: ParseSettings
    hidden: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def message(self, message: EmailMessage, depth: int) -> Iterator[Element]:
        """Subject, body and attachments of a message."""
        if depth > self.limits.max_nesting:
            raise NestingTooDeep(
                "Messages are attached to messages too deeply.",
                hint="The limit is the setting parse.max_nesting.",
            )
        if subject := _header(message, "Subject"):
            yield Element("title", subject, level=depth)
        yield from self._body(message)
        for part in message.iter_attachments():
            yield from self._attachment(part, depth)

    def _body(self, message: EmailMessage) -> Iterator[Element]:
        plain = message.get_body(preferencelist=("plain",))
        rich = message.get_body(preferencelist=("html",))
        text = _text(cast(EmailMessage, plain)) if plain else ""
        elements = self._rich(_text(cast(EmailMessage, rich))) if rich else ()
        words = sum(len(element.text.split()) for element in elements)
        if len(text.split()) < _SHARE_OF_A_STUB * words:
            yield from elements
        else:
            yield from text_elements(text)

    def _rich(self, html: str) -> tuple[Element, ...]:
        if not html.strip():
            return ()
        elements, hidden = elements_of(tree(html), self.limits)
        self._count(hidden)
        return elements

    def _attachment(self, part: EmailMessage, depth: int) -> Iterator[Element]:
        if part.get_content_type() == "message/rfc822":
            for attached in part.iter_parts() or ():
                yield from self.message(cast(EmailMessage, attached), depth + 1)
            return
        name = part.get_filename() or "unnamed attachment"
        known = format_of(name)
        if known is None or known.media_type.startswith("image/"):
            self.warnings.append(f"Attachment not read: {name}")
            return
        try:
            yield from self._attached_file(part, name, known.media_type, depth)
        except FootnoteError as error:
            self.warnings.append(f"Attachment not read: {name} ({error.code})")

    def _attached_file(self, part: EmailMessage, name: str, media_type: str, depth: int) -> Iterator[Element]:
        content = part.get_payload(decode=True)
        deeper = self.limits.model_copy(update={"max_nesting": max(1, self.limits.max_nesting - depth)})
        parsed = parser_for(media_type)(content if isinstance(content, bytes) else b"", name, deeper)
        self._count(parsed.hidden)
        self.warnings += [f"{name}: {warning}" for warning in parsed.warnings]
        yield Element("title", name, level=depth + 1)
        for element in parsed.elements:
            level = (
                min(_DEEPEST_HEADING, element.level + depth + 1) if element.kind == "title" else element.level
            )
            yield replace(element, level=level, page=None)

    def _count(self, hidden: Mapping[str, int]) -> None:
        for cause, characters in hidden.items():
            self.hidden[cause] = self.hidden.get(cause, 0) + characters


def _text(part: EmailMessage) -> str:
    """The body with its character set undone; an unknown one is read as UTF-8, what does not fit replaced."""
    try:
        text = str(part.get_content())
    except (LookupError, UnicodeError, KeyError):
        content = part.get_payload(decode=True)
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return text.replace("\r\n", "\n")


def _metadata(message: EmailMessage) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {
        name: value for header, name in _HEADERS.items() if (value := _header(message, header))
    }
    if date := _date(message):
        found["date"] = date
    return found


def _header(message: EmailMessage, name: str) -> str:
    """A header on one line; empty when it is missing or cannot be read."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except (MessageError, ValueError, IndexError, AttributeError, RecursionError):
        return ""


def _date(message: EmailMessage) -> str:
    """The date in ISO 8601, or as it stands where it is no date."""
    try:
        when = getattr(message.get("Date"), "datetime", None)
    except (ValueError, IndexError, TypeError):
        return ""
    return when.isoformat() if when else _header(message, "Date")
