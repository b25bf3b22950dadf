"""Access as a server has it, put together and running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.access.authenticating import Authenticator
from service.access.noting import Auditor
from service.access.starting import check_start
from service.background import repeating
from service.catalogue import AuditKeeper, AuditLog, Database, Keys, Tenants, Variants
from service.health.readiness import Readinesses
from service.settings import Settings

NOTE_USES_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in, and all that an administrator may see and do."""

    authenticator: Authenticator
    auditor: Auditor
    keeper: AuditKeeper
    audit: AuditLog
    keys: Keys
    tenants: Tenants
    variants: Variants

    @classmethod
    def of(cls, settings: Settings, database: Database) -> Access:
        """Over a catalogue; what is noted is written while `running`."""
        keys, audit = Keys(database), AuditLog(database)
        keeper = AuditKeeper(audit)
        return cls(
            authenticator=Authenticator(keys, settings.access),
            auditor=Auditor(keeper),
            keeper=keeper,
            audit=audit,
            keys=keys,
            tenants=Tenants(database),
            variants=Variants(database),
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Writes what was noted until the block ends."""
        noting = repeating(self.authenticator.note_uses, NOTE_USES_EVERY_S, "noting when keys were used")
        with self.keeper.running(), noting:
            yield

    def check(self) -> str:
        """How the noting goes, for `/readyz`."""
        return f"{self.keeper.lost} entries were lost" if self.keeper.lost else "every entry is kept"


@contextmanager
def open_access(settings: Settings, database: Database, parts: Readinesses) -> Iterator[Access | None]:
    """Access until the block ends; None in embedded mode, which has no credentials.

    Args:
        parts: what `/readyz` tells of; the audit log is told of as well.

    Raises:
        Misconfigured: nobody could come in, or anybody.
    """
    if settings.mode == "embedded":
        yield None
        return
    access = Access.of(settings, database)
    check_start(settings, access.keys)
    with access.running(), parts.including("audit", access.check):
        yield access
