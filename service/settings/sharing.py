"""What processes share: caches, limits, and the Redis that carries both where there is one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from service.settings.base import MIB, Count, Seconds, Section


class RedisSettings(Section):
    """Redis of server mode: caches, rate limits and wake-ups. Its absence costs speed, never an answer."""

    url: SecretStr = SecretStr("")
    """`redis://HOST:PORT/0` or `rediss://` with TLS; unset, all of that is kept in each process."""
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "footnote"
    """Of all keys; two installations on one Redis need two."""
    timeout_s: Seconds = 0.2
    """Of each call: what takes longer is done without Redis."""
    retry_s: Seconds = 2
    """How long a Redis that did not answer is left alone."""


class CacheSettings(Section):
    """Answers that are kept for whoever asks the same again."""

    enabled: bool = True
    """Whether answers are kept at all."""
    ttl_s: Annotated[int, Field(ge=1)] = 3600
    """How long an answer is kept at most, and how long the text of a deleted document may lie in a cache that
    cannot be reached at the time; nobody is given it."""
    max_entries: Count = 5_000
    """In one process; where there is Redis, its own `maxmemory` is the limit."""
    max_bytes: Count = 64 * MIB
    """In one process, of all entries together as JSON; in memory they take a fifth more."""
    lease_s: Seconds = 10
    """How long a process waits for the answer to the same question that another one is working on."""
    question_vectors: Annotated[int, Field(ge=0)] = 1_000
    """Texts whose vectors each process remembers, about 5 KB each; at 0 none."""


class LimitsSettings(Section):
    """How often one may ask; 0 is no limit."""

    key_per_minute: Annotated[int, Field(ge=0)] = 0
    """Questions and searches that one API key may ask in any 60 seconds."""
    tenant_per_minute: Annotated[int, Field(ge=0)] = 0
    """The same for all keys of a tenant together, where the tenant has no quota of its own."""
