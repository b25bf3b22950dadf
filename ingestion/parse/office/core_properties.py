"""What an office file says about itself: title, author, dates (Dublin Core, part `docProps/core.xml`)."""

from __future__ import annotations

import zipfile

from ingestion.parse.office.package import part_tree, read_part

_PART = "docProps/core.xml"
_PROPERTIES = {
    "{http://purl.org/dc/elements/1.1/}creator": "author",
    "{http://purl.org/dc/terms/}created": "created",
    "{http://purl.org/dc/terms/}modified": "modified",
    "{http://purl.org/dc/elements/1.1/}subject": "subject",
}
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_NO_TITLES = frozenset({"powerpoint presentation", "word document", "untitled", "presentation", "document"})


def core_properties(archive: zipfile.ZipFile) -> tuple[str, dict[str, str]]:
    """The title (empty where a program's default stands) and the other properties that are filled in."""
    if _PART not in archive.namelist():
        return "", {}
    root = part_tree(read_part(archive, _PART))
    texts = {child.tag: (child.text or "").strip() for child in root if isinstance(child.tag, str)}
    title = texts.get(_TITLE, "")
    metadata = {name: texts[tag] for tag, name in _PROPERTIES.items() if texts.get(tag)}
    return ("" if title.lower() in _NO_TITLES else title), metadata
