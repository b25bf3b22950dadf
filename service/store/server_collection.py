"""The collection of an index on a Qdrant server, and the alias in front of it.

The collection is named for the index, so that two models never share one; the alias says which is in force,
for every process at once.
"""

from __future__ import annotations

from qdrant_client import QdrantClient, models

from service.errors import IndexMismatch, StoreUnavailable
from service.settings import ServerStoreSettings
from service.store.server_errors import exists_already

DENSE, SPARSE = "dense", "bm25"
OLDEST_VERSION = (1, 19)
"""An older server takes BM25's term statistics over all tenants, and says nothing."""

FIELD_INDEX: dict[str, models.PayloadSchemaType | models.KeywordIndexParams] = {
    "tenant": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    "live": models.PayloadSchemaType.KEYWORD,
    "document": models.PayloadSchemaType.KEYWORD,
    "groups": models.PayloadSchemaType.KEYWORD,
    "source": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, prefix=True),
    "epoch": models.PayloadSchemaType.INTEGER,
}
METADATA_INDEX = {
    "text": models.PayloadSchemaType.KEYWORD,
    "number": models.PayloadSchemaType.FLOAT,
    "date": models.PayloadSchemaType.DATETIME,
}


def collection_of(settings: ServerStoreSettings, index_name: str) -> str:
    """The collection of an index."""
    return f"{settings.alias}-{index_name}"


def ensure_collection(
    client: QdrantClient,
    settings: ServerStoreSettings,
    index_name: str,
    dimension: int,
    *,
    in_force: bool = False,
) -> str:
    """The name of the index's collection, which is made where the alias stands for none.

    `in_force`: the catalogue says that it is this one; a switch that was cut off may have left the alias.

    Raises:
        IndexMismatch: the alias stands for another index.
        StoreUnavailable: the server is too old.
    """
    _check_version(client)
    name = collection_of(settings, index_name)
    known = behind(client, settings.alias)
    if known not in (None, name) and not in_force:
        raise IndexMismatch(
            f"the alias {settings.alias!r} stands for {known!r}, but the settings' model makes {name!r}",
            hint="set FOOTNOTE_EMBED__MODEL back, or another FOOTNOTE_STORE__SERVER__ALIAS",
        )
    if known != name:
        create(client, settings, name, dimension)
        switch(client, settings.alias, name)
    return name


def ensure_beside(
    client: QdrantClient, settings: ServerStoreSettings, index_name: str, dimension: int
) -> str:
    """The name of the collection of an index that is not in force, which is made if there is none.

    Raises:
        StoreUnavailable: the server is too old.
    """
    _check_version(client)
    create(client, settings, name := collection_of(settings, index_name), dimension)
    return name


def behind(client: QdrantClient, alias: str) -> str | None:
    """The collection that an alias stands for, or None."""
    aliases = {one.alias_name: one.collection_name for one in client.get_aliases().aliases}
    return aliases.get(alias)


def switch(client: QdrantClient, alias: str, name: str) -> None:
    """From now on the alias stands for this collection; readers see the one or the other."""
    changes: list[models.AliasOperations] = []
    if behind(client, alias) is not None:
        changes.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
    taken = models.CreateAlias(collection_name=name, alias_name=alias)
    client.update_collection_aliases([*changes, models.CreateAliasOperation(create_alias=taken)])


def create(client: QdrantClient, settings: ServerStoreSettings, name: str, dimension: int) -> None:
    """An empty collection; one that another process has just made is taken as it is.

    Every search names its tenant, so the graph has links within a tenant's chunks alone (`payload_m`), as
    Qdrant advises for many tenants in one collection.
    """
    if not client.collection_exists(name):
        _create_unless_another_does(client, settings, name, dimension)
    for field, schema in FIELD_INDEX.items():
        client.create_payload_index(name, field, schema, wait=True)


def _create_unless_another_does(
    client: QdrantClient, settings: ServerStoreSettings, name: str, dimension: int
) -> None:
    try:
        client.create_collection(
            name,
            vectors_config={DENSE: models.VectorParams(size=dimension, distance=models.Distance.COSINE)},
            sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            hnsw_config=models.HnswConfigDiff(m=0, payload_m=16),
            quantization_config=_quantization(settings),
            shard_number=settings.shard_number,
            replication_factor=settings.replication_factor,
            write_consistency_factor=settings.write_consistency_factor,
            on_disk_payload=settings.on_disk_payload,
        )
    except Exception as error:
        if not exists_already(error):
            raise


def _quantization(settings: ServerStoreSettings) -> models.ScalarQuantization | None:
    if settings.quantization == "none":
        return None
    config = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
    return models.ScalarQuantization(scalar=config)


def _check_version(client: QdrantClient) -> None:
    version = client.info().version
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < OLDEST_VERSION:
        raise StoreUnavailable(
            f"the Qdrant server is of version {version}; it must be of {_dotted(OLDEST_VERSION)} or newer",
            hint="update the Qdrant server",
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
