"""`unstructured` walked Word and PowerPoint files before, and is the measure of what walks them now."""

from __future__ import annotations

import io
from pathlib import Path

import pptx
import pytest

from eval.chunking.by_title import prepare
from ingestion.parse.office.slide_walk import slide_blocks
from ingestion.parse.office.word_walk import word_blocks
from tests.architecture.sources import ROOT

SAMPLES = ROOT / "deploy" / "demo" / "documents"
WORD, SLIDES = sorted(SAMPLES.rglob("*.docx")), sorted(SAMPLES.rglob("*.pptx"))


@pytest.mark.parametrize("path", WORD, ids=lambda path: path.name)
def test_a_word_file_has_the_texts_that_the_reference_finds(path: Path) -> None:
    prepare()
    from unstructured.partition.docx import partition_docx

    theirs = partition_docx(file=io.BytesIO(path.read_bytes()), languages=[""])
    ours = word_blocks(path.read_bytes())
    assert [block.text for block in ours if block.kind != "table"] == [
        element.text for element in theirs if element.category not in ("Table", "PageBreak")
    ]
    assert [" ".join(" ".join(row) for row in block.rows).split() for block in ours if block.rows] == [
        element.text.split() for element in theirs if element.category == "Table"
    ]


@pytest.mark.parametrize("path", SLIDES, ids=lambda path: path.name)
def test_a_presentation_has_the_texts_that_the_reference_finds(path: Path) -> None:
    prepare()
    from unstructured.partition.pptx import partition_pptx

    theirs = partition_pptx(file=io.BytesIO(path.read_bytes()), languages=[""])
    ours = slide_blocks(pptx.Presentation(io.BytesIO(path.read_bytes())))
    assert [(block.page, block.text) for block in ours if block.kind not in ("table", "notes")] == [
        (element.metadata.page_number, element.text)
        for element in theirs
        if element.category not in ("Table", "PageBreak")
    ]
