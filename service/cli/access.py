"""`footnote tenants` and `footnote keys`: for operators, on the catalogue's server itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from service.catalogue import Database, Keys, Placements, Tenants
from service.catalogue.database import now
from service.cli.runtime import AsJson, err, out, print_json, settings_of
from service.errors import Misconfigured
from service.reindexing import held_up
from service.tenancy import BY_OPERATOR, Isolation, Key, NewKey, Quotas, Tenant
from service.types import Role

tenants = typer.Typer(help="The tenants of a server.", no_args_is_help=True)
keys = typer.Typer(help="The API keys of a server's tenants.", no_args_is_help=True)

A_PAGE = 200
NO_KEYS = "embedded mode has one user and no keys"
EMBEDDED_HAS_ITS_OWN = "embedded mode has one tenant, whose vectors lie in a folder of its own already"
WITHOUT = "none"

Name = Annotated[str, typer.Argument(help="The tenant's name.")]
_QUOTA = f"A number, or `{WITHOUT}`: without limit."
Documents = Annotated[str | None, typer.Option("--documents", help=_QUOTA)]
Bytes = Annotated[str | None, typer.Option("--bytes", help=_QUOTA)]
Questions = Annotated[str | None, typer.Option("--questions-per-minute", help=_QUOTA)]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(tenants, name="tenants", epilog="Example: footnote tenants create acme --documents 10000")
    app.add_typer(keys, name="keys", epilog="Example: footnote keys create acme --role admin")


# --- tenants ---------------------------------------------------------------------------------


@tenants.command("create")
def create_tenant(
    name: Name,
    documents: Documents = None,
    size: Bytes = None,
    questions: Questions = None,
    as_json: AsJson = False,
) -> None:
    """Make a tenant."""
    with _database() as database:
        quotas = _quotas(Quotas(), documents, size, questions)
        _show_tenants([Tenants(database).create(name, quotas)], as_json=as_json)


@tenants.command("list")
def list_tenants(as_json: AsJson = False) -> None:
    """List the tenants, with what they have and may have."""
    with _database() as database:
        _show_tenants(Tenants(database).all(), as_json=as_json)


@tenants.command("show")
def show_tenant(name: Name, as_json: AsJson = False) -> None:
    """Show one tenant."""
    with _database() as database:
        _show_placed(database, name, as_json=as_json)


@tenants.command("quota")
def set_quota(
    name: Name,
    documents: Documents = None,
    size: Bytes = None,
    questions: Questions = None,
    as_json: AsJson = False,
) -> None:
    """Change quotas; those that are not given stay. What a tenant has beyond a quota stays as well."""
    with _database() as database:
        known = Tenants(database)
        changed = known.set_quotas(name, _quotas(known.get(name).quotas, documents, size, questions))
        _show_tenants([changed], as_json=as_json)


@tenants.command("isolate")
def isolate_tenant(
    name: Name,
    isolation: Annotated[Isolation, typer.Argument(help="A collection of its own, or that of the others.")],
    as_json: AsJson = False,
) -> None:
    """Give a tenant a vector collection of its own, or take it back among the others.

    The server moves it while it is served; `footnote tenants show` says whether it is on its way.
    """
    with _database(EMBEDDED_HAS_ITS_OWN) as database:
        Placements(database).ask_for(name, isolation)
        _show_placed(database, name, as_json=as_json)


@tenants.command("delete")
def delete_tenant(
    name: Name,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a tenant with its documents, keys, answers and audit log. The server does it, step by step."""
    with _database() as database:
        known = Tenants(database)
        going = known.get(name)
        if not sure:
            err.print(f"{name} has {going.documents} documents. All of it goes, and nothing brings it back.")
            typer.confirm("Delete it?", abort=True, err=True)
        known.begin_delete(name)
        _show_tenants([known.get(name)], as_json=as_json)


def _quotas(before: Quotas, documents: str | None, size: str | None, questions: str | None) -> Quotas:
    return Quotas(
        _limit(documents, before.documents, "--documents"),
        _limit(size, before.bytes, "--bytes"),
        _limit(questions, before.questions_per_minute, "--questions-per-minute"),
    )


def _limit(given: str | None, before: int | None, option: str) -> int | None:
    if given is None:
        return before
    if given == WITHOUT:
        return None
    if not given.isdecimal() or len(given) > 15:
        raise typer.BadParameter(f"{option} is a number or `{WITHOUT}`, not {given!r}")
    return int(given)


def _show_tenants(found: list[Tenant], *, as_json: bool) -> None:
    if as_json:
        print_json([_plain(asdict(tenant)) for tenant in found])
        return
    for tenant in found:
        quotas = tenant.quotas
        parts = [
            tenant.name,
            f"{tenant.documents:,} of {_most(quotas.documents)} documents",
            f"{tenant.bytes:,} of {_most(quotas.bytes)} bytes",
            f"{_most(quotas.questions_per_minute)} questions a minute",
            *_placed(tenant),
            *(["being deleted"] if tenant.deleting else []),
        ]
        out.print(" · ".join(parts), highlight=False, markup=False)


def _show_placed(database: Database, name: str, *, as_json: bool) -> None:
    """Shows a tenant, and what keeps it from being moved if it is to be."""
    tenant = Tenants(database).get(name)
    _show_tenants([tenant], as_json=as_json)
    if tenant.moving and (reason := held_up(database, settings_of(None).catalogue.url.get_secret_value())):
        err.print(f"It waits: {reason}.", highlight=False, markup=False)


def _placed(tenant: Tenant) -> list[str]:
    where = "a collection of its own" if tenant.isolation == "dedicated" else "the collection of all"
    if tenant.moving:
        return [f"on its way to {where}"]
    return [f"in {where}"] if tenant.isolation == "dedicated" else []


def _most(limit: int | None) -> str:
    return "any number" if limit is None else f"{limit:,}"


# --- keys ------------------------------------------------------------------------------------


@keys.command("create")
def create_key(
    tenant: Name,
    role: Annotated[Role, typer.Option("--role", help="What it may do.")] = "reader",
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "made by an operator",
    group: Annotated[list[str] | None, typer.Option("--group", help="Whose documents it reads.")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=36500, help="Until it expires.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key. Its secret is shown now and never again."""
    expires = None if days is None else now() + timedelta(days=days)
    with _database() as database:
        key, secret = Keys(database).create(
            tenant, NewKey(name, role, tuple(group or ()), expires), BY_OPERATOR
        )
    if as_json:
        print_json({**_plain(asdict(key)), "secret": secret})
    else:
        err.print(f"The key {key.id} of {key.tenant}, {key.role}. It is shown this once:", highlight=False)
        out.print(secret, highlight=False, markup=False)


@keys.command("list")
def list_keys(tenant: Name, as_json: AsJson = False) -> None:
    """List the keys of a tenant, revoked and expired ones too."""
    with _database() as database:
        Tenants(database).get(tenant)
        found = list(_all_keys(Keys(database), tenant))
    if as_json:
        print_json([_plain(asdict(key)) for key in found])
        return
    for key in found:
        groups = f"groups {', '.join(key.groups)}" if key.groups else "no groups"
        used = f"used {_day(key.last_used_at)}" if key.last_used_at else "never used"
        parts = [key.id, f"{key.prefix}…", key.name, key.role, groups, used, _state(key)]
        out.print(" · ".join(part for part in parts if part), highlight=False, markup=False)


@keys.command("revoke")
def revoke_key(
    tenant: Name,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `footnote keys list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """End a key for good; servers refuse it within `access.key_cache_s`."""
    with _database() as database:
        key = Keys(database).revoke(tenant, key_id, BY_OPERATOR)
    if as_json:
        print_json(_plain(asdict(key)))
    else:
        out.print(f"{key.prefix}… ({key.name}) is revoked.", highlight=False, markup=False)


def _all_keys(known: Keys, tenant: str) -> Iterator[Key]:
    page = known.page(tenant, None, A_PAGE)
    yield from page.items
    while page.next_cursor is not None:
        page = known.page(tenant, page.next_cursor, A_PAGE)
        yield from page.items


def _state(key: Key) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    if key.expires_at is None:
        return ""
    return f"expire{'d' if key.expires_at <= now() else 's'} {_day(key.expires_at)}"


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value


@contextmanager
def _database(why_not_embedded: str = NO_KEYS) -> Iterator[Database]:
    url = settings_of(None).catalogue.url.get_secret_value()
    if not url:
        raise Misconfigured(
            f"catalogue.url is not set: {why_not_embedded}",
            hint="set FOOTNOTE_CATALOGUE__URL to the server's",
        )
    with closing(Database(url)) as database:
        yield database
