"""The values that flow through Footnote, one frozen type per stage.

    Query -> QueryVectors -> Candidates -> [Fused] -> [Hit] -> [Hit] reranked
          -> Decision -> Context(passages) -> Draft -> Answer(sentences, citations)

Offsets are counted in Unicode code points of a document version's normalised text, half open.
Nothing here imports anything of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

EVERY_GROUP = "*"
"""The group of a caller who may read every document of the tenant (the local user, an administrator)."""

ABSTENTION = "I don't know: the documents do not hold the answer."
"""The text of an answer that has no sentences; its `decision.reason` says more."""

Scalar = str | int | float | bool
Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is asking. Built from credentials alone; every read and write of documents takes one first."""

    tenant: str
    groups: frozenset[str] = frozenset()
    user: str = field(default="", compare=False)
    """Whom a share of users counts: the id of the API key. It opens nothing."""

    @property
    def reads_everything(self) -> bool:
        """Whether group restrictions do not apply to this caller."""
        return EVERY_GROUP in self.groups


LOCAL = Scope("local", frozenset({EVERY_GROUP}))
"""The one tenant of an installation without credentials."""

Role = Literal["reader", "editor", "admin"]


@dataclass(frozen=True, slots=True)
class Caller:
    """What the credentials of a request say: whose it is, what it may do, and which key it came with."""

    scope: Scope
    role: Role
    key_id: str
    questions_per_minute: int | None = None
    """What the whole tenant was granted; None is as the settings say."""
    audits_questions: bool = False
    """Whether the tenant's audit log holds what was asked."""


LOCAL_CALLER = Caller(LOCAL, "admin", "local")
"""Everybody, where there are no credentials."""


# --- asking ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """One requirement on a metadata field.

    `eq` and `in` compare for equality; `gt gte lt lte` compare numbers, or dates given as ISO 8601.
    """

    field: str
    op: Literal["eq", "in", "gt", "gte", "lt", "lte"]
    value: Scalar | datetime | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is restricted to: all given parts must hold."""

    document_ids: tuple[str, ...] = ()
    source_prefix: str = ""
    metadata: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A question with what restricts its search."""

    text: str
    filters: Filters = field(default_factory=Filters)
    top_k: int = 8
    answer_id: str = field(default="", compare=False)
    """The id that the answer shall have, a UUID, where it must be known before; else one is made up."""


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Token ids with weights; `indices` and `values` have the same length."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TokenVectors:
    """A text token by token, for late interaction, in the order of the text and without special tokens.

    `ids` of shape (n,) are token ids of the embedder's tokenizer. `vectors` of shape (n, k) are the tokens'
    vectors along the k directions in which the embedder's tokens differ most, one byte a number; only their
    own directions mean something.
    """

    ids: NDArray[np.int32]
    vectors: NDArray[np.int8]

    def unit(self) -> NDArray[np.float32]:
        """The vectors with length 1, of shape (n, k)."""
        vectors = self.vectors.astype(np.float32)
        # Sums of whole numbers below 2^24 are exact: this is `np.linalg.norm` to the bit, in half its time.
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        vectors /= np.maximum(lengths, 1.0)[:, None]
        return vectors


@dataclass(frozen=True, slots=True, eq=False)
class TokenMatch:
    """How each token of a question matches one hit, before anything is weighed.

    Similarities are cosines: `best` of shape (tokens,) over the whole hit, `windows` of shape (tokens, n)
    over each run of 48 of its tokens. `asked` are the question's tokens: for other ones it says nothing.
    """

    asked: TokenVectors
    best: NDArray[np.float32]
    windows: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A text as the embedder gives it: one vector of shape (dimension,), unit length, and its tokens'."""

    dense: Vector
    tokens: TokenVectors | None = None
    """None where `rerank.token_dimensions` is 0."""


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """A question as one dense vector of shape (dimension,), unit length, its BM25 terms and its tokens."""

    dense: Vector
    sparse: SparseVector
    tokens: TokenVectors | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A query that has been embedded: what the stages after the search work with."""

    query: Query
    vectors: QueryVectors

    @property
    def text(self) -> str:
        """The words of the question."""
        return self.query.text


# --- what is stored --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one document version: what is embedded, searched and quoted.

    `text` is exactly `version.text[start:end]`. `header` repeats a table's header line on a piece that
    does not hold it itself. `heading_path` and `header` are indexed with the text but never quoted; the path
    begins with the file's name where that tells more than the headings.
    `section` is the span of the whole section that the chunk lies in.
    """

    id: str
    document_id: str
    ordinal: int
    text: str
    start: int
    end: int
    section: tuple[int, int]
    heading_path: tuple[str, ...] = ()
    header: str = ""
    page: int | None = None
    kinds: tuple[str, ...] = ()
    language: str = "en"
    poor: bool = False
    """Whether it comes from a page that was read badly (low OCR confidence)."""

    @property
    def indexed_text(self) -> str:
        """The text that is embedded and given to BM25."""
        parts = (" > ".join(self.heading_path), self.header, self.text)
        return "\n".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """The document version that a chunk was read from."""

    id: str
    source: str
    title: str
    version: int
    external_id: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentAttributes:
    """What a search may be restricted by. A document without groups is read by all of its tenant."""

    source: str
    groups: tuple[str, ...] = ()
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """A chunk's id and vectors, as the store keeps them; `dense` has shape (dimension,)."""

    chunk_id: str
    dense: Vector
    sparse: SparseVector
    tokens: TokenVectors | None = None


# --- finding ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """One entry of one result list of the store."""

    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """The two result lists of one search, each best first."""

    dense: tuple[Candidate, ...]
    sparse: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Fused:
    """A chunk after rank fusion; ranks count from 1, None where a list does not hold it."""

    chunk_id: str
    score: float
    dense_rank: int | None = None
    sparse_rank: int | None = None
    dense_score: float | None = None
    sparse_score: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A visible chunk that was found, with everything that explains its place."""

    chunk: Chunk
    document: DocumentRef
    fused: Fused
    rerank_score: float | None = None
    tokens: TokenVectors | None = field(default=None, compare=False, repr=False)
    """Those of `chunk.indexed_text`, as far as the embedder reads it; None where none are stored."""
    match: TokenMatch | None = field(default=None, compare=False, repr=False)
    """What reranking saw of the question in `tokens`, for who looks again; None where it did not look."""
    part: int | None = None
    """Which part of the question it was found and ranked for, from 0; None where that was the whole."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the search half of a query gives: the question, and the visible hits, best first.

    There may be more hits than the query's `top_k`: the decision looks at all, the answer at the first.
    """

    question: Question
    hits: tuple[Hit, ...]
    respelled: Mapping[str, str] = field(default_factory=dict)
    """Words that the reader wrote, and as what they were read: `question` has the latter."""

    @property
    def best(self) -> tuple[Hit, ...]:
        """The `top_k` hits that were asked for."""
        return self.hits[: self.question.query.top_k]


# --- answering -------------------------------------------------------------------------------

Reason = Literal["no_evidence", "off_topic", "conflict", "low_confidence"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the evidence answers the question.

    `p_answerable` lies in [0, 1]; it is a probability only when `calibrated`. `features` are the readable
    quantities that it was computed from.
    """

    answer: bool
    p_answerable: float
    threshold: float
    calibrated: bool
    reason: Reason | None
    features: Mapping[str, float] = field(default_factory=dict)
    floor: float = 0.0
    """The least probability at which a language model is asked."""
    says: str = ""
    """What to say where nothing was asked; empty where something was."""
    contributions: Mapping[str, float] = field(default_factory=dict)
    """What each quantity adds to the log odds of `p_answerable`; all of them together are these log odds."""

    @property
    def worth_asking(self) -> bool:
        """Whether a language model is given the passages, which may still say that they do not answer."""
        return self.reason != "no_evidence" and self.p_answerable >= self.floor


@dataclass(frozen=True, slots=True)
class Passage:
    """What the generator reads under number `n`: the section around one or more hits, bounded.

    `text` is exactly `version.text[start:end]`; `hits` are the chunks of it that were found.
    """

    n: int
    document: DocumentRef
    text: str
    start: int
    end: int
    heading_path: tuple[str, ...]
    header: str
    hits: tuple[Hit, ...]

    def nearest(self, start: int, end: int) -> Hit:
        """The hit whose chunk shares most with `text[start:end]`, or lies closest to it."""
        start, end = self.start + start, self.start + end
        return max(self.hits, key=lambda hit: min(end, hit.chunk.end) - max(start, hit.chunk.start))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A hit that no passage holds: it repeats a better one, or there was no room for it."""

    chunk_id: str
    why: Literal["duplicate", "budget"]


@dataclass(frozen=True, slots=True)
class PassageOutline:
    """Which hits a passage was made of, and where it lies; not its text."""

    n: int
    document_id: str
    version: int
    start: int
    end: int
    chunk_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContextOutline:
    """What became of the hits on their way to the generator."""

    passages: tuple[PassageOutline, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """The numbered passages that fit the token budget, and the hits that did not make it."""

    passages: tuple[Passage, ...]
    tokens: int
    left_out: tuple[LeftOut, ...] = ()

    @property
    def dropped(self) -> int:
        """How many hits no passage holds."""
        return len(self.left_out)

    def passage(self, n: int) -> Passage | None:
        """The passage numbered `n`, or None when no such passage was given."""
        return next((passage for passage in self.passages if passage.n == n), None)

    def outline(self) -> ContextOutline:
        """The same without the texts."""
        return ContextOutline(tuple(map(_outline, self.passages)), self.left_out)


def _outline(passage: Passage) -> PassageOutline:
    document, chunks = passage.document, tuple(hit.chunk.id for hit in passage.hits)
    return PassageOutline(passage.n, document.id, document.version, passage.start, passage.end, chunks)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a generator read and wrote; zero for the extractive one."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Quotation:
    """What stands at `passage.text[start:end]` of passage `n`, and the `text` as which it is shown.

    That is letter for letter what stands there, on one line; a list item without its mark, a table row with
    its column names, a heading that a list hangs on, or one above it, with a colon.
    """

    n: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A piece of a generator's output: text as it comes or a whole quotation, then once the usage.

    `text` is a model's own words, whose markers are read, whose links are filtered and which are checked;
    a quotation names its place itself, and nothing in it is a marker.
    """

    text: str = ""
    quotation: Quotation | None = None
    usage: Usage | None = None
    cut_off: bool = False
    """Whether the model was stopped by its limit of tokens."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A checked footnote. `quote` is exactly `text[start:end]` of that document version."""

    n: int
    document: DocumentRef
    chunk_id: str
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int
    quote: str
    score: float
    poor: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that survived the check; `support` in [0, 1] is that of its best citation."""

    text: str
    citations: tuple[int, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sentence that was written and dropped, and why.

    `no_marker`: it names no passage; `unknown_passage`: those that it names are none; `unsupported`: they do
    not say so, or not enough (`support`), and `missing` are the words that they lack.
    """

    text: str
    reason: Literal["no_marker", "unknown_passage", "unsupported"]
    support: float = 0.0
    missing: tuple[str, ...] = ()
    named: tuple[int, ...] = ()
    """The numbers of the passages that it names, also where there are none."""


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that a reader of the answer must know: a stage that is absent or fell back."""

    stage: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of the story. An abstention is an answer, not an error."""

    id: str
    status: Literal["answered", "abstained", "blocked"]
    text: str
    """As a person reads it: with the marks `[n]` of its footnotes."""
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    decision: Decision
    model: str
    llm_generated: bool
    usage: Usage
    timings_ms: Mapping[str, float]
    trace_id: str
    dropped_sentences: int = 0
    rejected: tuple[Rejected, ...] = ()
    """The sentences that were dropped; what was not checked is shown to nobody who only reads."""
    context: ContextOutline | None = None
    """None where nothing was written."""
    warnings: tuple[Warning, ...] = ()
    hits: tuple[Hit, ...] = ()
    closest: tuple[Citation, ...] = ()
    """What came closest, where there is no answer: nothing rests on it."""
    respelled: Mapping[str, str] = field(default_factory=dict)
    """Words of the question that nothing found holds, and as what they were read."""
    unanswered: str = ""
    """Which parts of the question the documents do not answer: the end of `text`; empty where they all do."""
    cached: bool = False
    """Whether it was worked out for somebody else who asked the same, earlier or at the same time."""
    variant: str = ""
    """Which variant of the pipeline gave it; empty is the one in force."""

    @property
    def unmarked(self) -> str:
        """What its sentences say, without marks; empty where it says nothing."""
        return " ".join(sentence.text for sentence in self.sentences)


# --- answering while the reader watches ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Retrieved:
    """First event of a streamed answer: what was found, after reranking."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class SentenceReady:
    """A sentence that passed the check, with the citations that no earlier sentence brought."""

    sentence: Sentence
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """Last event of a streamed answer: the whole of it."""

    answer: Answer


Event = Retrieved | SentenceReady | Finished


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of a search without an answer, best first, and the time that each stage took."""

    hits: tuple[Hit, ...]
    timings_ms: Mapping[str, float]
    respelled: Mapping[str, str] = field(default_factory=dict)
    """Words of the query that nothing found holds, and as what they were read."""
