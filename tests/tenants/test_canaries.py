"""Documents that one group of one tenant may read, and searches of everybody, over the real store and SQL.

Each document holds a word that no other one has. Whatever is asked, filtered and listed, nobody gets a word
of a document that is not his to read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.catalogue import document_id
from service.errors import NotFound
from service.local_engine import LocalEngine
from service.types import EVERY_GROUP, Condition, Filters, Query, Scope
from tests.fakes_core import FakeEmbedder, a_tokenizer, drain, opened, put, quick_folder, sections

TENANTS = ("acme", "globex", "acme.2")
AUDIENCES: tuple[tuple[str, ...], ...] = ((), ("sales",), ("legal",), ("sales", "legal"), ("Sales",))
GROUPS = ("sales", "legal", "Sales", "hr", "acme", "+everyone", "")
FIELDS = ("tenant", "groups", "live", "document", "year", "promoted", "source")


def canary(tenant: str, audience: tuple[str, ...]) -> str:
    return f"canary{TENANTS.index(tenant)}x{AUDIENCES.index(audience)}"


READERS = {canary(tenant, audience): (tenant, audience) for tenant in TENANTS for audience in AUDIENCES}


def may_read(scope: Scope, word: str) -> bool:
    """Said once more, and more simply than in the product."""
    tenant, audience = READERS[word]
    return scope.tenant == tenant and (
        audience == () or EVERY_GROUP in scope.groups or any(group in scope.groups for group in audience)
    )


@pytest.fixture(scope="module")
def corpus() -> Iterator[tuple[LocalEngine, dict[str, str]]]:
    """The engine, and the ids of the documents by their words."""
    ids = {}
    with (
        quick_folder() as folder,
        opened(folder / "data", FakeEmbedder(a_tokenizer(folder / "tokenizer"))) as engine,
    ):
        for word, (tenant, audience) in READERS.items():
            scope = Scope(tenant, frozenset({EVERY_GROUP}))
            text = sections(Warranty=f"The warranty of the pump {word} lasts for two years.")
            metadata = {"year": 2024, "tenant": tenant, "groups": ",".join(audience)}
            put(engine, f"docs/{word}.md", text, scope=scope, metadata=metadata, groups=audience)
            ids[word] = document_id(scope, f"docs/{word}.md")
        drain(engine)
        yield engine, ids


scopes = st.builds(
    Scope,
    st.sampled_from([*TENANTS, "acm", "ACME", "local", ""]),
    st.frozensets(st.sampled_from([*GROUPS, EVERY_GROUP]), max_size=3),
)
values = st.sampled_from([*TENANTS, *GROUPS, 2024, True])
conditions = st.one_of(
    st.builds(Condition, st.sampled_from(FIELDS), st.just("eq"), values),
    st.builds(Condition, st.sampled_from(FIELDS), st.just("in"), st.tuples(values, values)),
    st.builds(Condition, st.just("year"), st.sampled_from(["gte", "lte"]), st.sampled_from([2000, 2024])),
)
restrictions = st.lists(conditions, max_size=2)
prefixes = st.sampled_from(["", "docs/", "docs/canary1", "+", "*"])
words = st.lists(st.sampled_from(["warranty", "pump", *READERS]), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(), scope=scopes, question=words, prefix=prefixes, metadata=st.lists(conditions, max_size=2)
)
def test_nobody_finds_what_is_not_his_to_read(
    corpus: tuple[LocalEngine, dict[str, str]],
    data: st.DataObject,
    scope: Scope,
    question: str,
    prefix: str,
    metadata: list[Condition],
) -> None:
    engine, ids = corpus
    documents = tuple(data.draw(st.lists(st.sampled_from(sorted(ids.values())), max_size=3)))
    query = Query(question, Filters(documents, prefix, tuple(metadata)), top_k=50)
    found = [hit.chunk.text for hit in asyncio.run(engine.search(scope, query)).hits]
    seen = {word for word in READERS for text in found if word in text.split()}
    assert all(may_read(scope, word) for word in seen)
    if not (documents or prefix or metadata) and "warranty" in question.split():
        assert seen == {word for word in READERS if may_read(scope, word)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=scopes, word=st.sampled_from(sorted(READERS)))
def test_nobody_reads_or_lists_what_is_not_his_to_read(
    corpus: tuple[LocalEngine, dict[str, str]], scope: Scope, word: str
) -> None:
    engine, ids = corpus
    listed = {record.id for record in asyncio.run(engine.documents(scope, None, 100)).items}
    assert listed == {ids[word] for word in READERS if may_read(scope, word)}
    for read in (
        lambda: engine.document(scope, ids[word]),
        lambda: engine.document_text(scope, ids[word], None),
        lambda: engine.document_text(scope, ids[word], 1),
        lambda: engine.chunks(scope, ids[word], None, 10),
    ):
        if may_read(scope, word):
            asyncio.run(read())
        else:
            with pytest.raises(NotFound):
                asyncio.run(read())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=scopes)
def test_nobody_learns_of_jobs_of_what_is_not_his_to_read(
    corpus: tuple[LocalEngine, dict[str, str]], scope: Scope
) -> None:
    engine, ids = corpus
    told = {job.document_id for job in asyncio.run(engine.find_jobs(scope, (), None, 200)).items}
    assert told == {ids[word] for word in READERS if may_read(scope, word)}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=scopes, word=st.sampled_from(sorted(READERS)))
def test_no_answer_quotes_what_is_not_its_readers_to_read(
    corpus: tuple[LocalEngine, dict[str, str]], scope: Scope, word: str
) -> None:
    engine, _ = corpus
    answer = asyncio.run(engine.answer(scope, Query(f"How long does the warranty of the pump {word} last?")))
    shown = repr([answer.text, answer.sentences, answer.citations, answer.hits])
    assert all(may_read(scope, other) for other in READERS if f"{other} " in shown.replace(".", " "))
