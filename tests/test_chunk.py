"""What a chunk is: its size, its borders, its fields, its id."""

from __future__ import annotations

from ingestion.chunk import chunk
from ingestion.types import PageReceipt
from service.settings import ChunkSettings
from tests.chunk_documents import (
    chunks,
    code,
    count,
    document,
    item,
    paragraph,
    sentences,
    table,
    title,
    tokenize,
)


def test_a_short_document_is_one_chunk() -> None:
    (only,) = chunks(title("Leave"), paragraph("Everyone has 28 days."))
    assert only.text == "Everyone has 28 days."
    assert only.heading_path == ("Leave",)
    assert only.ordinal == 0


def test_a_chunk_is_quoted_exactly_as_it_stands_in_the_document() -> None:
    elements = (title("A"), paragraph(sentences(9)), item("- one"), item("- two"), code("  x = 1\n\n  y = 2"))
    text = document(*elements).text
    assert all(text[one.start : one.end] == one.text for one in chunks(*elements))


def test_long_text_is_cut_between_sentences() -> None:
    found = chunks(paragraph(sentences(12)))
    assert len(found) > 1
    assert all(one.text.startswith("Sentence") and one.text.endswith(".") for one in found)


def test_pieces_are_balanced_rather_than_full_with_a_small_rest() -> None:
    # 45 tokens: full pieces would be 36 and 9
    sizes = [count(one.text) for one in chunks(paragraph(sentences(5)), most=40, target=40)]
    assert sorted(sizes) == [18, 27]


def test_a_small_last_sentence_joins_the_piece_before_it() -> None:
    found = chunks(paragraph(sentences(4) + " It ends."), most=40, target=36, least=8)
    assert all(count(one.text) >= 8 for one in found)


def test_a_paragraph_is_preferred_to_a_sentence_as_the_place_to_cut() -> None:
    first, second = sentences(3), sentences(4).replace("w", "v")
    found = chunks(paragraph(first), paragraph(second), most=50, target=30)
    assert [one.text for one in found] == [first, second]


def test_a_change_of_words_is_where_a_long_paragraph_is_cut() -> None:
    cats = "Cats purr at night. Grey cats purr softly. Cats and kittens purr. "
    tax = "Income tax rises yearly. Tax on income funds schools. No income, no tax. Tax offices tax income."
    first, second = chunks(paragraph(cats + tax), most=36, target=22)
    assert first.text == cats.strip()
    assert second.text == tax


def test_size_counts_the_headings_that_are_indexed_with_the_text() -> None:
    found = chunks(
        title("A heading of exactly seven words here"), paragraph(sentences(12)), most=40, target=40
    )
    assert all(count(one.indexed_text) <= 40 for one in found)


def test_a_sentence_longer_than_a_chunk_is_cut_at_its_clauses() -> None:
    clauses = [" ".join(f"c{number}w{word}" for word in range(20)) for number in range(3)]
    found = chunks(paragraph("; ".join(clauses) + "."), most=30, target=30)
    assert [one.text for one in found] == [f"{clauses[0]};", f"{clauses[1]};", f"{clauses[2]}."]


def test_words_without_any_punctuation_are_cut_between_words() -> None:
    words = [f"word{number}" for number in range(100)]
    found = chunks(paragraph(" ".join(words)), most=30, target=30)
    assert [word for one in found for word in one.text.split()] == words
    assert all(count(one.text) <= 30 for one in found)


def test_a_word_without_end_is_cut_although_the_tokenizer_counts_it_once() -> None:
    found = chunks(paragraph("x" * 5000), most=40)
    assert "".join(one.text for one in found) == "x" * 5000
    assert max(len(one.text) for one in found) <= 40 * 16


def test_text_without_spaces_is_cut_after_its_own_commas() -> None:
    def characters(text: str) -> list[tuple[int, int]]:
        return [(place, place + 1) for place in range(len(text))]

    made = chunk(
        document(paragraph("長い文章です、" * 20), language="ja"),
        tenant="t",
        document_id="d",
        settings=ChunkSettings(max_tokens=30, target_tokens=30, min_tokens=5),
        tokenize=characters,
    )
    assert all(len(one.text) <= 30 and one.text.endswith("、") for one in made)


def test_a_chunk_knows_page_kinds_and_language() -> None:
    parsed = document(paragraph("On page two:", page=2), item("- first"), language="de")
    (only,) = chunk(parsed, tenant="t", document_id="d", settings=ChunkSettings(), tokenize=tokenize)
    assert (only.page, only.kinds, only.language) == (2, ("paragraph", "list_item"), "de")


def test_a_chunk_that_touches_a_badly_read_page_says_so() -> None:
    pages = [PageReceipt(1, 500), PageReceipt(2, 300, ocr_confidence=31.0, poor=True)]
    parsed = document(title("A"), paragraph("Clear.", 1), title("B"), paragraph("Smeared.", 2), pages=pages)
    made = chunk(parsed, tenant="t", document_id="d", settings=ChunkSettings(), tokenize=tokenize)
    assert [one.poor for one in made] == [False, True]


def test_a_chunk_keeps_its_id_when_it_moves() -> None:
    before = chunks(title("Kept"), paragraph("The same text."))
    after = chunks(title("New"), paragraph("Something before."), title("Kept"), paragraph("The same text."))
    assert after[1].id == before[0].id
    assert after[1].start != before[0].start


def test_a_chunk_gets_another_id_when_its_heading_changes() -> None:
    (before,) = chunks(title("Policy 2024"), paragraph("28 days."))
    (after,) = chunks(title("Policy 2025"), paragraph("28 days."))
    assert before.id != after.id


def test_exact_repeats_in_one_document_have_ids_of_their_own() -> None:
    repeated = (title("Note"), paragraph("See above."))
    found = chunks(*repeated, *repeated, *repeated)
    assert len({one.id for one in found}) == 3
    assert found[0].id == chunks(*repeated)[0].id


def test_ids_of_two_tenants_and_of_two_documents_differ() -> None:
    def only(tenant: str, document_id: str) -> str:
        parsed = document(paragraph("The same text."))
        return chunk(
            parsed, tenant=tenant, document_id=document_id, settings=ChunkSettings(), tokenize=tokenize
        )[0].id

    assert len({only("a", "bc"), only("ab", "c"), only("a", "c"), only("b", "c")}) == 4


def test_an_edit_leaves_the_chunks_of_other_sections_alone() -> None:
    sections = [(title(f"Section {number}"), paragraph(sentences(12))) for number in range(6)]
    before = chunks(*(element for section in sections for element in section))
    sections[2] = (sections[2][0], paragraph("A new first sentence. " + sentences(12)))
    after = chunks(*(element for section in sections for element in section))
    changed = {one.id for one in before} ^ {one.id for one in after}
    by_id = {one.id: one for one in (*before, *after)}
    assert {by_id[chunk_id].heading_path for chunk_id in changed} == {("Section 2",)}


def test_an_edit_in_a_long_section_changes_only_the_chunks_around_it() -> None:
    text = sentences(200)
    before = {one.id for one in chunks(paragraph(text))}
    after = {one.id for one in chunks(paragraph(text.replace("w100x1", "w100x1 inserted words here")))}
    assert len(before) > 60
    assert len(before - after) <= 10


def test_a_document_of_headings_alone_has_them_as_its_chunk() -> None:
    (only,) = chunks(title("First slide"), title("Second slide"))
    assert only.text == "First slide\n\nSecond slide"
    assert only.kinds == ("title",)


def test_a_table_and_the_sentence_that_introduces_it_stay_together() -> None:
    rows = [("Code", "Meaning"), ("E1", "no water"), ("E2", "no heat")]
    before, introduced = chunks(
        paragraph(sentences(3)), paragraph("The codes are:"), table(*rows), most=45, target=40
    )
    assert before.text == sentences(3)
    assert introduced.text.startswith("The codes are:")
