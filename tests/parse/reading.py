"""Short ways to parse in a test."""

from ingestion.load import load_bytes
from ingestion.parse import parse
from ingestion.types import Document, Element
from service.settings import LoadSettings, ParseSettings


def read(filename: str, content: bytes | str, **limits: int) -> Document:
    """The document of a file of that name and content."""
    raw = content.encode() if isinstance(content, str) else content
    return parse(
        load_bytes(filename, filename, raw, LoadSettings()), ParseSettings().model_copy(update=limits)
    )


def elements(document: Document) -> list[Element]:
    """Its elements in order."""
    return [placed.element for placed in document.elements]


def outline(document: Document) -> list[tuple[str, str]]:
    """(kind, text) of each element, a title's kind with its level."""
    return [
        (f"{element.kind} {element.level}" if element.kind == "title" else element.kind, element.text)
        for element in elements(document)
    ]
