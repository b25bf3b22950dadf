"""Support: what the shipped models are, and how their trees are read."""

from __future__ import annotations

import json
from math import exp

import pytest

from service.cite.alignment import align, changes_denial, changes_name, changes_value, loses_value
from service.cite.claims import Claim, Comparison
from service.cite.read_passage import read
from service.cite.support import Judge, meaning_of
from service.learned import SUPPORT, shipped_file
from service.learned.trees import Classifier, Trees
from service.text.words import word_spans
from service.types import Encoded
from tests.answering import a_passage, encode

SHIPPED = shipped_file(SUPPORT, "")


def aligned(claim: str, unit: str):  # type: ignore[no-untyped-def]
    said, known = ([token.group() for token in word_spans(text)] for text in (claim, unit))
    return align(said, known, "en")


def test_a_classifier_adds_its_trees_up_to_a_probability_and_survives_its_file() -> None:
    split = {"split_feature": 0, "threshold": 0.5, "left_child": {"leaf_value": -2.0}}
    tree = {"tree_structure": split | {"right_child": {"leaf_value": 2.0}}}
    found = Classifier(("recall",), -4.0, Trees.from_lightgbm([tree, tree]))
    again = Classifier.from_json(json.loads(json.dumps(found.to_json())))
    for one in (found, again):
        assert one.probability({"recall": 0.9, "other": 3.0}) == 0.5
        assert one.probability({"recall": 0.5}) == pytest.approx(1 / (1 + exp(8)))


def test_the_shipped_models_read_as_they_are_written() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert json.loads(Judge.from_json(text).to_json()) == json.loads(text)


@pytest.mark.parametrize(("bias", "looked"), [(0.0, 2), (3.0, 0), (-3.0, 0)])
def test_meaning_is_looked_at_in_doubt_only(bias: float, looked: int) -> None:
    encoded: list[str] = []

    def counting(text: str) -> Encoded:
        encoded.append(text)
        return encode(text)

    none = Trees.from_lightgbm([])
    judge = Judge(Classifier((), bias, none), Classifier(("cosine",), 1.0, none), (0.1, 0.9), "")
    compared = Comparison(
        Claim("The seal is red.", "en"), [read(a_passage("The seals of the pump are red."))], {}
    )
    judge.support(compared, counting)
    assert len(encoded) == looked
    assert judge.support(compared, None) == Classifier((), bias, none).probability({})


def test_meaning_is_left_out_where_the_token_vectors_are_others_than_learned_on() -> None:
    class Other:
        tokens_fingerprint = "another model"

        def embed_query(self, text: str) -> Encoded:
            return encode(text)

    class Same(Other):
        tokens_fingerprint = Judge.from_json(SHIPPED.read_text(encoding="utf-8")).encoder

    assert meaning_of(Other()) is None
    assert meaning_of(Same()) is not None


@pytest.mark.parametrize(
    ("claim", "unit", "found"),
    [
        ("It lasts 30 days.", "It lasts 60 days.", changes_value),
        ("The fee of Peter is due.", "The fee of Anna is due.", changes_name),
        ("Staff may enter the hall.", "Staff may not enter the hall.", changes_denial),
        ("It takes some cable at most.", "It takes 12 hours at most.", loses_value),
    ],
)
def test_another_thing_in_one_place_is_seen(claim: str, unit: str, found: object) -> None:
    arguments = () if found is changes_denial else ("en",)
    assert found(aligned(claim, unit), *arguments)  # type: ignore[operator]
    assert not found(aligned(unit, unit), *arguments)  # type: ignore[operator]


def test_a_number_written_otherwise_lies_along_its_other_form() -> None:
    assert aligned("It has 1,000 places.", "It has 1000 places.").edits == ()


def test_a_table_row_says_what_its_header_says() -> None:
    table = "| Code | Meaning |\n|---|---|\n| E-41 | Door open |"
    assert [sentence.said.text for sentence in read(a_passage(table)).sentences] == [
        "Code: E-41; Meaning: Door open"
    ]
