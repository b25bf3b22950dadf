"""Open Packaging: the XML parts of a docx, pptx or xlsx file, read without entities and written back.

Files in the "strict" variant of ISO 29500 use other namespace names for the same content; they are given the
usual ("transitional") names, because no library at hand reads the strict ones.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from ingestion.parse.archive import unpacked
from service.errors import CorruptFile, ExplodingFile

Rewrite = Callable[[bytes], bytes]
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/([\w/]+)")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One XML part; a document type declaration, which no office program writes, is refused as a bomb."""
    content = b"".join(unpacked(archive, name))
    if _DOCTYPE.search(content):
        raise ExplodingFile("The file declares XML entities.", hint="Save it again with an office program.")
    return _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", content)


def rewritten(archive: zipfile.ZipFile, parts: Mapping[str, Rewrite]) -> bytes:
    """The archive again with the named parts rewritten, all XML checked."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            name = entry.filename
            if name.endswith((".xml", ".rels")):
                content = read_part(archive, name)
                copy.writestr(name, parts[name](content) if name in parts else content)
            else:
                copy.writestr(name, b"".join(unpacked(archive, name)))
    return target.getvalue()


def part_tree(content: bytes) -> Any:
    """The lxml tree of a part; no entity is expanded and nothing is fetched."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise CorruptFile("A part of the file is no valid XML.") from error


def part_bytes(root: Any) -> bytes:
    """The part as bytes again."""
    from lxml import etree

    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written
