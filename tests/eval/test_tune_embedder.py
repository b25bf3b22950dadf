"""What the embedder is tuned on, when a tuned one is kept, and one small run from end to end."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.labelled import LabelledQuestion, LabelledSet, Record
from eval.tune.comparing import Comparison, chance_of_gain, compared, scored, wins
from eval.tune.embedder_card import advice
from eval.tune.feedback import feedback_set
from eval.tune.pairs import TrainingExample, batches, bounded, example, split, without_copies
from service.catalogue import GivenAnswer
from service.errors import Misconfigured
from service.models import compiled
from service.records import Feedback
from service.settings import Settings
from service.types import (
    Answer,
    Chunk,
    Citation,
    Decision,
    DocumentRef,
    Found,
    Fused,
    Hit,
    Query,
    QueryVectors,
    Question,
    SparseVector,
    Usage,
)
from tests.answering import embed
from tests.cli.running import ROOT, environment
from tests.fakes_core import LOCAL, FakeEmbedder, a_tokenizer, ingested, opened, quick_folder

ASKED = LabelledQuestion("q", "How long is the warranty?", "pump.md", {"pump": 1})


def hit(name: str, text: str, dense: tuple[int, float] | None = None, sparse: int | None = None) -> Hit:
    """A hit of the record `name`; `dense` is its rank and cosine."""
    chunk = Chunk(f"{name}-{text}", name, 0, text, 0, len(text), (0, len(text)))
    rank, score = dense or (None, None)
    fused = Fused(chunk.id, 1.0, dense_rank=rank, sparse_rank=sparse, dense_score=score)
    return Hit(chunk, DocumentRef(name, f"records#{name}", "", 1, name), fused)


def found(*hits: Hit) -> Found:
    vectors = QueryVectors(embed(["?"])[0], SparseVector((), ()))
    return Found(Question(Query("?"), vectors), hits)


def taught(*hits: Hit, question: LabelledQuestion = ASKED) -> TrainingExample:
    made = example(question, found(*hits))
    assert made is not None
    return made


def labelled(count: int, groups: int) -> LabelledSet:
    records = tuple(Record(str(n), "", f"Text number {n}.") for n in range(count))
    questions = tuple(
        LabelledQuestion(str(n), f"Question {n}?", f"group {n % groups}", {str(n): 1}) for n in range(count)
    )
    return LabelledSet("set", questions, records)


# --- what is learned from --------------------------------------------------------------------


def test_the_best_right_passage_is_learned_and_both_lists_give_wrong_ones_in_turn() -> None:
    made = taught(
        hit("other", "dense first", (1, 0.5)),
        hit("pump", "right", (2, 0.8)),
        hit("pump", "right too", (3, 0.7)),
        hit("other", "dense second", (4, 0.4)),
        hit("third", "sparse first", None, 1),
    )
    assert made == TrainingExample(
        ASKED.text, "right", ("dense first", "sparse first", "dense second"), "pump.md"
    )


def test_what_lies_nearly_as_near_as_the_right_passage_is_no_negative() -> None:
    made = taught(
        hit("other", "nearer", (1, 0.9)),
        hit("other", "as near", (2, 0.77)),
        hit("pump", "right", (3, 0.8)),
        hit("other", "farther", (4, 0.75)),
    )
    assert made.negatives == ("farther",)


def test_where_the_dense_list_misses_the_right_passage_only_the_other_list_gives_negatives() -> None:
    made = taught(
        hit("other", "dense", (1, 0.3), 2), hit("other", "sparse", None, 3), hit("pump", "right", None, 1)
    )
    assert made.negatives == ("sparse",)


def test_a_passage_of_a_right_document_without_the_answer_is_neither_right_nor_wrong() -> None:
    question = LabelledQuestion("q", "How long?", "pump.md", {"pump": 1}, ("24 months",))
    made = taught(
        hit("pump", "about it", (1, 0.5)),
        hit("pump", "it is 24 months", (2, 0.9)),
        hit("other", "wrong", (3, 0.2)),
        question=question,
    )
    assert (made.passage, made.negatives) == ("it is 24 months", ("wrong",))


def test_a_question_whose_passage_was_not_found_teaches_nothing() -> None:
    assert example(ASKED, found(hit("other", "wrong", (1, 0.5)))) is None


def test_no_article_is_on_both_sides_of_a_split() -> None:
    parts = split(labelled(40, 8), 0.25)
    train, held_out = ({one.group for one in part} for part in (parts.train, parts.held_out))
    assert (len(train), len(held_out), train & held_out) == (6, 2, set())
    assert split(labelled(40, 8), 0.25) == parts
    assert split(labelled(40, 8), 0.25, seed=1) != parts


def test_a_set_of_one_article_is_learned_from_but_judges_nothing() -> None:
    parts = split(labelled(5, 1), 0.25)
    assert (len(parts.train), len(parts.held_out)) == (5, 0)


def test_a_bounded_set_keeps_every_record_that_answers() -> None:
    small = bounded(labelled(50, 50), questions=10, records=20)
    kept = {record.id for record in small.records}
    assert (len(small.questions), len(kept)) == (10, 20)
    assert all(kept.issuperset(question.relevant) for question in small.questions)


def test_questions_without_an_answer_teach_no_retrieval() -> None:
    none = LabelledQuestion("x", "Who?", "group 0", {}, answerable=False)
    one = labelled(3, 3)
    assert bounded(LabelledSet("set", (*one.questions, none), one.records), 10, 10) == one


def test_a_page_that_was_copied_is_asked_about_once() -> None:
    one = labelled(2, 2)
    copy = Record("9", "", "text  NUMBER 0")
    doubled = LabelledSet(
        "set",
        (*one.questions, LabelledQuestion("9", "Again?", "copy", {"9": 1})),
        (*one.records, copy),
    )
    assert without_copies(doubled) == one


def test_a_batch_holds_no_two_questions_about_one_document() -> None:
    examples = [TrainingExample(f"{n}?", f"{n}", (), f"group {n % 10}") for n in range(40)]
    made = list(batches(examples, 8, random.Random(1)))
    assert all(len({one.group for one in batch}) == len(batch) <= 8 for batch in made)
    assert len({one.question for batch in made for one in batch}) == sum(len(batch) for batch in made) >= 32


# --- when a model is kept --------------------------------------------------------------------


def comparison(ranking: str, before: float, after: float, chance: float) -> Comparison:
    return Comparison("held out", ranking, 100, before, after, 0.5, 0.5, chance)


@pytest.mark.parametrize(
    ("dense", "fused", "chance", "won"),
    [
        ((0.5, 0.6), (0.7, 0.75), 0.99, True),
        ((0.5, 0.6), (0.7, 0.75), 0.80, False),  # not sure
        ((0.5, 0.6), (0.7, 0.69), 0.10, False),  # what is served lost
        ((0.5, 0.4), (0.7, 0.75), 0.99, False),  # the fusion hides a worse embedder
        ((0.5, 0.5), (0.7, 0.70), 0.99, False),
    ],
)
def test_a_model_is_kept_only_where_what_is_served_surely_gained(
    dense: tuple[float, float], fused: tuple[float, float], chance: float, won: bool
) -> None:
    assert wins([comparison("dense", *dense, 0.99), comparison("fused", *fused, chance)]) is won


def test_a_gain_in_one_document_alone_is_not_sure() -> None:
    assert chance_of_gain([0.5] * 50 + [-0.1] * 5, ["long"] * 50 + list("abcde")) < 0.95
    assert chance_of_gain([0.1] * 20 + [-0.1] * 2, [str(n) for n in range(22)]) > 0.95
    assert chance_of_gain([0.0] * 20, [str(n) for n in range(20)]) == 0


def test_records_are_judged_at_their_first_chunk_in_either_ranking() -> None:
    given = found(
        hit("other", "a", (2, 0.4), 1),
        hit("other", "b", (3, 0.3)),
        hit("pump", "right", (1, 0.9)),
    )
    one = scored(LabelledSet("set", (ASKED,)), ASKED, given)
    assert one.ndcg_at_10["dense"] == 1.0
    assert one.ndcg_at_10["fused"] == pytest.approx(0.6309, abs=1e-4)
    assert dict(one.recall_at_5) == {"dense": 1.0, "fused": 1.0}


def test_in_files_the_first_passage_that_holds_the_answer_counts() -> None:
    question = LabelledQuestion("q", "How long?", "pump", {"pump": 1}, ("24 months",))
    files = LabelledSet("set", (question,), files=(Path("pump"),))
    given = found(hit("pump", "about it", (1, 0.9)), hit("pump", "it is 24 months", (2, 0.8)))
    assert scored(files, question, given).ndcg_at_10["fused"] == pytest.approx(0.6309, abs=1e-4)


def test_a_comparison_says_what_was_gained() -> None:
    right, wrong = hit("pump", "right", (1, 0.9)), hit("other", "wrong", (1, 0.9))
    one = LabelledSet("set", (ASKED,))
    before, after = scored(one, ASKED, found(wrong)), scored(one, ASKED, found(right))
    dense, fused = compared("set", [before] * 3, [after] * 3)
    assert (dense.ranking, fused.ranking, fused.questions) == ("dense", "fused", 3)
    assert (fused.ndcg_before, fused.ndcg_after, fused.gain, fused.recall_after) == (0.0, 1.0, 1.0, 1.0)


def test_the_advice_names_what_has_to_follow() -> None:
    said = advice(True, "/models/tuned")
    for needed in (
        "FOOTNOTE_EMBED__MODEL=/models/tuned",
        "footnote reindex",
        "footnote tune reranker",
        "footnote tune calibrator",
    ):
        assert needed in said
    assert "Nothing was kept" in advice(False, None)


# --- feedback --------------------------------------------------------------------------------


WARRANTY = "The warranty of the pump lasts 24 months."
CLEANING = "Wipe the housing with a soft cloth."
TEXT = f"# Warranty\n\n{WARRANTY}\n\n# Cleaning\n\n{CLEANING}\n"


def answer(id: str, *cited: Chunk) -> Answer:
    document = DocumentRef(cited[0].document_id if cited else "d", "pump.md", "", 1)
    citations = tuple(
        Citation(n, document, chunk.id, (), None, chunk.start, chunk.end, chunk.text, 1.0)
        for n, chunk in enumerate(cited, start=1)
    )
    decision = Decision(True, 1.0, 0.5, False, None)
    return Answer(id, "answered", "", (), citations, decision, "m", False, Usage(), {}, "t")


@pytest.fixture
def judged() -> Iterator[Callable[..., LabelledSet]]:
    """Gives the set of a folder in which some answers were judged: (question, cited chunk, feedback)."""
    with quick_folder() as folder:
        embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))

        def judging(*judgements: tuple[str, int, dict[str, str]]) -> LabelledSet:
            with opened(folder / "data", embedder) as engine:
                document = ingested(engine, "pump.md", TEXT).document_id
                chunks = engine.listing.chunks(LOCAL, document, None, 10).items
                for number, (question, place, said) in enumerate(judgements):
                    given = GivenAnswer.of(LOCAL, question, answer(str(number), chunks[place]))
                    engine.answers.keep([given])
                    engine.answers.judge(LOCAL, Feedback(str(number), **said))  # type: ignore[arg-type]  # ratings
                return feedback_set(Settings(data_dir=folder / "data"))

        yield judging


def test_an_answer_that_was_rated_up_teaches_its_cited_chunks(judged: Callable[..., LabelledSet]) -> None:
    made = judged(
        ("How long?", 0, {"rating": "up"}),
        ("How is it cleaned?", 1, {"rating": "down"}),
        ("Why?", 1, {"rating": "again"}),
    )
    texts = {record.id: (record.title, record.text) for record in made.records}
    (question,) = made.questions
    assert question.text == "How long?"
    assert [texts[name] for name in question.relevant] == [("Warranty", WARRANTY)]


def test_a_correction_teaches_the_chunk_that_holds_it(judged: Callable[..., LabelledSet]) -> None:
    said = {"rating": "down", "correction": "wipe the housing with a soft cloth"}
    made = judged(
        ("How is it cleaned?", 0, said),
        ("How?", 0, {"rating": "down", "correction": "the housing"}),
        ("Why?", 0, {"rating": "down", "correction": "Nothing of the kind is written here."}),
    )
    texts = {record.id: record.text for record in made.records}
    (question,) = made.questions
    assert [texts[name] for name in question.relevant] == [CLEANING]


def test_the_same_question_judged_twice_is_one_question(judged: Callable[..., LabelledSet]) -> None:
    made = judged(("How long?", 0, {"rating": "up"}), ("how long", 1, {"rating": "up"}))
    (question,) = made.questions
    assert len(question.relevant) == 2


def test_a_folder_without_a_catalogue_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no catalogue"):
        feedback_set(Settings(data_dir=tmp_path))


# --- from end to end -------------------------------------------------------------------------


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = environment(folder / "data") | {
        "FOOTNOTE_EMBED__MODEL": str(folder / "base"),
        "FOOTNOTE_EMBED__PRECISION": "float32",
        "FOOTNOTE_CACHE_DIR": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "service", "tune", "embedder", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned")
    command = [sys.executable, "-m", "tests.eval.making_tuned", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def tuned(made: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run on generated pages that keeps its model in any case."""
    out = made / "out"
    given = ["--documents", str(made / "documents"), "--out", str(out), "--keep", "--json"]
    return run(*given, "--epochs", "2", "--batch-size", "8", folder=made), out


def test_the_exit_code_says_whether_the_tuned_model_won(
    tuned: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, out = tuned
    assert done.returncode in (0, 3), done.stderr
    said = json.loads(done.stdout)
    assert (done.returncode == 0) is said["won"]
    assert (said["out"], said["base"]) == (str(out), str(out.with_name("base")))
    assert {row["ranking"] for row in said["together"]} == {"dense", "fused"}
    assert said["trained"]["steps"] > 2
    assert "seed 13" in (out / "README.md").read_text()


def test_compiled_forms_of_what_was_tried_do_not_stay(
    tuned: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, out = tuned
    assert [card.name for _, card in compiled(out.with_name("cache"))] == ["base"]


def weights(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Names and shapes, and the numbers, of a model's one file of weights."""
    (file,) = folder.glob("*.safetensors")
    content = file.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    shapes = {name: one["shape"] for name, one in json.loads(content[8:end]).items() if "shape" in one}
    return shapes, content[end:]


@pytest.mark.parametrize("name", ["out", "adapted"])
def test_either_way_of_learning_gives_a_plain_model_with_other_weights(
    tuned: tuple[subprocess.CompletedProcess[str], Path], name: str
) -> None:
    _, out = tuned
    base, other = weights(out.with_name("base")), weights(out.with_name(name))
    assert base[0] == other[0]
    assert base[1] != other[1]
    tokenizer = json.loads((out.with_name(name) / "tokenizer_config.json").read_text())
    assert tokenizer["model_max_length"] == 224  # as before it was trained on shorter texts


def test_too_little_to_learn_from_is_said_before_anything_is_trained(made: Path) -> None:
    few = made / "few"
    few.mkdir()
    (made / "documents" / "0.md").rename(few / "0.md")
    done = run("--documents", str(few), folder=made)
    assert (done.returncode, done.stdout) == (1, "")
    assert "too few" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_there_already_is_not_written_over(made: Path) -> None:
    done = run("--documents", str(made), "--out", str(made / "base"), folder=made)
    assert (done.returncode, done.stdout) == (2, "")
    assert "exists already" in done.stderr
