import json
import os
import shutil
from pathlib import Path

import pytest

from ingestion.load import LoadFailure, Skipped, below, iter_paths, load_bytes
from ingestion.parse.registry import RECORD
from ingestion.types import RawFile
from service.errors import (
    CorruptFile,
    EmptyDocument,
    EncryptedFile,
    FootnoteError,
    LimitExceeded,
    MistypedFile,
    NotFound,
    UnsupportedMedia,
)
from service.settings import LoadSettings
from tests.parse.office import deck, word, workbook, zipped

SETTINGS = LoadSettings()
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)


@pytest.mark.parametrize(
    ("filename", "content", "media_type"),
    [
        ("a.md", b"# T", "text/markdown"),
        ("A.HTML", b"<p>x", "text/html"),
        ("README", b"plain words", "text/plain"),
        ("page", b"  <!DOCTYPE html><p>x", "text/html"),
        ("a.csv", b"a,b", "text/csv"),
        ("a.txt", "wide".encode("utf-16"), "text/plain"),
        ("a.pdf", PDF, "application/pdf"),
        ("scan", PDF, "application/pdf"),
        ("a.jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg"),
        ("a.png", PNG, "image/png"),
        ("a.xls", OLE, "application/vnd.ms-excel"),
    ],
)
def test_a_file_is_what_its_bytes_and_name_agree_on(filename: str, content: bytes, media_type: str) -> None:
    assert load_bytes("s", filename, content, SETTINGS) == RawFile("s", content, media_type, filename)


def test_office_files_are_told_apart_by_their_parts() -> None:
    contents = (word(lambda _: None), workbook(lambda _: None), deck(lambda _: None))
    kinds = [
        load_bytes("s", "upload", content, SETTINGS).media_type.rpartition(".")[2] for content in contents
    ]
    assert kinds == ["document", "sheet", "presentation"]


def test_open_document_and_epub_are_known_by_their_first_entry() -> None:
    content = zipped({"mimetype": "application/epub+zip"})
    assert load_bytes("s", "book.epub", content, SETTINGS).media_type == "application/epub+zip"


@pytest.mark.parametrize(
    ("filename", "content", "error"),
    [
        ("a.pdf", EXE, MistypedFile),
        ("a.pdf", b"just words", MistypedFile),
        ("a.md", PDF, MistypedFile),
        ("a.txt", b"words\x00\x01\x02", MistypedFile),
        ("a.docx", zipped({"x.txt": "x"}), MistypedFile),
        ("a.xlsx", word(lambda _: None), MistypedFile),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), EncryptedFile),
        ("a.doc", OLE + "PowerPoint Document".encode("utf-16-le"), MistypedFile),
        ("a.exe", EXE, UnsupportedMedia),
        ("a.py", b"print()", UnsupportedMedia),
        ("a.zip", zipped({"x.txt": "x"}), UnsupportedMedia),
        ("a.bin", b"\x00\x01\x02", UnsupportedMedia),
        ("a.docx", b"PK\x03\x04 cut off", CorruptFile),
        ("a.txt", b"  \n", EmptyDocument),
        ("a.txt", b"", EmptyDocument),
    ],
)
def test_what_cannot_be_taken_in_is_one_typed_error(
    filename: str, content: bytes, error: type[FootnoteError]
) -> None:
    with pytest.raises(error):
        load_bytes("s", filename, content, SETTINGS)


def test_an_unsupported_file_is_told_what_is_supported() -> None:
    with pytest.raises(UnsupportedMedia) as caught:
        load_bytes("s", "a.py", b"x", SETTINGS)
    assert "docx" in caught.value.hint


def test_a_file_over_the_limit_is_refused_by_name_of_the_setting() -> None:
    with pytest.raises(LimitExceeded) as caught:
        load_bytes("s", "a.txt", b"12345", LoadSettings(max_file_bytes=4))
    assert "load.max_file_bytes" in caught.value.hint


def test_a_folder_gives_its_files_in_order_and_counts_what_it_skips(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.txt", "a/tool.py", ".hidden.md", ".git/x.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("words")
    loaded = list(iter_paths([tmp_path], SETTINGS, below(tmp_path)))
    assert [(type(each), each.source) for each in loaded] == [
        (RawFile, "b.md"),
        (Skipped, "a/tool.py"),
        (RawFile, "a/z.txt"),
    ]


def test_files_of_one_name_have_different_sources(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text("x")
    paths = [tmp_path / "a" / "README.md", tmp_path / "b" / "README.md"]
    assert len({loaded.source for loaded in iter_paths(paths, SETTINGS, below(tmp_path))}) == 2


def test_a_file_that_is_given_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "link.md").symlink_to(tmp_path / "a.md")
    paths = [tmp_path, tmp_path / "a.md", tmp_path / "a.md"]
    assert [loaded.source for loaded in iter_paths(paths, SETTINGS, below(tmp_path))] == ["a.md"]


def test_a_link_to_what_is_hidden_in_the_folder_is_one_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "a.md").write_text("x")
    (tmp_path / "a.md").symlink_to(tmp_path / "..2026" / "a.md")
    assert [loaded.source for loaded in iter_paths([tmp_path], SETTINGS, below(tmp_path))] == ["a.md"]


def test_the_second_of_two_files_or_records_of_one_name_is_a_failure(tmp_path: Path) -> None:
    for name in ("Pr\u00fcfung.md", "Pru\u0308fung.md"):  # one name to a reader, two to the file system
        (tmp_path / name).write_text("x")
    (tmp_path / "z.jsonl").write_text('{"_id": "1", "text": "a"}\n{"_id": "1", "text": "b"}\n')
    loaded = list(iter_paths([tmp_path], SETTINGS, below(tmp_path)))
    assert [type(each) for each in loaded] == [RawFile, LoadFailure, RawFile, LoadFailure]
    assert {each.error.code for each in loaded if isinstance(each, LoadFailure)} == {"conflict"}


def test_a_name_that_is_no_text_is_a_failure_that_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "line\nbreak.md").write_text("x")
    (tmp_path / os.fsdecode(b"\xff.md")).write_text("x")
    loaded = list(iter_paths([tmp_path], SETTINGS, below(tmp_path)))
    assert [type(each) for each in loaded] == [LoadFailure, LoadFailure]
    assert all(each.source.encode() for each in loaded)


def test_an_id_that_cannot_be_a_name_is_one_failure(tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text('{"_id": "a\\nb", "text": "x"}\n{"_id": "2", "text": "b"}\n')
    first, second = iter_paths([tmp_path / "all.jsonl"], SETTINGS, below(tmp_path))
    assert isinstance(first, LoadFailure)
    assert second.source == "all.jsonl#2"


def test_what_cannot_be_looked_at_is_told_because_documents_may_lie_there(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.md").write_text("x")
    loading = iter_paths([tmp_path], SETTINGS, below(tmp_path))
    assert next(loading).source == "a/x.md"
    shutil.rmtree(tmp_path / "b")
    (failure,) = loading
    assert isinstance(failure, LoadFailure)
    assert (failure.source, failure.hides) == (str(tmp_path / "b"), True)


def test_what_was_looked_at_and_refused_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_text(" ")
    (failure,) = iter_paths([tmp_path], SETTINGS, below(tmp_path))
    assert isinstance(failure, LoadFailure)
    assert (failure.source, failure.hides) == ("empty.md", False)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "in.md").write_text("x")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "inner.md").symlink_to(folder / "in.md")
    names = {Path(loaded.source).name for loaded in iter_paths([folder], SETTINGS, below(folder))}
    assert "secret.md" not in names
    assert "link.md" not in names


def test_one_bad_file_does_not_end_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no pdf")
    (tmp_path / "b.md").write_text("x")
    first, second = iter_paths([tmp_path], SETTINGS, below(tmp_path))
    assert isinstance(first, LoadFailure)
    assert isinstance(first.error, MistypedFile)
    assert isinstance(second, RawFile)


def test_a_path_that_is_not_there_is_one_failure(tmp_path: Path) -> None:
    (failure,) = iter_paths([tmp_path / "nothing"], SETTINGS, below(tmp_path))
    assert isinstance(failure, LoadFailure)
    assert isinstance(failure.error, NotFound)


def test_each_line_of_records_is_one_document(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text('{"_id": "x", "title": "T", "text": "a"}\n\n{"_id": 2, "text": "b"}\n')
    loaded = list(iter_paths([path], SETTINGS, below(tmp_path)))
    assert [each.source for each in loaded] == ["all.jsonl#x", "all.jsonl#2"]
    assert all(isinstance(each, RawFile) and each.media_type == RECORD for each in loaded)
    assert isinstance(loaded[0], RawFile)
    assert json.loads(loaded[0].content)["title"] == "T"


@pytest.mark.parametrize("line", ["{", "[1]", '{"text": "no id"}', '{"_id": "1"}', '{"_id": "1", "text": 5}'])
def test_a_bad_line_is_one_failure_and_the_next_is_read(tmp_path: Path, line: str) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text(line + '\n{"_id": "2", "text": "b"}\n')
    first, second = iter_paths([path], SETTINGS, below(tmp_path))
    assert isinstance(first, LoadFailure)
    assert first.source == "all.jsonl#line-1"
    assert isinstance(second, RawFile)


def damaged_mimetype() -> dict[str, bytes]:
    """Archives whose first entry cannot be read."""
    sound = zipped({"mimetype": "application/epub+zip" * 3, "a": "b"})
    directory = sound.find(b"PK\x01\x02")
    wrong, locked, unknown = bytearray(sound), bytearray(sound), bytearray(sound)
    wrong[40] ^= 0xFF
    locked[directory + 8] |= 1
    unknown[directory + 10] = 77
    return {"wrong bytes": bytes(wrong), "a password": bytes(locked), "a way of packing": bytes(unknown)}


@pytest.mark.parametrize("damage", damaged_mimetype())
def test_an_archive_that_cannot_be_looked_into_stops_no_others(damage: str, tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(damaged_mimetype()[damage])
    (tmp_path / "b.md").write_text("# Sound")
    loaded = list(iter_paths([tmp_path], SETTINGS, below(tmp_path)))
    assert [type(each) for each in loaded] == [LoadFailure, RawFile]
    assert isinstance(loaded[0], LoadFailure)
    assert isinstance(loaded[0].error, CorruptFile)
