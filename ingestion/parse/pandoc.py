"""OpenDocument text, EPUB, reStructuredText and RTF: by Pandoc to HTML, and from there by `markup.py`.

`unstructured` calls Pandoc for these too, but by way of a docx file or with list numbers lost. Pandoc comes
with `pypandoc-binary`; it runs in its own sandbox mode, in which it opens no file but what it is given.
"""

from __future__ import annotations

import subprocess
from typing import Any

from ingestion.parse.archive import ZIP_MAGIC, checked_archive
from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.markup import elements_of, tree
from service.errors import CorruptFile, ParseOutOfMemory, UnsupportedMedia
from service.settings import ParseSettings

_FORMATS = {".odt": "odt", ".epub": "epub", ".rst": "rst", ".rtf": "rtf"}
_REQUIRED = {"odt": "content.xml", "epub": "META-INF/container.xml"}
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
    elements, hidden = elements_of(root, limits)
    return Parsed("pandoc", elements, title=title, hidden=hidden, metadata=metadata)


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
    elif form == "rst":
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
