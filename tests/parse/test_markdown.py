import pytest

from tests.parse.reading import elements, outline, read


def test_headings_lists_and_code_come_out_as_written() -> None:
    prose = "# One\n\nText with *stress* and [a link](http://x.y).\n\n## Two\n\n"
    lists = "- a\n  - b\n\n3. c\n4. d\n\n```py\nif x:\n    y\n```\n"
    assert outline(read("a.md", prose + lists)) == [
        ("title 1", "One"),
        ("paragraph", "Text with stress and a link."),
        ("title 2", "Two"),
        ("list_item", "- a"),
        ("list_item", "- b"),
        ("list_item", "3. c"),
        ("list_item", "4. d"),
        ("code", "if x:\n    y"),
    ]


def test_an_item_knows_how_deep_it_lies() -> None:
    assert [element.level for element in elements(read("a.md", "- a\n  - b\n    - c\n- d"))] == [0, 1, 2, 0]


def test_a_table_comes_as_rows_with_its_header_first() -> None:
    document = read("a.md", "| Part | Price |\n|---|---:|\n| `A-1` | 2 |\n")
    assert elements(document)[0].rows == (("Part", "Price"), ("A-1", "2"))
    assert document.receipt.tables == ((2, 2),)


def test_front_matter_is_metadata_and_no_text() -> None:
    document = read(
        "a.md", "---\ntitle: Leave\ntags: [hr, law]\ndate: 2024-05-01\ndraft: false\n---\nBody.\n"
    )
    assert (document.title, document.text) == ("Leave", "Body.")
    assert document.metadata == {"tags": "hr, law", "date": "2024-05-01", "draft": False}


def test_broken_front_matter_is_left_out_with_a_warning() -> None:
    document = read("a.md", "---\na: [\n---\nBody.\n")
    assert document.text == "Body."
    assert document.receipt.warnings == ("The front matter is not valid YAML and was left out.",)


@pytest.mark.parametrize(
    "text",
    [
        "Seen.\n\n<!-- secret -->\n",
        "Seen. <span style='display:none'>secret</span>\n",
        "Seen.\n\n<div hidden>\n\nsecret\n\n</div>\n",
    ],
    ids=["comment", "inline", "around markdown"],
)
def test_hidden_html_inside_is_left_out_and_counted(text: str) -> None:
    document = read("a.md", text)
    assert document.text == "Seen."
    assert sum(document.receipt.hidden.values()) == len("secret")


def test_the_first_heading_is_the_title_where_none_is_given() -> None:
    assert read("a.md", "intro\n\n## Setup guide\n").title == "Setup guide"
    assert read("no-heading.md", "only text").title == "no-heading"
