"""Old workbooks and messages that ask for more than they hold end in a typed error, and soon."""

from __future__ import annotations

import pytest
from xlrd.book import Book

from service.errors import CorruptFile, ExplodingFile, NestingTooDeep
from tests.parse.compound import ROOT, STORAGE, STREAM, compound, entry, workbook
from tests.parse.reading import elements, read

BODY = "__substg1.0_1000001F"
PROPERTIES = "__properties_version1.0"


def xls(sheets: int, row: int, column: int, **damage: object) -> bytes:
    content = workbook(sheets, row, column)
    size = max(4096, len(content))
    directory = [entry("Root Entry", ROOT, child=1), entry("Workbook", STREAM, start=0, size=size)]
    return compound(directory, content, **damage)  # type: ignore[arg-type]


def msg(size: int, **damage: object) -> bytes:
    directory = [
        entry("Root Entry", ROOT, child=1),
        entry(PROPERTIES, STREAM, start=0, size=4096, right=2),
        entry(BODY, STREAM, start=0, size=size),
    ]
    return compound(directory, bytes(4096), **damage)  # type: ignore[arg-type]


def test_a_workbook_of_the_writer_of_these_tests_is_read() -> None:
    assert "4.5" in elements(read("a.xls", xls(1, 0, 0)))[-1].text


def test_no_sheet_is_read_behind_the_one_with_a_cell_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    whole = Book.get_sheet
    monkeypatch.setattr(Book, "get_sheet", lambda book, at, *more: taken.append(at) or whole(book, at, *more))
    with pytest.raises(ExplodingFile, match="cells"):
        read("a.xls", xls(100, 999, 99), max_cells=250_000)
    assert taken == [0, 1, 2]


def test_a_chain_of_sectors_that_turns_in_a_circle_is_a_damaged_workbook() -> None:
    with pytest.raises(CorruptFile):
        read("a.xls", xls(1, 0, 0, chain=lambda table: table.__setitem__(0, 0)))


@pytest.mark.parametrize("size", [9_000, 2**31], ids=["shared sectors", "more than a file"])
def test_a_message_whose_parts_are_larger_than_itself_is_refused(size: int) -> None:
    with pytest.raises(CorruptFile, match="larger than the file"):
        read("a.msg", msg(size, chain=lambda table: table.__setitem__(0, 0)))


def test_messages_attached_to_messages_a_thousand_deep_are_refused() -> None:
    directory = [entry("Root Entry", ROOT, child=1)]
    for at in range(1, 3001, 3):
        directory += [
            entry(PROPERTIES, STREAM, right=at + 1),
            entry("__attach_version1.0_#00000000", STORAGE, child=at + 2),
            entry("__substg1.0_3701000D", STORAGE, child=at + 3),
        ]
    directory.append(entry(PROPERTIES, STREAM))
    with pytest.raises(NestingTooDeep):
        read("a.msg", compound(directory, b""))
