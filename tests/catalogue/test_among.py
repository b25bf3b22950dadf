"""A column's value among any number of texts, on each of the databases."""

import pytest
from sqlalchemy import bindparam, insert, select

from service.catalogue import Database
from service.catalogue.connecting import Texts, among
from service.catalogue.models import TenantRow

NAMES = ["plain", "o'neil", 'the "second"', "a\\b", "{a,b}", "ünï\U0001f600", "NULL", ""]
WANTED = select(TenantRow.name).where(among(TenantRow.name, bindparam("wanted", type_=Texts())))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], []),
        (NAMES, NAMES),
        (["{a", "b}", "a", "neil", "null"], []),
        ([*map(str, range(10_000)), "plain", "plain"], ["plain"]),
    ],
    ids=["none", "all", "parts", "ten thousand"],
)
def test_each_of_the_texts_is_found_as_it_is_written_and_no_other(
    database: Database, wanted: list[str], found: list[str]
) -> None:
    with database.writing() as connection:
        connection.execute(insert(TenantRow), [{"name": name} for name in NAMES])
    names = database.ask(lambda connection: connection.scalars(WANTED, {"wanted": wanted}).all())
    assert sorted(names) == sorted(found)
