"""The formats of Word and PowerPoint before 2007, which LibreOffice makes new ones of."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ingestion.load import media_type
from ingestion.parse import registry
from ingestion.parse.registry import EXCEL, OUTLOOK, POWERPOINT, WORD, Need, parser_for
from ingestion.sandbox import ParserPool
from ingestion.types import RawFile
from service.errors import CorruptFile, MistypedFile, UnsupportedMedia
from service.settings import ParseSettings
from tests.parse.reading import outline, read

DOCUMENTS = Path(__file__).parents[2] / "deploy" / "demo" / "documents"
SAMPLES = {
    ".doc": (DOCUMENTS / "hr" / "onboarding-guide.docx", "doc:MS Word 97"),
    ".ppt": (DOCUMENTS / "sales" / "dealer-kickoff-2025.pptx", "ppt:MS PowerPoint 97"),
}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, bytes]]:
    """The samples as the old programs would have saved them, by ending."""
    if shutil.which("soffice") is None:
        why = "LibreOffice is not installed: `sh deploy/install-system.sh` does it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))  # where LibreOffice keeps its profile
        for sample, form in SAMPLES.values():
            command = ["soffice", "--headless", "--convert-to", form, "--outdir", str(folder), str(sample)]
            subprocess.run(command, check=True, capture_output=True, timeout=120)
        yield {
            ending: (folder / sample.name).with_suffix(ending).read_bytes()
            for ending, (sample, _) in SAMPLES.items()
        }


@pytest.mark.parametrize("ending", [".doc", ".ppt"])
def test_an_old_file_reads_as_the_new_one_that_it_was(old: Mapping[str, bytes], ending: str) -> None:
    new = SAMPLES[ending][0]
    before, after = read(new.name, new.read_bytes()), read(f"a{ending}", old[ending])
    headings = [[line for line in outline(one) if line[0].startswith("title")] for one in (before, after)]
    assert headings[0] == headings[1]
    lost = Counter(before.text.split()) - Counter(after.text.split())
    assert lost.total() <= (12 if ending == ".ppt" else 0), lost  # a chart becomes a picture in a ppt
    assert after.receipt.parser.startswith("libreoffice, python-")


def test_it_is_read_in_the_sandbox_too(old: Mapping[str, bytes]) -> None:
    pool = ParserPool(ParseSettings(processes=1))
    try:
        raw = RawFile("letters/a.doc", old[".doc"], WORD, "a.doc")
        assert "Kaltenbrunn" in pool.parse(raw).text
    finally:
        pool.close()


def test_a_file_that_is_none_is_damaged(old: Mapping[str, bytes]) -> None:
    with pytest.raises(CorruptFile):
        read("a.doc", old[".doc"][:1500])


def test_files_of_one_container_are_told_apart_by_what_they_hold(old: Mapping[str, bytes]) -> None:
    assert (media_type("a", old[".doc"]), media_type("a", old[".ppt"])) == (WORD, POWERPOINT)
    for wrong in ("a.xls", "a.msg", "a.ppt"):
        with pytest.raises(MistypedFile):
            media_type(wrong, old[".doc"])


def test_a_name_decides_where_a_container_holds_another_one() -> None:
    both = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument Workbook".encode("utf-16-le")
    assert (media_type("a.doc", both), media_type("a.xls", both)) == (WORD, EXCEL)


@pytest.mark.parametrize("kind", [WORD, POWERPOINT, OUTLOOK])
def test_what_is_missing_is_told_with_what_installs_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "which", lambda _: None)
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    with pytest.raises(UnsupportedMedia, match="needs") as caught:
        parser_for(kind)
    assert caught.value.hint.startswith("pip install 'footnote[")


def test_a_program_is_asked_for_once_the_package_is_there() -> None:
    there, away = Need("json", "", package="json"), Need("LibreOffice", "apt-get", program="no-such-program")
    assert (there.is_there(), away.is_there()) == (True, False)
