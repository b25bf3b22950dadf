"""Sections, tables, lists and code keep their form."""

from __future__ import annotations

from tests.chunk_documents import chunks, code, count, document, item, paragraph, sentences, table, title

ROWS = [("Part", "Weight in kg"), *((f"P-{number}", f"{number}.5") for number in range(30))]


def test_a_chunk_never_crosses_a_section() -> None:
    found = chunks(title("A"), paragraph("One."), title("B"), paragraph("Two."))
    assert [one.text for one in found] == ["One.", "Two."]


def test_the_heading_path_follows_the_levels() -> None:
    found = chunks(
        title("Guide"),
        title("Install", 2),
        paragraph("Run it."),
        title("Linux", 3),
        paragraph("Use apt."),
        title("Use", 2),
        paragraph("Ask."),
    )
    assert [one.heading_path for one in found] == [
        ("Guide", "Install"),
        ("Guide", "Install", "Linux"),
        ("Guide", "Use"),
    ]


def test_a_heading_above_others_is_no_chunk_but_is_in_their_paths() -> None:
    (only,) = chunks(title("Handbook"), title("Leave", 2), paragraph("28 days."))
    assert only.indexed_text == "Handbook > Leave\n28 days."


def test_a_heading_with_nothing_below_it_can_still_be_found() -> None:
    found = chunks(
        title("Guide"), paragraph("Intro."), title("To be written", 2), title("Use", 2), paragraph("Ask.")
    )
    assert [(one.heading_path, one.text) for one in found] == [
        (("Guide",), "Intro.\n\nTo be written"),
        (("Guide", "Use"), "Ask."),
    ]


def test_a_skipped_level_keeps_the_path() -> None:
    (only,) = chunks(title("One", 1), title("Three", 3), paragraph("Text."))
    assert only.heading_path == ("One", "Three")


def test_a_section_spans_from_its_heading_to_the_next() -> None:
    elements = (title("A"), paragraph(sentences(8)), title("B"), paragraph("Two."))
    text = document(*elements).text
    found = chunks(*elements)
    assert {text[slice(*one.section)] for one in found} == {f"A\n\n{sentences(8)}", "B\n\nTwo."}


def test_text_before_the_first_heading_is_a_section_without_a_path() -> None:
    first, _ = chunks(paragraph("Preface."), title("A"), paragraph("One."))
    assert (first.heading_path, first.section) == ((), (0, 8))


def test_line_breaks_in_a_heading_do_not_reach_the_path() -> None:
    (only,) = chunks(title("A heading\nin two lines"), paragraph("One."))
    assert only.heading_path == ("A heading in two lines",)


def test_an_endless_heading_leaves_room_for_the_text() -> None:
    found = chunks(title("word " * 200), paragraph(sentences(12)), most=60)
    assert all(count(one.indexed_text) <= 60 for one in found)
    assert all(one.heading_path[0].startswith("word word") for one in found)


def test_of_a_path_too_long_the_innermost_headings_are_kept() -> None:
    deep = [title(f"Heading number {level} of a deep path", level) for level in range(1, 7)]
    (only,) = chunks(*deep, paragraph("Text."), most=60)
    assert only.heading_path == ("Heading number 5 of a deep path", "Heading number 6 of a deep path")


def test_a_table_keeps_its_header_on_every_piece() -> None:
    first, *others = chunks(table(*ROWS), most=60, target=50)
    assert first.header == ""
    assert first.text.startswith("| Part | Weight in kg |")
    assert len(others) > 1
    assert all(one.header == "| Part | Weight in kg |" for one in others)


def test_the_repeated_header_is_indexed_but_not_quoted() -> None:
    second = chunks(table(*ROWS), most=60, target=50)[1]
    assert second.indexed_text.startswith("| Part | Weight in kg |\n| P-")
    assert "Weight" not in second.text


def test_the_rows_of_a_table_stay_whole() -> None:
    found = chunks(table(*ROWS), most=60, target=50)
    lines = [line for one in found for line in one.text.split("\n")]
    assert lines[2:] == [f"| {part} | {weight} |" for part, weight in ROWS[1:]]


def test_a_header_is_never_alone_in_a_piece() -> None:
    first = chunks(paragraph(sentences(3)), table(*ROWS), most=60, target=30)
    assert all("P-" in one.text for one in first if "Weight" in one.text)


def test_a_table_that_fits_is_not_cut() -> None:
    found = chunks(paragraph(sentences(4)), table(*ROWS[:5]), paragraph(sentences(4)), most=60, target=30)
    assert sum("| P-" in one.text for one in found) == 1


def test_text_after_the_last_rows_may_share_their_piece_and_header() -> None:
    found = chunks(table(*ROWS), paragraph("All weights are net."), most=60, target=50)
    assert found[-1].header == "| Part | Weight in kg |"
    assert found[-1].text.endswith("All weights are net.")


def test_a_row_longer_than_a_chunk_is_cut_between_cells_and_keeps_the_header() -> None:
    cells = [" ".join(f"c{cell}w{word}" for word in range(18)) for cell in range(4)]
    found = chunks(table(("Name", "Text", "Note", "End"), ("a", "b", "c", "d"), cells), most=40, target=40)
    assert all(count(one.indexed_text) <= 40 for one in found)
    assert all(one.header == "| Name | Text | Note | End |" for one in found[1:])
    assert sum(cell in one.text for cell in cells for one in found) == 4


def test_an_endless_header_leaves_room_for_the_rows() -> None:
    header = [f"column{number}" for number in range(60)]
    found = chunks(table(header, ["1"] * 60, ["2"] * 60), most=60, target=50)
    assert all(count(one.indexed_text) <= 60 for one in found)
    assert "".join(one.text for one in found).count("column") == 60


def test_a_list_that_fits_is_kept_whole() -> None:
    items = [item(f"- step {number}: turn the valve") for number in range(4)]
    found = chunks(paragraph(sentences(4)), *items, paragraph(sentences(4)), most=60, target=30)
    assert sum("- step" in one.text for one in found) == 1


def test_a_long_list_is_cut_between_its_items() -> None:
    items = [item(f"- Step {number}. Turn the valve. Wait a minute.") for number in range(12)]
    found = chunks(*items, most=45, target=30)
    assert len(found) > 2
    assert all(one.text.startswith("- Step") and one.text.endswith("minute.") for one in found)


def test_code_that_fits_is_kept_whole_with_its_indentation() -> None:
    source = "    if a:\n        b()\n\n    return c"
    found = chunks(paragraph(sentences(4)), code(source), paragraph(sentences(4)), most=60, target=30)
    assert any(source in one.text for one in found)


def test_long_code_is_cut_between_lines_rather_at_blank_ones() -> None:
    blocks = [f"def f{number}(a):\n    b = a\n    return b" for number in range(10)]
    found = chunks(code("\n\n".join(blocks)), most=45, target=30)
    assert len(found) > 2
    assert all(one.text.startswith("def") for one in found)
