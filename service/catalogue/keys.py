"""API keys: made, known by their hash, revoked. A secret is returned once, and kept nowhere."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, insert, or_, select, update

from service.catalogue.access_models import KeyRow
from service.catalogue.audit import entry_of, note
from service.catalogue.cursors import decoded, encoded
from service.catalogue.database import Database, now
from service.catalogue.identity import checked_groups, checked_name
from service.catalogue.models import TenantRow
from service.catalogue.secret import hash_of, new_secret, prefix_of
from service.errors import InvalidInput, NotFound
from service.records import Page
from service.tenancy import Actor, Key, KnownKey, NewKey
from service.types import EVERY_GROUP

COLUMNS = KeyRow.__table__.columns
PLAIN = tuple(column.name for column in COLUMNS if column.name not in ("groups", "sha256"))


class Keys:
    """The API keys of all tenants; who may see those of a tenant is for the caller to know."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, tenant: str, new: NewKey, actor: Actor) -> tuple[Key, str]:
        """A new key and its secret, which nobody can be shown again.

        Raises:
            NotFound: there is no such tenant.
            InvalidInput: the name or a group is not fit to be one, or the key would be expired already.
        """
        secret = new_secret()
        key = _new_key(tenant, new, secret)
        row = {name: getattr(key, name) for name in PLAIN}
        row |= {"groups": list(key.groups), "sha256": hash_of(secret)}
        with self._database.writing() as connection:
            active = (TenantRow.name == tenant) & (TenantRow.state == "active")
            if connection.scalar(select(TenantRow.name).where(active).with_for_update()) is None:
                raise NotFound(f"there is no tenant {tenant!r}", hint="`footnote tenants create` makes one")
            connection.execute(insert(KeyRow).values(**row))
            detail = {"role": key.role, "groups": key.groups}
            note(connection, entry_of(tenant, actor, "key.create", key.id, detail=detail))
        return key, secret

    def find(self, sha256: str) -> KnownKey | None:
        """The key whose secret has this hash, if it may be used now."""
        query = (
            select(*COLUMNS, TenantRow.questions_per_minute, TenantRow.audits_questions)
            .join(TenantRow, TenantRow.name == KeyRow.tenant)
            .where(KeyRow.sha256 == sha256, TenantRow.state == "active", _usable(now()))
        )
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return KnownKey(_key(row), row["sha256"], row["questions_per_minute"], row["audits_questions"])

    def any_usable(self) -> bool:
        """Whether there is a key that anybody could use now."""
        query = (
            select(KeyRow.id)
            .join(TenantRow, TenantRow.name == KeyRow.tenant)
            .where(TenantRow.state == "active", _usable(now()))
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.scalar(query) is not None

    def page(self, tenant: str, cursor: str | None, limit: int) -> Page[Key]:
        """A page of a tenant's keys in a stable order, revoked and expired ones too.

        Raises:
            InvalidInput: the cursor was not given out by this method.
        """
        after = "" if cursor is None else decoded(cursor)
        query = (
            select(*COLUMNS)
            .where(KeyRow.tenant == tenant, KeyRow.id > after)
            .order_by(KeyRow.id)
            .limit(limit + 1)
        )
        with self._database.reading() as connection:
            keys = [_key(row) for row in connection.execute(query).mappings()]
        items = tuple(keys[:limit])
        return Page(items, encoded(items[-1].id) if len(keys) > limit else None)

    def revoke(self, tenant: str, key_id: str, actor: Actor) -> Key:
        """Ends a key for good; one that was revoked before stays as it is.

        Raises:
            NotFound: the tenant has no such key.
        """
        ours = (KeyRow.id == key_id) & (KeyRow.tenant == tenant)
        with self._database.writing() as connection:
            row = connection.execute(select(*COLUMNS).where(ours).with_for_update()).mappings().first()
            if row is None:
                raise NotFound(f"there is no key {key_id!r}")
            if row["revoked_at"] is None:
                connection.execute(update(KeyRow).where(ours).values(revoked_at=now()))
                note(connection, entry_of(tenant, actor, "key.revoke", key_id))
            return _key(connection.execute(select(*COLUMNS).where(ours)).mappings().one())

    def used(self, moments: Mapping[str, datetime]) -> None:
        """Notes when keys were last used, by id; what is older than what is known changes nothing."""
        with self._database.writing() as connection:
            for key_id, moment in sorted(moments.items()):
                older = or_(KeyRow.last_used_at.is_(None), KeyRow.last_used_at < moment)
                connection.execute(
                    update(KeyRow).where(KeyRow.id == key_id, older).values(last_used_at=moment)
                )


def _usable(moment: datetime) -> ColumnElement[bool]:
    return KeyRow.revoked_at.is_(None) & or_(KeyRow.expires_at.is_(None), KeyRow.expires_at > moment)


def _new_key(tenant: str, new: NewKey, secret: str) -> Key:
    moment = now()
    if new.expires_at is not None and new.expires_at <= moment:
        raise InvalidInput("expires_at: it lies in the past")
    return Key(
        id=str(uuid.uuid4()),
        tenant=tenant,
        name=checked_name(new.name),
        role=new.role,
        groups=checked_groups(new.groups, also=(EVERY_GROUP,)),
        prefix=prefix_of(secret),
        created_at=moment,
        expires_at=new.expires_at,
        revoked_at=None,
        last_used_at=None,
    )


def _key(row: RowMapping) -> Key:
    return Key(**{name: row[name] for name in PLAIN}, groups=tuple(row["groups"]))
