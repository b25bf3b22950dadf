"""Who asked, ingested, deleted and administered: noted, and nothing of what was asked."""

from __future__ import annotations

import pytest

from service.catalogue import AuditLog
from service.errors import CatalogueUnavailable
from service.tenancy import BY_OPERATOR
from tests.tenants.keyed import Keyed

QUESTION = "How long does the secret warranty last?"


async def detail_of_the_newest(keyed: Keyed, secret: str) -> dict[str, object]:
    keyed.access.keeper.flush()
    entries = (await keyed.call("GET", "/audit?limit=1", secret)).json()["entries"]
    return dict(entries[0]["detail"])


async def test_it_is_noted_who_asked_and_how_much_but_not_what(keyed: Keyed) -> None:
    secret = keyed.key("reader")
    chat = {"model": "footnote", "messages": [{"role": "user", "content": QUESTION}]}
    await keyed.call("POST", "/query", secret, json={"query": QUESTION})
    await keyed.call("POST", "/search", secret, json={"query": QUESTION})
    await keyed.call("POST", "/v1/chat/completions", secret, json=chat)
    assert await keyed.noted() == [("query", "", "done"), ("search", "", "done"), ("query", "", "done")]
    admin = keyed.key("admin")
    assert await detail_of_the_newest(keyed, admin) != {}
    everything = (await keyed.call("GET", "/audit", admin)).text
    assert "secret warranty" not in everything
    assert f'"characters":{len(QUESTION)}' in everything


async def test_the_questions_themselves_are_noted_where_the_tenant_wants_it(keyed: Keyed) -> None:
    admin = keyed.key("admin")
    changed = await keyed.call("PUT", "/tenant", admin, json={"audits_questions": True})
    assert changed.json()["audits_questions"] is True
    await keyed.call("POST", "/query", keyed.key("reader"), json={"query": QUESTION})
    keyed.access.keeper.flush()
    assert QUESTION in (await keyed.call("GET", "/audit", admin)).text


async def test_a_streamed_answer_is_noted_as_well(keyed: Keyed) -> None:
    await keyed.call("POST", "/query", keyed.key("reader"), json={"query": QUESTION, "stream": True})
    assert await keyed.noted() == [("query", "", "done")]


async def test_what_is_ingested_and_deleted_is_noted_with_the_documents(keyed: Keyed) -> None:
    editor, admin = keyed.key("editor"), keyed.key("admin")
    files = {"file": ("a.txt", b"Pumps hum.")}
    uploaded = await keyed.call("POST", "/documents", editor, files=files)
    document = uploaded.json()["jobs"][0]["document_id"]
    assert (await detail_of_the_newest(keyed, admin)) == {"documents": [document]}
    await keyed.call("DELETE", f"/documents/{document}", editor)
    assert await keyed.noted() == [("upload", "", "done"), ("delete", document, "done")]


async def test_a_delete_is_noted_before_it_is_answered(keyed: Keyed) -> None:
    document = await keyed.document("a.txt")
    await keyed.call("DELETE", f"/documents/{document}", keyed.key("editor"))
    newest = keyed.access.audit.page("acme", None, 1).items[0]
    assert (newest.action, newest.object) == ("delete", document)


async def test_a_delete_that_cannot_be_noted_now_says_so_and_is_noted_later(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await keyed.document("a.txt")
    editor = keyed.key("editor")

    def away(entries: object) -> None:
        raise CatalogueUnavailable("the catalogue does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(keyed.access.keeper, "_write", away)
        assert (await keyed.call("DELETE", f"/documents/{document}", editor)).status_code == 503
    assert await keyed.noted() == [("delete", document, "done")]


async def test_what_failed_is_noted_with_its_reason(keyed: Keyed) -> None:
    editor = keyed.key("editor")
    await keyed.call("DELETE", "/documents/not-there", editor)
    await keyed.call("POST", "/query", editor, json={"query": ""})
    assert await keyed.noted() == [("delete", "not-there", "not_found"), ("query", "", "invalid_input")]


async def test_what_was_refused_for_its_role_is_noted(keyed: Keyed) -> None:
    reader = keyed.key("reader")
    await keyed.call("GET", "/keys", reader)
    await keyed.call("POST", "/documents", reader, files={"file": ("a.txt", b"x")})
    assert await keyed.noted() == [("GET /keys", "", "forbidden"), ("upload", "", "forbidden")]


async def test_reading_is_not_noted(keyed: Keyed) -> None:
    document = await keyed.document("a.txt")
    admin = keyed.key("admin")
    for path in ("/documents", f"/documents/{document}/text", "/keys", "/audit", "/jobs"):
        assert (await keyed.call("GET", path, admin)).status_code == 200
    assert await keyed.noted() == []


async def test_an_entry_names_the_key_and_the_request(keyed: Keyed) -> None:
    admin = keyed.key("admin")
    made = (await keyed.call("POST", "/keys", admin, json={"name": "new", "role": "reader"})).json()
    secret = made["secret"]
    asked = await keyed.call("POST", "/search", secret, json={"query": "pumps"})
    keyed.access.keeper.flush()
    entry, created = (await keyed.call("GET", "/audit?limit=2", admin)).json()["entries"]
    assert (entry["key_id"], entry["request_id"]) == (made["id"], asked.headers["x-request-id"])
    assert (created["action"], created["object"]) == ("key.create", made["id"])


@pytest.mark.parametrize(
    "path", ["/documents/%00", "/documents/%ed%a0%80", "/documents/%0a", f"/documents/{'x' * 99}"]
)
async def test_nothing_that_is_asked_for_keeps_others_from_being_noted(keyed: Keyed, path: str) -> None:
    editor = keyed.key("editor")
    await keyed.call("DELETE", path, editor)
    await keyed.call("POST", "/search", editor, json={"query": "pumps"})
    noted = await keyed.noted()
    assert [action for action, _, _ in noted] == ["delete", "search"]
    assert noted[0][1].isprintable()


async def test_a_tenant_reads_its_own_entries_alone(keyed: Keyed) -> None:
    await keyed.call("POST", "/search", keyed.key("reader", tenant="globex"), json={"query": "pumps"})
    keyed.access.keeper.flush()
    actions = {
        entry["action"] for entry in (await keyed.call("GET", "/audit", keyed.key("admin"))).json()["entries"]
    }
    assert actions == {"tenant.create", "key.create"}


def test_operators_are_named_as_such(keyed: Keyed) -> None:
    keyed.key("reader")
    assert isinstance(keyed.access.audit, AuditLog)
    assert keyed.access.audit.page("acme", None, 1).items[0].key_id == BY_OPERATOR.key_id
