"""Where documents, vectors and the record of them are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from service.settings.base import MIB, Count, Seconds, Section


class CatalogueSettings(Section):
    """Where it is, what is kept, and for how long."""

    url: SecretStr = SecretStr("")
    """Of a PostgreSQL server, `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`; embedded mode keeps a file
    in its data folder instead."""
    max_connections: Count = 16
    """Of each process to the server, half of them for questions; half as many more are for the locks of
    documents."""
    lock_wait_s: Seconds = 30
    """How long a write waits for another one before it fails as busy. A server that says nothing for twice as
    long counts as away."""
    lease_s: Seconds = 60
    """How long a document stays with a worker that gives no sign of life; then another one takes it."""
    keep_versions: Count = 10
    """How many versions' texts of a document stay readable."""
    keep_answers_days: Count = 30
    """How long an answer can be judged; one that was judged stays as long as its feedback."""
    keep_tallies_days: Annotated[int, Field(ge=36)] = 90
    """How long it can be looked at what answers were like (`footnote drift`), which takes 35 days."""
    keep_feedback_days: Count = 365
    """How long feedback can be learned from."""
    keep_samples_days: Count = 7
    """How long answers are kept with their words, for `footnote eval shadow` and `footnote eval online`."""
    feedback_to_cases: bool = False
    """Whether `footnote eval collect` may make questions of an evaluation out of feedback, masked; whoever
    asked should have been told."""
    keep_jobs_days: Count = 30
    """How long the end of an ingest can be asked for."""
    keep_audit_days: Count = 365
    """How long it can be read who did what."""
    keep_idempotency_hours: Count = 24
    """How long the same `Idempotency-Key` means the same upload."""


class ReceiptSettings(Section):
    """What receipts of deletes are signed with."""

    signing_key: SecretStr = SecretStr("")
    """An Ed25519 key as `footnote receipts new-key` makes it; embedded mode keeps one in its data folder."""


class ServerStoreSettings(Section):
    """The Qdrant server or cluster of server mode; what it is made of holds for a new collection."""

    url: str = "http://127.0.0.1:6333"
    """The server's REST address."""
    grpc_port: Annotated[int, Field(ge=1, le=65535)] = 6334
    """The server's gRPC port."""
    api_key: SecretStr = SecretStr("")
    """The server's API key, if it has one."""
    timeout_s: Seconds = 5
    """Of each call."""
    alias: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "footnote"
    """Stands for the collection of the index in force; two installations on one server need two."""
    shard_number: Count = 1
    """Into how many parts a new collection is divided."""
    replication_factor: Count = 1
    """How many nodes hold each part."""
    write_consistency_factor: Count = 1
    """How many replicas must have applied a write before it counts."""
    quantization: Literal["none", "scalar"] = "scalar"
    """`scalar` searches one byte a number, in memory, and scores the best by the vectors themselves."""
    on_disk_payload: bool = True
    """Keep what belongs to a vector on disk rather than in memory."""


class StoreSettings(Section):
    """Where vectors and originals are kept."""

    server: ServerStoreSettings = ServerStoreSettings()

    min_free_bytes: Count = 256 * MIB
    """With less room on its disk nothing is written, so that a full disk ends no process half way."""


class BlobSettings(Section):
    """Where the original files are kept: in the data folder, or in a bucket of a storage that speaks S3."""

    bucket: str = ""
    """Unset, the originals lie in the data folder."""
    endpoint: str = ""
    """The storage's URL; unset, that of AWS."""
    region: str = "us-east-1"
    """The bucket's region."""
    access_key_id: str = ""
    """Unset, the keys are taken from where AWS's own tools find them."""
    secret_access_key: SecretStr = SecretStr("")
    """The secret that belongs to `blobs.access_key_id`."""
    timeout_s: Seconds = 30
    """How long one request may take, and how long it is tried again."""
