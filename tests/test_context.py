"""Context: what the generator reads around the hits."""

from __future__ import annotations

import pytest

from service import context
from service.settings import ContextSettings
from service.types import Context, Hit
from tests.answering import a_hit, count_tokens

SECTION = (
    "Alpha one is first. Beta two is second. Gamma three is third. "
    "Delta four is fourth. Epsilon five is last."
)
OFFSET = 500
WORDS_A_SENTENCE = 4


def in_section(sentence: str, id: str = "c1") -> Hit:
    """A hit for one sentence of SECTION, which begins at OFFSET in its document."""
    start = OFFSET + SECTION.index(sentence)
    return a_hit(sentence, id=id, start=start, section=(OFFSET, OFFSET + len(SECTION)))


def build(*hits: Hit, **settings: object) -> Context:
    windows = {hit.chunk.id: (OFFSET, SECTION) for hit in hits if hit.chunk.section[0] == OFFSET}
    return context.build(hits, windows, ContextSettings.model_validate(settings), count_tokens)


def texts(built: Context) -> list[str]:
    return [passage.text for passage in built.passages]


def test_a_hit_is_read_with_its_whole_section_when_that_fits() -> None:
    assert texts(build(in_section("Gamma three is third."))) == [SECTION]


def test_a_section_that_is_too_long_is_cut_at_sentences_around_the_hit() -> None:
    built = build(in_section("Gamma three is third."), max_passage_tokens=3 * WORDS_A_SENTENCE)
    assert texts(built) == ["Beta two is second. Gamma three is third. Delta four is fourth."]


def test_a_passage_is_exactly_its_span_of_the_document() -> None:
    document = "x" * OFFSET + SECTION
    (passage,) = build(in_section("Gamma three is third."), max_passage_tokens=9).passages
    assert passage.text == document[passage.start : passage.end]


def test_a_hit_without_a_window_is_read_alone() -> None:
    assert texts(context.build([a_hit("Alone.")], {}, ContextSettings(), count_tokens)) == ["Alone."]


def test_a_window_that_does_not_hold_the_hit_is_not_trusted() -> None:
    built = context.build([a_hit("Alone.")], {"c1": (0, "Other text.")}, ContextSettings(), count_tokens)
    assert texts(built) == ["Alone."]


def test_a_sentence_that_the_window_cuts_off_is_not_read() -> None:
    hit = in_section("Gamma three is third.")
    window = (OFFSET + 6, SECTION[6:-6])
    (passage,) = context.build([hit], {"c1": window}, ContextSettings(), count_tokens).passages
    assert passage.text == "Beta two is second. Gamma three is third. Delta four is fourth."


def test_two_hits_of_one_section_become_one_passage() -> None:
    first, second = in_section("Gamma three is third.", "c1"), in_section("Delta four is fourth.", "c2")
    (passage,) = build(first, second).passages
    assert [hit.chunk.id for hit in passage.hits] == ["c1", "c2"]


def test_no_text_is_counted_twice() -> None:
    counted: list[str] = []

    def counting(text: str) -> int:
        counted.append(text)
        return count_tokens(text)

    hits = [in_section("Gamma three is third.", "c1"), in_section("Delta four is fourth.", "c2")]
    windows = {hit.chunk.id: (OFFSET, SECTION) for hit in hits}
    context.build(hits, windows, ContextSettings(max_passage_tokens=3 * WORDS_A_SENTENCE), counting)
    assert len(counted) == len(set(counted))


def test_touching_passages_that_are_too_long_together_stay_apart_and_share_nothing() -> None:
    first, second = in_section("Alpha one is first.", "c1"), in_section("Epsilon five is last.", "c2")
    built = build(first, second, max_passage_tokens=3 * WORDS_A_SENTENCE)
    one, other = sorted(built.passages, key=lambda passage: passage.start)
    assert one.end <= other.start
    assert built.dropped == 0


def test_a_near_copy_is_read_once() -> None:
    text = "The quick brown fox jumps over the lazy dog while the old cat sleeps near the warm stove"
    built = build(a_hit(f"{text}."), a_hit(f"{text}!", id="c2", document="d2"))
    assert [passage.document.id for passage in built.passages] == ["d1"]
    assert built.dropped == 1


@pytest.mark.parametrize(
    ("one", "other"), [("20 days", "25 days"), ("May 2023", "May 2024"), ("some", "not")]
)
def test_copies_that_disagree_on_a_fact_are_both_read(one: str, other: str) -> None:
    text = "Staff may carry over {} of leave into the next year if their manager agrees in writing"
    hits = a_hit(text.format(one)), a_hit(text.format(other), id="c2", document="d2")
    assert len(build(*hits, near_duplicate=0.5).passages) == 2


def test_the_same_text_under_another_code_is_not_a_copy() -> None:
    text = "Drain the tank before you open the cover."
    hits = a_hit(text, headings=("PX-100",)), a_hit(text, id="c2", document="d2", headings=("PX-200",))
    assert len(build(*hits).passages) == 2


def test_the_best_passages_stand_first_and_last() -> None:
    hits = [
        a_hit(f"Topic {word} alone.", id=word, document=word)
        for word in ("best", "second", "third", "fourth")
    ]
    built = build(*hits)
    assert [passage.document.id for passage in built.passages] == ["best", "third", "fourth", "second"]
    assert [passage.n for passage in built.passages] == [1, 2, 3, 4]


def test_the_budget_of_tokens_holds_and_what_it_leaves_out_is_counted() -> None:
    hits = [
        a_hit(f"Topic {word} alone.", id=word, document=word)
        for word in ("best", "second", "third", "fourth")
    ]
    built = build(*hits, max_tokens=7)
    assert (built.tokens, len(built.passages), built.dropped) == (6, 2, 2)


def test_a_passage_that_does_not_fit_whole_is_read_as_its_hit_alone() -> None:
    assert texts(build(in_section("Gamma three is third."), max_tokens=5)) == ["Gamma three is third."]


def test_no_hits_give_an_empty_context() -> None:
    assert build() == Context((), 0)


def test_what_is_left_out_is_named_with_the_reason() -> None:
    text = "The quick brown fox jumps over the lazy dog while the old cat sleeps near the warm stove"
    hits = [
        a_hit(f"{text}."),
        a_hit(f"{text}!", id="c2", document="d2"),
        a_hit("Topic two alone.", id="c3", document="d3"),
    ]
    built = build(*hits, max_tokens=18)
    assert [(one.chunk_id, one.why) for one in built.left_out] == [("c2", "duplicate"), ("c3", "budget")]


def test_the_outline_says_which_hits_each_passage_is_made_of() -> None:
    first, second = in_section("Gamma three is third.", "c1"), in_section("Delta four is fourth.", "c2")
    (passage,) = build(first, second).outline().passages
    assert (passage.n, passage.document_id, passage.chunk_ids) == (1, "d1", ("c1", "c2"))
    assert (passage.start, passage.end) == (OFFSET, OFFSET + len(SECTION))
