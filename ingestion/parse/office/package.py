"""Open Packaging: the XML parts of a docx, pptx or xlsx file, read without entities and written back.

All are brought to UTF-8 first: what is looked for in their bytes would not be seen in another encoding.

Files in the "strict" variant of ISO 29500 use other namespace names for the same content; they are given the
usual ("transitional") names, because no library at hand reads the strict ones.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from ingestion.parse.archive import unpacked
from service.errors import CorruptFile, ExplodingFile, NestingTooDeep

Rewrite = Callable[[bytes], bytes]
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/([\w/]+)")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARED = re.compile(rb"""(\A\s*<\?xml[^<>]*?)\s+encoding\s*=\s*["']([^"'<>]*)["']""")
_LIKE_ASCII = re.compile(
    rb"(?:us-)?ascii|utf-?8|iso-8859-\d{1,2}|(?:windows-|cp)(?:125\d|437|85[0258]|866|874|932|936|949|950)|koi8-[ru]"
    rb"|gb(?:2312|k|18030)|big5|shift_jis|euc-(?:jp|kr)",
    re.IGNORECASE,
)
"""Encodings in which the bytes of `<!DOCTYPE` stand for it, and for nothing else."""
_TWO_BYTES = re.compile(rb"utf-?16(?:[lb]e)?|unicode|ucs-?2", re.IGNORECASE)
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One XML part; a document type declaration, which no office program writes, is refused as a bomb."""
    content = as_utf8(b"".join(unpacked(archive, name)))
    if _DOCTYPE.search(content):
        raise ExplodingFile("The file declares XML entities.", hint="Save it again with an office program.")
    return _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", content)


def as_utf8(content: bytes) -> bytes:
    """An XML part in an encoding in which ASCII is ASCII.

    Raises `CorruptFile` for encodings beside: Open Packaging knows UTF-8 and UTF-16 (ECMA-376 part 2, 8.1.2).
    """
    content = _narrowed(content).removeprefix(codecs.BOM_UTF8)
    declared = _DECLARED.match(content)
    if declared and _TWO_BYTES.fullmatch(declared[2]):  # as it was, or as .NET says of what it wrote as UTF-8
        return _DECLARED.sub(rb"\1", content, count=1)
    is_known = declared is None or _LIKE_ASCII.fullmatch(declared[2])
    if b"\0" in content or not is_known or not (content.lstrip().startswith(b"<") or not content.strip()):
        raise CorruptFile("A part of the file is in an encoding that office files do not have.")
    return content


def _narrowed(content: bytes) -> bytes:
    try:
        return content.decode(_WIDE[content[:2]]).encode() if content[:2] in _WIDE else content
    except UnicodeError as error:
        raise CorruptFile("A part of the file is no valid UTF-16.") from error


def rewritten(archive: zipfile.ZipFile, parts: Mapping[str, Rewrite]) -> bytes:
    """The archive again with the named parts rewritten, all XML checked."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            name = entry.filename
            if name in parts or name.endswith((".xml", ".rels")):
                content = read_part(archive, name)
                copy.writestr(name, parts[name](content) if name in parts else content)
            else:
                copy.writestr(name, b"".join(unpacked(archive, name)))
    return target.getvalue()


def xml_parts(archive: zipfile.ZipFile) -> list[str]:
    """The parts that begin as XML does, whatever their names: a relationship may name any of them."""
    found = dict.fromkeys(archive.namelist())
    return [name for name in found if not name.endswith(".svg") and _begins_as_xml(archive, name)]


def _begins_as_xml(archive: zipfile.ZipFile, name: str) -> bool:
    head = next(unpacked(archive, name), b"")[:1024]
    return head[:2] in _WIDE or head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")


def part_tree(content: bytes) -> Any:
    """The lxml tree of a part; no entity is expanded and nothing is fetched."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise NestingTooDeep("A part of the file nests deeper than 256 elements.") from error
        raise CorruptFile("A part of the file is no valid XML.") from error


def part_bytes(root: Any) -> bytes:
    """The part as bytes again."""
    from lxml import etree

    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written
