"""Files that are larger inside than outside, locked, cut off or not what they seem."""

import pytest

from ingestion.parse.archive import checked_archive
from service.errors import CorruptFile, EncryptedFile, ExplodingFile, MistypedFile, NestingTooDeep
from service.settings import MIB, ParseSettings
from tests.parse.office import word, zipped

LIMITS = ParseSettings(max_unpacked_bytes=64 * MIB)


def test_a_sound_archive_is_opened() -> None:
    assert "a.xml" in checked_archive(zipped({"a.xml": "<a/>"}), "a.xml", LIMITS).namelist()


def test_an_entry_that_grows_a_thousandfold_is_refused() -> None:
    with pytest.raises(ExplodingFile, match="unpacks"):
        checked_archive(zipped({"a.xml": bytes(32 * MIB)}), "a.xml", LIMITS)


def test_entries_that_are_too_large_together_are_refused() -> None:
    parts = {f"{number}.xml": bytes(15 * MIB) for number in range(5)}
    with pytest.raises(ExplodingFile):
        checked_archive(zipped(parts), "0.xml", LIMITS)


def test_sizes_that_lie_do_not_help() -> None:
    content = bytearray(zipped({"a.xml": bytes(2 * MIB)}))
    directory = content.rfind(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    with pytest.raises((CorruptFile, ExplodingFile)):
        checked_archive(bytes(content), "a.xml", LIMITS.model_copy(update={"max_unpacked_bytes": MIB}))


def test_a_directory_of_endless_entries_is_refused_before_it_is_read() -> None:
    content = bytearray(zipped({"a.xml": "x"}))
    end = content.rfind(b"PK\x05\x06")
    content[end + 10 : end + 12] = (60_000).to_bytes(2, "little")
    with pytest.raises(ExplodingFile, match="directory"):
        checked_archive(bytes(content), "a.xml", LIMITS)


def test_an_archive_within_the_archive_is_refused() -> None:
    with pytest.raises(NestingTooDeep):
        checked_archive(zipped({"a.xml": "x", "inner.zip": zipped({"b": "c"})}), "a.xml", LIMITS)


def test_a_locked_entry_needs_a_password() -> None:
    content = bytearray(zipped({"a.xml": "x"}))
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(EncryptedFile):
        checked_archive(bytes(content), "a.xml", LIMITS)


def test_an_archive_without_the_part_is_mistyped() -> None:
    with pytest.raises(MistypedFile):
        checked_archive(zipped({"other.xml": "x"}), "word/document.xml", LIMITS)


def test_a_file_that_is_cut_off_is_damaged() -> None:
    content = word(lambda document: document.add_paragraph("x"))
    with pytest.raises(CorruptFile):
        checked_archive(content[: len(content) // 2], "word/document.xml", LIMITS)


def test_an_entry_with_wrong_bytes_is_damaged() -> None:
    content = bytearray(zipped({"a.xml": "some text that is compressed somehow"}))
    content[40] ^= 0xFF
    with pytest.raises(CorruptFile):
        checked_archive(bytes(content), "a.xml", LIMITS)
