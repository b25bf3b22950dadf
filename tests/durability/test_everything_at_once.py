"""Uploads, deletes, moves of tenants, tenants that leave, another model, and kills, all at once.

What is done is drawn with the seed, in which order it happens is not. All the while everybody is shown what
the model allows: nothing of another tenant, no half of a document, nothing that is gone, all that is there.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from service.catalogue import Placements, Tenants, document_id
from service.catalogue.access_models import AuditRow
from service.catalogue.models import DocumentRow, JobRow, PurgeRow
from service.catalogue.tenants import OF_A_TENANT, everything_of
from service.errors import CatalogueUnavailable, StoreUnavailable
from service.local_engine import LocalEngine
from service.reindexing import reindex_to
from service.settings import DecideSettings, Settings, VariantSettings
from service.types import Query
from service.upkeep.receipts import verify
from tests.durability.checking import states, work_off
from tests.durability.conftest import Size
from tests.durability.crew import Crew, Hand, until
from tests.durability.model import Model
from tests.durability.working import Fate, Place
from tests.fakes_core import opened, put
from tests.ingest.checking import assert_whole, found
from tests.leading import moves_of, removal_of_tenants

TENANTS = ("acme", "globex")
SOURCES = tuple(f"{n}.md" for n in range(5))
TRIED = {
    "decide": DecideSettings(threshold=0),
    "variants": {"bold": VariantSettings.model_validate({"shadow": 1.0, "context": {"max_passages": 3}})},
}
"""Every question is answered, and by a variant as well: both answers are kept with their words."""
QUESTION = "Which part of the pump is of steel?"
PAUSE_S = 0.3
"""At most, between two things that somebody does."""
KILLS = 3
"""Of workers in a round: a document that is read in alone while four die is given up as their poison."""
OF_A_MOVE = [
    "Placements.begin 1 after",
    "MovableStore.take_over 1 after",
    "Placements.switch 1 before",
    "Placements.switch 1 after",
    "Placements.finish 1 before",
]
OF_A_REINDEX = [
    "Indexes.begin 1 after",
    "FakeEmbedder.embed_passages 1 after",
    "Indexes.switching 1 before",
    "server_indexes.put_behind_alias 1 before",
]


@dataclass
class People:
    """What the people of one tenant do, one thing after the other."""

    tenant: str
    engine: LocalEngine
    model: Model
    dice: random.Random

    def act(self, steps: int) -> None:
        """So many things."""
        acts: list[Callable[[], None]] = [self.upload, self.delete, self.isolate, self.leave]
        for act in self.dice.choices(acts, weights=[10, 5, 3, 1], k=steps):
            act()
            time.sleep(self.dice.random() * PAUSE_S)

    def upload(self) -> None:
        place = self.tenant, self.dice.choice(SOURCES)
        put(self.engine, place[1], self.model.next_edition(place), scope=everything_of(self.tenant))

    def delete(self) -> None:
        place, scope = (self.tenant, self.dice.choice(SOURCES)), everything_of(self.tenant)
        if self.model.now(place) == {None}:
            return
        self.model.may_go(place)
        with suppress(StoreUnavailable, CatalogueUnavailable):  # what was begun is completed later
            receipt = asyncio.run(self.engine.delete(scope, document_id(scope, place[1])))
            self.model.gone(place)
            verify(receipt.receipt, self.engine.receipts_key())

    def isolate(self) -> None:
        Placements(self.engine.database).ask_for(self.tenant, self.dice.choice(["dedicated", "shared"]))

    def leave(self) -> None:
        """The tenant is deleted, and another one of its name comes."""
        tenants = Tenants(self.engine.database)
        for source in SOURCES:
            self.model.may_go((self.tenant, source))
        tenants.begin_delete(self.tenant)
        removal = removal_of_tenants(self.engine)

        def gone() -> bool:
            with suppress(StoreUnavailable, CatalogueUnavailable):
                removal.remove_all()
            return self.tenant not in [one.name for one in tenants.all()]

        until(gone)
        assert rows_of(self.engine, self.tenant) == set()
        for source in SOURCES:
            self.model.gone((self.tenant, source))
        tenants.create(self.tenant)


def rows_of(engine: LocalEngine, tenant: str) -> set[str]:
    """The tables that have something of a tenant, beside the log that says that it was deleted."""
    columns = {*OF_A_TENANT, JobRow.tenant, DocumentRow.tenant, PurgeRow.tenant} - {AuditRow.tenant}
    with engine.database.reading() as connection:
        return {
            one.class_.__tablename__
            for one in columns
            if connection.scalar(select(func.count()).where(one == tenant))
        }


def look(engine: LocalEngine, model: Model, tenant: str) -> None:
    """Somebody of the tenant searches and asks."""
    scope, since = everything_of(tenant), model.moment()
    model.check(tenant, found(engine, QUESTION, scope, top_k=100), since, all_of_it=True)
    since = model.moment()
    answer = asyncio.run(engine.answer(scope, Query(QUESTION)))
    model.check(tenant, [one.quote for one in answer.citations], since, all_of_it=False)


def mix(engine: LocalEngine, crew: Crew, model: Model, size: Size, dice: random.Random) -> None:
    """A round: all of it at once, while workers are killed, and whoever moves tenants."""
    people = [People(one, engine, model, random.Random(dice.random())) for one in TENANTS]
    workers, kills = [crew.work(), crew.work()], 0
    places, movers = Placements(engine.database), list[Hand]()
    with ThreadPoolExecutor(2 * len(people)) as threads:
        acting = [threads.submit(one.act, size.steps) for one in people]

        def look_on(tenant: str) -> None:
            while not all(one.done() for one in acting):
                look(engine, model, tenant)

        looking = [threads.submit(look_on, one) for one in TENANTS]
        while not all(one.done() for one in acting):
            movers = [one for one in movers if one.lives]
            if len(movers) < 2 and places.moving():  # two that both believe they lead
                movers.append(crew.move_tenants(Fate(dice.choice(OF_A_MOVE))))
            if kills < KILLS and dice.random() < 0.5:
                workers.pop(0).kill()
                workers.append(crew.work())
                kills += 1
            time.sleep(PAUSE_S)
        for one in [*acting, *looking]:
            one.result()
    crew.dismiss()


def settle(engine: LocalEngine, model: Model) -> None:
    """Whatever was begun is ended, by the workers and the process that lead; then the model holds exactly."""
    moves = moves_of(engine)
    while moves.footing.places.moving():
        moves.look()
    engine.maintenance.complete_deletes()
    work_off(engine)
    model.settle()
    for tenant in TENANTS:
        look(engine, model, tenant)
        for receipt in asyncio.run(engine.receipts(everything_of(tenant), None, 100)).items:
            verify(receipt, engine.receipts_key())
    assert engine.fsck.run() == ()
    assert_whole(engine)
    assert "failed" not in states(engine).values()


def test_everybody_is_shown_what_is_theirs_whatever_else_is_done_and_killed(
    place: Place, crew: Crew, size: Size, dice: random.Random
) -> None:
    model = Model(TENANTS, SOURCES, parts=3)
    crew.place = replace(place, services={**place.services, **TRIED})
    settings = Settings(data_dir=place.folder / "data", **crew.place.services)
    for number in range(size.rounds + 1):
        if number:  # nobody answers from the earlier model's index any more
            reindex_to(settings, lambda _: crew.place.embedder())
        with opened(settings.data_dir, crew.place.embedder(), **crew.place.services) as engine:
            if not number:
                for tenant in TENANTS:
                    Tenants(engine.database).create(tenant)
            mix(engine, crew, model, size, dice)
            settle(engine, model)
            if number < size.rounds:
                crew.place = replace(crew.place, model=number + 2)
                crew.reindex(Fate(dice.choice(OF_A_REINDEX))).until_over()
                reindex_to(settings, lambda _: crew.place.embedder())
                for tenant in TENANTS:
                    look(engine, model, tenant)
