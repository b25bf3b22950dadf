"""The measure of chunking: scores worked out by hand, and pieces that find their place in the raw file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from eval.chunking.align import locate
from eval.chunking.report import EVERY, measure
from eval.chunking.score import SpanScore, TokenMap, score
from eval.chunking.splitters import Piece, Splitter, by_title, fixed, ours, recursive
from eval.labelled.spans import SpanDataset, SpanQuestion, read
from service.settings import ChunkSettings
from service.types import Encoded
from tests.chunk_documents import tokenize

RAW = "Pumps move water.\n\nHeaters   make it warm. They need 230 V.\n\nA valve closes the line."


class LetterEmbedder:
    """Texts as unit vectors of their letter counts."""

    name = "letters"
    fingerprint = "letters"
    tokens_fingerprint = ""
    dimension = 26
    max_tokens = 256
    tokenizer_file = Path("none")

    def embed_query(self, text: str) -> Encoded:
        counts = np.array([text.lower().count(chr(97 + place)) for place in range(26)], dtype=np.float32)
        return Encoded(counts / max(float(np.linalg.norm(counts)), 1.0))

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.embed_query(text).dense for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> list[Encoded]:
        return [self.embed_query(text) for text in texts]


def numbered(count: int) -> dict[str, TokenMap]:
    """A corpus in which each character is a token."""
    return {"a": TokenMap((place, place + 1) for place in range(count)), "b": TokenMap([(0, 1), (1, 2)])}


def piece(start: int, end: int, corpus: str = "a") -> Piece:
    return Piece(corpus, start, end, "")


def test_the_three_measures_of_a_partial_hit() -> None:
    # gold 10..20, retrieved 15..25 and 40..50: 5 of 10 found, 20 retrieved, union 25
    found = score([piece(15, 25), piece(40, 50)], "a", [(10, 20)], numbered(100))
    assert found == SpanScore(recall=0.5, precision=0.25, iou=0.2, tokens=20)


def test_a_token_retrieved_twice_counts_twice_against_precision() -> None:
    found = score([piece(10, 20), piece(10, 20)], "a", [(10, 20)], numbered(100))
    assert (found.recall, found.precision, found.iou) == (1.0, 0.5, 0.5)


def test_a_piece_of_another_corpus_is_retrieved_in_vain() -> None:
    found = score([piece(0, 2, "b"), piece(0, 2)], "a", [(0, 2)], numbered(100))
    assert (found.recall, found.precision) == (1.0, 0.5)


def test_a_budget_reads_the_last_piece_in_part() -> None:
    found = score([piece(0, 10), piece(10, 30), piece(30, 40)], "a", [(10, 20)], numbered(100), budget=15)
    assert (found.recall, found.tokens) == (0.5, 15)


def test_texts_with_other_spacing_find_their_place() -> None:
    first, second = locate(RAW, ["Pumps move water.", "Heaters make it warm. They need 230 V."])
    assert first is not None
    assert second is not None
    assert RAW[slice(*first)] == "Pumps move water."
    assert RAW[slice(*second)] == "Heaters   make it warm. They need 230 V."


def test_words_that_the_parser_dropped_do_not_shift_what_follows() -> None:
    (found,) = locate(
        "Senjo no <unk> Chronicles were sold in Japan.", ["Senjo no Chronicles were sold in Japan."]
    )
    assert found == (0, 45)


def test_a_text_that_is_not_in_the_file_has_no_place() -> None:
    assert locate("Pumps move water.", ["Pumps move water.", "Page"])[1] is None


def test_fixed_windows_overlap_by_what_was_asked() -> None:
    made = fixed(4, 1, tokenize)("a", "one two three four five six seven")
    assert [one.indexed for one in made] == ["one two three four", "four five six seven"]


@pytest.mark.parametrize("splitter", [recursive(30), ours(ChunkSettings(), tokenize), by_title(40)])
def test_the_pieces_of_every_method_hold_the_words_at_their_place(splitter: Splitter) -> None:
    made = splitter("a", RAW)
    words = [word for one in made for word in RAW[one.start : one.end].replace(".", "").split()]
    assert words == RAW.replace(".", "").split()


def test_a_dataset_whose_excerpts_are_out_of_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "a.md").write_text("Pumps move water.")
    reference = json.dumps([{"content": "water", "start_index": 3, "end_index": 8}]).replace('"', '""')
    (tmp_path / "questions_df.csv").write_text(f'question,references,corpus_id\nWhat?,"{reference}",a\n')
    with pytest.raises(ValueError, match="not in a at 3"):
        read(tmp_path)


def test_offsets_count_line_ends_as_the_file_has_them(tmp_path: Path) -> None:
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "a.md").write_bytes(b"One\r\ntwo")
    reference = json.dumps([{"content": "two", "start_index": 5, "end_index": 8}]).replace('"', '""')
    (tmp_path / "questions_df.csv").write_text(f'question,references,corpus_id\nWhat?,"{reference}",a\n')
    assert read(tmp_path).questions[0].gold == ((5, 8),)


def test_every_method_is_measured_on_every_corpus_and_on_all() -> None:
    gold = RAW.index("A valve"), len(RAW)
    dataset = SpanDataset(
        {"a": RAW, "b": "Nothing of the kind."},
        (
            SpanQuestion("Which valve closes the line?", "a", (gold,)),
            SpanQuestion("Nothing?", "b", ((0, 7),)),
        ),
    )
    methods = {"ours": ours(ChunkSettings(), tokenize), "recursive": recursive(30)}
    results, cases = measure(methods, dataset, LetterEmbedder(), tokenize)
    assert [(one.method, one.corpus) for one in results] == [
        (method, corpus) for method in methods for corpus in (EVERY, "a", "b")
    ]
    assert all(one.top.recall == 1.0 for one in results)
    assert [(one.method, one.question) for one in cases] == [
        (method, one.text) for method in methods for one in dataset.questions
    ]
