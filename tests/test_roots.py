"""What documents are called: by the folder that was read in, and never two by one name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.roots import Roots, remembered
from service.errors import Conflict, InvalidInput


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("handbook/values.md", "handbook/policies/travel.md", "other/handbook/values.md", "note.md"):
        file = tmp_path / "home" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    return (tmp_path / "home").resolve()


def empty(*, in_use: bool = True) -> Roots:
    return Roots({}, lambda _: in_use)


def test_a_folder_names_its_documents_by_its_own_name(home: Path) -> None:
    roots = empty()
    assert roots.add(home / "handbook") == "handbook"
    assert roots.source_of(home / "handbook" / "policies" / "travel.md") == "handbook/policies/travel.md"


def test_another_name_can_be_given(home: Path) -> None:
    roots = empty()
    roots.add(home / "handbook", "rules")
    assert roots.source_of(home / "handbook" / "values.md") == "rules/values.md"


def test_a_file_is_called_the_same_by_itself_and_with_its_folder(home: Path) -> None:
    roots = empty()
    assert roots.add(home / "handbook" / "values.md") == "handbook/values.md"
    roots.add(home / "handbook")
    assert roots.source_of(home / "handbook" / "values.md") == "handbook/values.md"


@pytest.mark.parametrize("part", ["policies", "policies/travel.md"])
def test_a_part_of_a_folder_that_is_known_keeps_that_folder_s_name(home: Path, part: str) -> None:
    roots = empty()
    roots.add(home / "handbook")
    assert roots.add(home / "handbook" / part) == f"handbook/{part}"


def test_a_file_does_not_name_the_folders_beside_it(home: Path) -> None:
    roots = empty()
    assert roots.add(home / "note.md") == "home/note.md"
    assert roots.add(home / "handbook") == "handbook"


def test_what_was_read_in_before_the_folder_around_it_keeps_its_name(home: Path) -> None:
    roots = empty()
    roots.add(home / "handbook")
    roots.add(home)
    assert roots.source_of(home / "handbook" / "values.md") == "handbook/values.md"
    assert roots.source_of(home / "note.md") == "home/note.md"


@pytest.mark.parametrize("second", ["other/handbook", "other/handbook/values.md"])
def test_two_folders_of_one_name_never_replace_each_other(home: Path, second: str) -> None:
    roots = empty()
    roots.add(home / "handbook")
    with pytest.raises(Conflict) as caught:
        roots.add(home / second)
    assert str(home / "handbook") in str(caught.value)
    assert "--as" in caught.value.hint
    assert roots.add(home / second, "second").startswith("second")


def test_a_folder_that_has_moved_takes_its_name_along(home: Path) -> None:
    roots = empty()
    roots.add(home / "handbook")
    moved = (home / "handbook").rename(home / "other" / "new")
    assert roots.add(moved, "handbook") == "handbook"


def test_a_name_without_documents_is_free(home: Path) -> None:
    roots = empty(in_use=False)
    roots.add(home / "handbook")
    assert roots.add(home / "other" / "handbook") == "handbook"


def test_a_folder_has_one_name(home: Path) -> None:
    roots = empty()
    roots.add(home / "handbook")
    for path in ("handbook", "handbook/policies"):
        with pytest.raises(Conflict, match="handbook/…"):
            roots.add(home / path, "rules")


@pytest.mark.parametrize("name", ["a/b", ".", "..", " a", "x" * 1001, "a\nb"])
def test_a_name_that_cannot_begin_a_source_is_refused(home: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        empty().add(home / "handbook", name)


def test_the_top_of_the_file_system_has_no_name_of_its_own() -> None:
    with pytest.raises(InvalidInput) as caught:
        empty().add(Path("/"))
    assert "--as" in caught.value.hint


def test_a_link_to_a_folder_gives_the_name_as_it_was_typed(home: Path) -> None:
    (home / "manual").symlink_to(home / "handbook")
    roots = empty()
    assert roots.add(home / "manual") == "manual"
    assert roots.source_of(home / "handbook" / "values.md") == "manual/values.md"
    assert roots.add(home / "handbook") == "manual"  # it is the same folder


def test_roots_are_remembered_unless_they_are_only_looked_at(home: Path, tmp_path: Path) -> None:
    for name, keep in (("handbook", True), ("other", False)):
        with remembered(tmp_path, lambda _: True, keep=keep) as roots:
            roots.add(home / name)
    with remembered(tmp_path, lambda _: True) as roots:
        assert roots.source_of(home / "handbook" / "values.md") == "handbook/values.md"
        assert set(roots.roots) == {"handbook"}
