"""Scans are read by OCR, with how sure it is, and never left out in silence."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from fpdf import FPDF
from PIL import Image, ImageChops, ImageDraw, ImageFont

from eval.scans.pages import KINDS
from ingestion.parse.base import Parser
from ingestion.parse.enhance import enhanced
from ingestion.parse.image import parse as parse_image
from ingestion.parse.ocr import PageReader, data_folder
from ingestion.parse.pdf.parser import parse as parse_pdf
from service.errors import CorruptFile, EmptyDocument, ExplodingFile, LimitExceeded
from service.settings import ParseSettings

LIMITS = ParseSettings()
LINES = ("The pump must be drained", "before the cover is lifted.")


def installed() -> bool:
    try:
        import tesserocr  # noqa: F401 - only whether it is there
    except ImportError:
        return False
    return data_folder("eng") is not None


needs_ocr = pytest.mark.skipif(not installed(), reason="Tesseract or its English data is not installed")


def page(lines: tuple[str, ...] = LINES, heading: str = "") -> Image.Image:
    """A page of paper, 6 by 4 inches at 150 dots an inch."""
    image = Image.new("L", (900, 600), "white")
    draw = ImageDraw.Draw(image)
    if heading:
        draw.text((60, 50), heading, font=ImageFont.load_default(60), fill="black")
    for number, line in enumerate(lines):
        draw.text((60, 180 + 40 * number), line, font=ImageFont.load_default(28), fill="black")
    return image


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, dpi=(150, 150), **options)
    return buffer.getvalue()


def scan(*images: Image.Image, layer: str = "") -> bytes:
    """A PDF of scanned pages, with `layer` as invisible text beneath each."""
    document = FPDF(unit="pt", format=(432, 288))
    for image in images:
        document.add_page()
        document.image(image, x=0, y=0, w=432, h=288)
        if layer:
            document.set_font("Helvetica", size=12)
            document.text_mode = "INVISIBLE"
            document.text(30, 100, layer)
    return bytes(document.output())


@needs_ocr
def test_a_scanned_page_is_read_with_its_confidence() -> None:
    parsed = parse_pdf(scan(page()), "scan.pdf", LIMITS)
    assert " ".join(element.text for element in parsed.elements) == " ".join(LINES)
    (receipt,) = parsed.pages
    assert receipt.ocr_confidence is not None
    assert receipt.ocr_confidence > 80
    assert not receipt.poor
    assert receipt.characters == sum(len(line.replace(" ", "")) for line in LINES)


@needs_ocr
def test_what_ocr_reads_has_its_place_on_the_page_in_points() -> None:
    parsed = parse_pdf(scan(page()), "scan.pdf", LIMITS)
    box = parsed.elements[0].box
    assert box is not None
    assert box[0] == pytest.approx(60 * 72 / 150, abs=3)
    assert box[1] == pytest.approx(186 * 72 / 150, abs=4)


@needs_ocr
def test_much_larger_letters_on_a_scan_are_a_heading() -> None:
    lines = (*LINES, "Then it is stored in a dry place.", "It is looked at once a year.")
    parsed = parse_pdf(scan(page(lines, heading="Maintenance")), "scan.pdf", LIMITS)
    assert (parsed.elements[0].kind, parsed.elements[0].text) == ("title", "Maintenance")


@needs_ocr
def test_a_page_read_with_little_confidence_is_marked_as_poor() -> None:
    parsed = parse_pdf(scan(page()), "scan.pdf", ParseSettings(poor_ocr_confidence=100))
    assert parsed.pages[0].poor


def test_the_text_layer_beneath_a_scan_is_used_and_said_so() -> None:
    parsed = parse_pdf(scan(page(), layer="Read by an earlier scanner."), "scan.pdf", LIMITS)
    assert [element.text for element in parsed.elements] == ["Read by an earlier scanner."]
    assert parsed.hidden == {}
    assert parsed.warnings == ("page 1: a scan, read from the text layer beneath it",)


def half_scanned() -> bytes:
    """A page with text, and a scanned one."""
    document = FPDF(unit="pt", format=(432, 288))
    document.add_page()
    document.set_font("Helvetica", size=12)
    document.text(30, 100, "A page that has its text.")
    document.add_page()
    document.image(page(), x=0, y=0, w=432, h=288)
    return bytes(document.output())


def test_ocr_that_is_switched_off_leaves_the_page_without_text_and_says_so() -> None:
    parsed = parse_pdf(half_scanned(), "scan.pdf", ParseSettings(ocr="never"))
    assert [element.text for element in parsed.elements] == ["A page that has its text."]
    assert (parsed.pages[1].characters, parsed.pages[1].ocr_confidence) == (0, None)
    assert "parse.ocr" in parsed.warnings[0]


def test_without_the_binding_the_receipt_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tesserocr", None)
    (warning,) = parse_pdf(half_scanned(), "scan.pdf", LIMITS).warnings
    assert "pip install 'footnote[ocr]'" in warning


@needs_ocr
def test_without_the_language_the_receipt_names_the_package_that_brings_it() -> None:
    parsed = parse_pdf(half_scanned(), "scan.pdf", ParseSettings(ocr_languages="eng+tlh"))
    assert "apt-get install tesseract-ocr-eng tesseract-ocr-tlh" in parsed.warnings[0]


@pytest.mark.parametrize("parse", [parse_pdf, parse_image])
def test_a_file_of_images_alone_is_empty_without_ocr_and_the_hint_says_what_repairs_it(
    parse: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tesserocr", None)
    content = scan(page()) if parse is parse_pdf else encoded(page(), "PNG")
    with pytest.raises(EmptyDocument) as caught:
        parse(content, "scan", LIMITS)
    assert "pip install 'footnote[ocr]'" in caught.value.hint


def test_trained_data_is_found_where_the_variable_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tlh.traineddata").touch()
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert data_folder("tlh") == tmp_path
    assert data_folder("tlh+xyz") is None


@needs_ocr
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF"])
def test_an_image_of_a_page_is_read(form: str) -> None:
    parsed = parse_image(encoded(page(), form), "page", LIMITS)
    assert parsed.parser == "image"
    assert " ".join(element.text for element in parsed.elements) == " ".join(LINES)
    assert parsed.pages[0].ocr_confidence is not None


@needs_ocr
def test_each_page_of_a_tiff_counts() -> None:
    second = page(("The second page of it.",))
    content = encoded(page(), "TIFF", save_all=True, append_images=[second])
    parsed = parse_image(content, "fax.tiff", LIMITS)
    assert [receipt.number for receipt in parsed.pages] == [1, 2]
    assert [element.text for element in parsed.elements if element.page == 2] == ["The second page of it."]


@needs_ocr
def test_transparent_paper_is_white() -> None:
    ink = page()
    image = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    image.putalpha(ink.point(lambda value: 255 - value))
    parsed = parse_image(encoded(image, "PNG"), "page.png", LIMITS)
    assert " ".join(element.text for element in parsed.elements) == " ".join(LINES)


def drawn(letters: int, text: str) -> bytes:
    """A page with outlines of about forty lines each, and a little text."""
    document = FPDF(unit="pt", format=(432, 288))
    document.add_page()
    document.set_font("Helvetica", size=12)
    document.text(30, 30, text)
    for number in range(letters):
        x, y = 30 + 8 * (number % 40), 60 + 20 * (number // 40)
        document.polyline([(x + (at * 7) % 6, y + (at * 5) % 11) for at in range(40)])
    return bytes(document.output())


def test_a_page_with_much_ink_and_little_text_is_marked() -> None:
    parsed = parse_pdf(drawn(120, "Our plan"), "slides.pdf", ParseSettings(ocr="never"))
    assert [element.text for element in parsed.elements] == ["Our plan"]
    assert parsed.pages[0].poor
    assert any("much is drawn" in warning for warning in parsed.warnings)
    assert any("parse.ocr" in warning for warning in parsed.warnings)


def test_a_small_drawing_marks_no_page() -> None:
    parsed = parse_pdf(drawn(20, "Our plan"), "slides.pdf", ParseSettings(ocr="never"))
    assert (parsed.pages[0].poor, parsed.warnings) == (False, ())


@needs_ocr
def test_text_that_was_written_stays_where_ocr_reads_less_of_a_drawing() -> None:
    parsed = parse_pdf(drawn(120, "Our plan for it"), "slides.pdf", LIMITS)
    assert "Our plan for it" in " ".join(element.text for element in parsed.elements)


@needs_ocr
def test_a_drawing_on_which_ocr_finds_no_letter_costs_no_written_text() -> None:
    document = FPDF(unit="pt", format=(612, 792))
    document.add_page()
    for x in range(0, 600, 2):
        document.polyline([(x, y * 7) for y in range(110)])
    document.set_font("Helvetica", size=12)
    document.text(72, 92, "Hello world text")
    parsed = parse_pdf(bytes(document.output()), "map.pdf", LIMITS)
    assert [element.text for element in parsed.elements] == ["Hello world text"]


class FailingEngine:
    """An engine whose binding gives up, as tesserocr's does on some images."""

    def SetImage(self, _image: object) -> None:  # noqa: N802 - the binding's name
        raise RuntimeError("Failed to set image")

    def SetPageSegMode(self, _mode: object) -> None:  # noqa: N802 - likewise
        pass


def test_a_failure_of_the_binding_is_a_typed_error() -> None:
    reader = PageReader(LIMITS)
    reader._engine = FailingEngine()
    with pytest.raises(CorruptFile, match="Failed to set image"):
        reader.read(page(), 150)


def test_a_failure_of_the_binding_costs_no_text_that_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PageReader, "_start", lambda reader: setattr(reader, "_engine", FailingEngine()))
    monkeypatch.setattr(FailingEngine, "End", lambda _: None, raising=False)
    parsed = parse_pdf(drawn(120, "Our plan"), "slides.pdf", LIMITS)
    assert [element.text for element in parsed.elements] == ["Our plan"]
    assert any("page 1: OCR cannot read" in warning for warning in parsed.warnings)


def test_a_truncated_image_is_corrupt() -> None:
    with pytest.raises(CorruptFile):
        parse_image(encoded(page(), "PNG")[:300], "page.png", LIMITS)


def test_an_image_of_more_pages_than_allowed_is_refused() -> None:
    content = encoded(page(), "TIFF", save_all=True, append_images=[page()])
    with pytest.raises(LimitExceeded, match=r"parse\.max_pages"):
        parse_image(content, "fax.tiff", ParseSettings(max_pages=1))


def test_an_image_that_unpacks_to_too_many_pixels_is_refused() -> None:
    huge = Image.new("1", (30_000, 30_000))
    with pytest.raises(ExplodingFile):
        parse_image(encoded(huge, "PNG"), "page.png", LIMITS)


def test_light_that_falls_from_one_side_becomes_even() -> None:
    side = Image.linear_gradient("L").rotate(90).resize((900, 600)).point(lambda grey: 60 + grey * 195 // 255)
    photograph = enhanced(ImageChops.multiply(page(), side)).image
    corners = [photograph.getpixel((x, 20)) for x in (20, photograph.width - 20)]
    assert all(isinstance(grey, int) and grey > 230 for grey in corners)


@needs_ocr
@pytest.mark.parametrize("angle", [-6, 4])
def test_a_page_that_lay_askew_is_read_and_its_words_stay_on_it(angle: int) -> None:
    crooked = page().rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    parsed = parse_image(encoded(crooked, "PNG"), "page.png", LIMITS)
    assert " ".join(element.text for element in parsed.elements) == " ".join(LINES)
    box = parsed.elements[0].box
    assert box is not None
    assert box[0] == pytest.approx(60 * 72 / 150, abs=12)


@needs_ocr
def test_the_prices_at_the_far_edge_of_a_receipt_are_read() -> None:
    receipt = KINDS["receipt"](np.random.default_rng(5), ImageFont.load_default)
    parsed = parse_image(encoded(receipt.image, "PNG"), "receipt.png", LIMITS)
    text = " ".join(element.text for element in parsed.elements)
    prices = [line.split()[-1] for line in receipt.lines if line.startswith(("TOTAL", "CASH", "CHANGE"))]
    assert [price for price in prices if price not in text] == []


@pytest.mark.parametrize("blank", [Image.new("L", (300, 200), "white"), Image.new("L", (1, 1), "black")])
def test_an_image_without_ink_is_left_as_it_is(blank: Image.Image) -> None:
    assert enhanced(blank).margin == (0, 0)


@needs_ocr
def test_a_page_read_with_little_confidence_is_told_in_the_receipt() -> None:
    (warning,) = parse_pdf(scan(page()), "scan.pdf", ParseSettings(poor_ocr_confidence=100)).warnings
    assert warning.startswith("page 1: read by OCR with a confidence of")
