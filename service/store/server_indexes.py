"""An index on a Qdrant server beside the one in force: built, put in its place, and removed."""

from __future__ import annotations

from contextlib import closing

from service.settings import ServerStoreSettings
from service.store.server import ServerStore, connected, opened
from service.store.server_collection import collection_of, ensure_beside, switch
from service.store.server_errors import translated

REMOVED_WITHIN_S = 60


def build_server_store(settings: ServerStoreSettings, index_name: str, dimension: int) -> ServerStore:
    """The store of an index beside the one in force; its collection is made if there is none.

    Raises:
        StoreUnavailable: the server does not answer.
    """
    return opened(settings, lambda client: ensure_beside(client, settings, index_name, dimension))


def put_behind_alias(settings: ServerStoreSettings, index_name: str) -> None:
    """The alias stands for this index from now on.

    Raises:
        StoreUnavailable: the server does not answer.
    """
    with closing(connected(settings)) as client, translated():
        switch(client, settings.alias, collection_of(settings, index_name))


def remove_collection(settings: ServerStoreSettings, index_name: str) -> None:
    """Removes an index's collection, if there is one.

    Raises:
        StoreUnavailable: the server does not answer.
    """
    with closing(connected(settings)) as client, translated():
        if client.collection_exists(name := collection_of(settings, index_name)):
            client.delete_collection(name, timeout=REMOVED_WITHIN_S)
