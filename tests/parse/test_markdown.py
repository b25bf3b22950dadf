import pytest

from service.errors import LimitExceeded, NestingTooDeep
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


@pytest.mark.parametrize(
    "text",
    [
        "Run deploy --target <name> --region <region>.",
        "Values with a <b are kept for 14 days.",
        "A Map<String, List<String>> or an Optional<Integer> holds it.",
        "Close it with </name> or </key-id/>.",
        "Copy <source> to <output>, label <title> and <time>.",
        '<name key="value"> stands in the file.',
    ],
)
def test_what_stands_in_angle_brackets_and_is_no_html_is_text(text: str) -> None:
    assert read("a.md", text).text == text
    assert read("a.md", f"- {text}\n").text == f"- {text}"


def test_a_line_that_is_only_a_name_in_angle_brackets_is_a_paragraph() -> None:
    assert outline(read("a.md", "Call it with\n\n<user-id>\nand a **key**.\n\n</user-id>\n")) == [
        ("paragraph", "Call it with"),
        ("paragraph", "<user-id> and a key."),
        ("paragraph", "</user-id>"),
    ]


def test_names_in_angle_brackets_inside_html_are_text() -> None:
    table = "<table><tr><th>Key</th><td>Map<String,int> of <name>, a <b as it is</td></tr></table>\n"
    rows = elements(read("a.md", table + "\n<div align=left>\nUse <name>.\n</div>\n"))
    assert rows[0].rows == (("Key", "Map<String,int> of <name>, a <b as it is"),)
    assert rows[1].text == "Use <name>."


def test_a_table_that_nothing_closes_is_a_table() -> None:
    assert elements(read("a.md", "<table>\n<tr><td>a<td>b\n"))[0].rows == (("a", "b"),)


def test_html_stays_markup() -> None:
    line = "H<sub>2</sub>O<br>and <b>iron</b><br/>x<img src='a' alt='a < b > c'><!-- note -->"
    document = read("a.md", f"{line}\n\n<hr>\n\n<p>end\n")
    assert document.text == "H2O\nand iron\nx a < b > c\n\nend"
    assert document.receipt.hidden == {"comment": 4}


def test_components_of_mdx_are_no_text() -> None:
    assert outline(read("a.mdx", "<Tabs>\n\nBody <Badge kind='x' />.\n\n</Tabs>\n")) == [
        ("paragraph", "Body .")
    ]


def test_more_brackets_than_can_be_followed_in_time_are_refused_by_name() -> None:
    with pytest.raises(LimitExceeded) as caught:
        read("a.md", "[" * 11, max_brackets=10)
    assert "parse.max_brackets" in caught.value.hint


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "Raises {class}`attrs.exceptions.FrozenInstanceError` then.",
            "Raises attrs.exceptions.FrozenInstanceError then.",
        ),
        ("{term}`Slotted classes <slotted classes>` are fast.", "Slotted classes are fast."),
        ("See {py:func}`~attrs.field`.", "See attrs.field."),
        ("Write {name}`x` and {class} alone.", "Write {name}x and {class} alone."),
        ("`{class}` is a role.", "{class} is a role."),
        ("List {term}`a < b` as is.", "List a < b as is."),
    ],
)
def test_a_role_of_sphinx_documents_is_what_it_shows(written: str, shown: str) -> None:
    assert read("a.md", written).text == shown


def test_an_alias_of_a_value_in_front_matter_is_that_value() -> None:
    document = read("a.md", "---\nauthor: &who Ann Example\nowner: *who\nreaders: [*who, Bob]\n---\nText")
    assert document.metadata == {
        "author": "Ann Example",
        "owner": "Ann Example",
        "readers": "Ann Example, Bob",
    }


def test_aliases_of_a_long_value_that_stand_for_much_text_are_left_out_and_told_of() -> None:
    matter = f"long: &a {'x' * 1000}\nmuch: [{', '.join(['*a'] * 100)}]"
    document = read("a.md", f"---\n{matter}\n---\nText")
    assert (document.text, document.metadata) == ("Text", {})
    assert "front matter" in document.receipt.warnings[0]


def test_front_matter_that_stands_for_endless_text_is_left_out_and_told_of() -> None:
    lists = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    document = read("a.md", "\n".join(["---", "author: Ann", *lists, "---", "Text."]))
    assert (document.text, dict(document.metadata)) == ("Text.", {})
    assert "front matter" in document.receipt.warnings[0]


def test_a_list_of_thirty_levels_is_read_to_its_end() -> None:
    source = "".join(f"{'  ' * level}- item {level}\n" for level in range(30))
    assert read("a.md", source).text.endswith("- item 29")


def test_blocks_that_nest_beyond_what_is_read_are_refused_and_not_lost() -> None:
    with pytest.raises(NestingTooDeep, match="100 levels"):
        read("a.md", ">" * 100_000 + " x")
