"""OpenDocument text, EPUB, reStructuredText, Org and RTF: by Pandoc to HTML, and from there by `markup.py`.

`unstructured` calls Pandoc for these too, but by way of a docx file or with list numbers lost. Pandoc comes
with `pypandoc-binary`; it runs in its own sandbox mode, in which it opens no file but what it is given.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

from ingestion.parse.archive import ZIP_MAGIC, checked_archive
from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.markup.parser import elements_of, tree
from ingestion.parse.office.package import part_tree, read_part
from ingestion.types import Element
from service.errors import CorruptFile, ParseOutOfMemory, UnsupportedMedia
from service.settings import ParseSettings

_FORMATS = {".odt": "odt", ".epub": "epub", ".rst": "rst", ".org": "org", ".rtf": "rtf"}
_REQUIRED = {"odt": "content.xml", "epub": "META-INF/container.xml"}
_ODT = {name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "style", "text")}
_RTF_MAGIC = b"{\\rtf"
_HEAP_EXHAUSTED = 251
"""Pandoc's exit status when its memory limit is reached."""


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read one file; which format it is, its name tells."""
    form, content = _source(content, filename, limits)
    html = _converted(form, content, limits)
    root = tree(html.decode("utf-8", "replace"))
    for own in root.xpath("//a[@role='doc-backlink'] | //head/style"):
        own.drop_tree()
    title = " ".join("".join(root.xpath("//h1[@class='title']//text()")).split())
    metadata = {name: found for name in ("author", "date") if (found := _taken_out(root, name))}
    if form == "rst" and title:
        _lower_headings(root)
    elements, hidden = elements_of(root, limits)
    if form == "odt":
        elements = _with_titles(elements, _odt_titles(content, limits))
    return Parsed("pandoc", elements, title=title, hidden=hidden, metadata=metadata)


def _lower_headings(root: Any) -> None:
    """Pandoc takes a reStructuredText title (and a lone section below it) out, then counts from 1 again."""
    subtitles = root.xpath("//header[@id='title-block-header']/p[@class='subtitle']")
    taken = 1 + len(subtitles)
    for level in range(6 - taken, 0, -1):
        for heading in root.xpath(f"//h{level}[not(@class='title')]"):
            heading.tag = f"h{level + taken}"
    for subtitle in subtitles:
        subtitle.tag = "h2"


def _odt_titles(content: bytes, limits: ParseSettings) -> set[str]:
    """The texts in the style "Title", which Pandoc gives back as paragraphs."""
    with checked_archive(content, _REQUIRED["odt"], limits) as archive:
        root = part_tree(read_part(archive, _REQUIRED["odt"]))
    derived = root.xpath("//style:style[@style:parent-style-name='Title']/@style:name", namespaces=_ODT)
    paragraphs = root.xpath("//office:text/text:p", namespaces=_ODT)
    styled = (node for node in paragraphs if node.get(f"{{{_ODT['text']}}}style-name") in {"Title", *derived})
    return {" ".join("".join(node.itertext()).split()) for node in styled}


def _with_titles(elements: tuple[Element, ...], titles: set[str]) -> tuple[Element, ...]:
    """The elements with paragraphs in the title style as headings, unless the same heading follows."""
    found: list[Element] = []
    for place, element in enumerate(elements):
        if element.kind != "paragraph" or element.text not in titles:
            found.append(element)
        elif not any(after.kind == "title" and after.text == element.text for after in elements[place:]):
            found.append(replace(element, kind="title", level=1))
    return tuple(found)


def _taken_out(root: Any, name: str) -> str:
    """What Pandoc's title block says as `name`, removed from the text."""
    nodes = root.xpath(f"//header[@id='title-block-header']/p[@class='{name}']")
    said = ", ".join(" ".join(node.text_content().split()) for node in nodes)
    for node in nodes:
        node.drop_tree()
    return said


def _source(content: bytes, filename: str, limits: ParseSettings) -> tuple[str, bytes]:
    form = next((form for ending, form in _FORMATS.items() if filename.lower().endswith(ending)), "")
    if not form:
        form = "odt" if content.startswith(ZIP_MAGIC) else "rst"
    if form in _REQUIRED:
        checked_archive(content, _REQUIRED[form], limits).close()
    elif form in ("rst", "org"):
        content = decode(content)[0].encode("utf-8", "replace")
    elif not content.startswith(_RTF_MAGIC):
        raise CorruptFile("The file is no RTF: it does not begin as one.")
    return form, content


def _converted(form: str, content: bytes, limits: ParseSettings) -> bytes:
    try:
        import pypandoc
    except ModuleNotFoundError as error:
        raise UnsupportedMedia("Pandoc is not installed.", hint="pip install pypandoc-binary") from error
    options = ["--sandbox", "--standalone", "--wrap=none", f"--from={form}", "--to=html"]
    command = [pypandoc.get_pandoc_path(), *options]
    done = subprocess.run(command, input=content, capture_output=True, timeout=limits.timeout_s, check=False)
    if done.returncode == _HEAP_EXHAUSTED:
        raise ParseOutOfMemory("Parsing needed more memory than the limit.")
    if done.returncode != 0:
        raise CorruptFile(f"The file cannot be read as {form}.")
    return done.stdout
