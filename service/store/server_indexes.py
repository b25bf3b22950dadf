"""An index on a Qdrant server takes the place of the one in force, and is removed."""

from __future__ import annotations

from contextlib import closing

from service.settings import ServerStoreSettings
from service.store.server import REMOVED_WITHIN_S, connected
from service.store.server_collection import collection_of, switch
from service.store.server_errors import translated
from service.store.server_places import own_collections


def put_behind_alias(settings: ServerStoreSettings, index_name: str) -> None:
    """The alias stands for this index from now on.

    Raises:
        StoreUnavailable: the server does not answer.
    """
    with closing(connected(settings)) as client, translated():
        switch(client, settings.alias, collection_of(settings, index_name))


def remove_collection(settings: ServerStoreSettings, index_name: str) -> None:
    """Removes an index's collection, if there is one, and those of single tenants.

    Raises:
        StoreUnavailable: the server does not answer.
    """
    with closing(connected(settings)) as client, translated():
        name, own = collection_of(settings, index_name), own_collections(settings, index_name)
        for one in client.get_collections().collections:
            if one.name == name or one.name.startswith(own):
                client.delete_collection(one.name, timeout=REMOVED_WITHIN_S)
