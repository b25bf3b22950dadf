"""Where a tenant's vectors lie: a move is a sequence of steps, each taken once."""

from __future__ import annotations

import pytest

from service.catalogue import Database, Placements, Tenants
from service.errors import Conflict, NotFound
from service.tenancy import Placement


@pytest.fixture
def placements(database: Database) -> Placements:
    """Those of an installation with one tenant."""
    Tenants(database).create("acme")
    return Placements(database)


def test_a_tenant_lives_among_the_others_until_something_else_is_asked_for(placements: Placements) -> None:
    assert placements.look("acme") == placements.look("nobody") == Placement()
    placements.ask_for("acme", "dedicated")
    assert placements.look("acme") == Placement(wanted="dedicated")
    assert (placements.moving(), placements.under_way(), placements.dedicated()) == (["acme"], [], [])
    with pytest.raises(NotFound):
        placements.ask_for("nobody", "dedicated")


def test_a_move_goes_step_by_step(placements: Placements) -> None:
    placements.ask_for("acme", "dedicated")
    begun = placements.begin("acme", placements.look("acme"))
    assert (begun.home, begun.written, begun.held) == (
        "shared",
        ("shared", "dedicated"),
        ("shared", "dedicated"),
    )
    switched = placements.switch("acme", begun)
    assert (switched.home, switched.written, switched.held) == (
        "dedicated",
        ("dedicated",),
        ("shared", "dedicated"),
    )
    settled = placements.finish("acme", switched)
    assert settled == placements.look("acme") == Placement("dedicated", "", 3, "dedicated")
    assert (placements.moving(), placements.under_way(), placements.dedicated()) == ([], [], ["acme"])


def test_a_move_that_is_given_up_leaves_the_tenant_where_it_was(placements: Placements) -> None:
    begun = placements.begin("acme", placements.look("acme"))
    given_up = placements.give_up("acme", begun)
    assert (given_up.home, given_up.written, given_up.held) == (
        "shared",
        ("shared",),
        ("shared", "dedicated"),
    )
    assert placements.finish("acme", given_up).held == ("shared",)


def test_a_step_that_another_process_has_taken_is_not_taken_again(placements: Placements) -> None:
    before = placements.look("acme")
    placements.begin("acme", before)
    with pytest.raises(Conflict, match="another process"):
        placements.begin("acme", before)
    assert placements.look("acme").moves == 1
