"""Every error that Footnote raises on purpose.

FootnoteError
├── InvalidInput (422)
│   ├── LimitExceeded (413)
│   ├── InvalidFilter
│   ├── UnsupportedMedia (415)
│   ├── ReceiveTimeout (408, retryable)
│   ├── HostNotAllowed (421)
│   └── CrossSiteRequest (403)
├── Unauthenticated (401)
├── Forbidden (403)
├── NotFound (404)
├── Conflict (409)
│   ├── DataFolderLocked
│   ├── IndexMismatch
│   ├── SchemaMismatch
│   ├── QuotaExceeded
│   └── LeaseLost
├── ParseError (422)               one typed failure per way a file can be unreadable
│   ├── EncryptedFile · CorruptFile · MistypedFile · ExplodingFile · NestingTooDeep
│   └── ParseTimeout · ParseOutOfMemory · ParseCrashed · EmptyDocument
├── Unavailable (503, retryable)
│   ├── Overloaded (429)
│   ├── TooManyFailures (429)
│   │   └── RateLimited
│   ├── NotReady · ShuttingDown
│   ├── ModelUnavailable
│   ├── StoreUnavailable
│   │   └── StoreDamaged · StoreUnreachable
│   ├── IndexChanging
│   ├── BlobsUnavailable
│   ├── RedisUnavailable
│   ├── StorageFull (507)
│   ├── CatalogueUnavailable
│   │   └── CatalogueBusy
│   └── GeneratorUnavailable
│       └── DeadlineExceeded (504)
└── Misconfigured (500)

Each leaf has a stable `code`, the HTTP `status` it becomes, the `stage` it arose in and whether the same
call may succeed later (`retryable`). Vendor exceptions are translated where the vendor is called.
"""

from __future__ import annotations


class FootnoteError(Exception):
    """Base of all errors; `str(error)` is fit to show to a user and holds no document content or secret."""

    code = "internal"
    status = 500
    stage = ""
    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        """What the reader can do about it, a command where there is one."""


class InvalidInput(FootnoteError):
    """The request cannot be understood or breaks a rule."""

    code, status = "invalid_input", 422


class LimitExceeded(InvalidInput):
    """Something is larger than a limit; the message names the limit and the setting that holds it."""

    code, status = "limit_exceeded", 413


class InvalidFilter(InvalidInput):
    """A filter names a field or an operator in a way that cannot be searched."""

    code, stage = "invalid_filter", "search"


class UnsupportedMedia(InvalidInput):
    """No parser reads this kind of file."""

    code, status, stage = "unsupported_media", 415, "load"


class ReceiveTimeout(InvalidInput):
    """The request arrived too slowly."""

    code, status, retryable = "receive_timeout", 408, True


class HostNotAllowed(InvalidInput):
    """The request names a host that this service does not answer for (DNS rebinding)."""

    code, status = "host_not_allowed", 421


class CrossSiteRequest(InvalidInput):
    """A page of another site tried to change something through a reader's browser."""

    code, status = "cross_site_request", 403


class Unauthenticated(FootnoteError):
    """The request has no API key, or one that is not valid (any more)."""

    code, status = "unauthenticated", 401


class Forbidden(FootnoteError):
    """The API key is valid, and may not do this."""

    code, status = "forbidden", 403


class NotFound(FootnoteError):
    """There is no such thing in this scope."""

    code, status = "not_found", 404


class Conflict(FootnoteError):
    """The request does not fit the present state."""

    code, status = "conflict", 409


class DataFolderLocked(Conflict):
    """Another process holds the data folder."""

    code, stage = "data_folder_locked", "store"


class IndexMismatch(Conflict):
    """The index was made with another model; reindexing repairs it."""

    code, stage = "index_mismatch", "store"


class SchemaMismatch(Conflict):
    """The catalogue's tables are of another version; `footnote migrate` brings older ones up to date."""

    code, stage = "schema_mismatch", "store"


class QuotaExceeded(Conflict):
    """The tenant has as much as its quota allows; the message names the quota."""

    code = "quota_exceeded"


class LeaseLost(Conflict):
    """A job is not the caller's any more: it was silent for too long, or the job's document was deleted."""

    code, stage = "lease_lost", "store"


class ParseError(FootnoteError):
    """A file could not be read; the rest of its batch goes on."""

    code, status, stage = "parse_error", 422, "parse"


class EncryptedFile(ParseError):
    """The file needs a password."""

    code = "encrypted_file"


class CorruptFile(ParseError):
    """The file is truncated or damaged."""

    code = "corrupt_file"


class MistypedFile(ParseError):
    """The content is not what the file's name says."""

    code = "mistyped_file"


class ExplodingFile(ParseError):
    """The file unpacks to far more than it holds (zip bomb, Flate bomb, a sheet of millions of cells)."""

    code = "exploding_file"


class NestingTooDeep(ParseError):
    """Archives, attachments or tables nest deeper than the limit."""

    code = "nesting_too_deep"


class ParseTimeout(ParseError):
    """Parsing took longer than the limit."""

    code = "parse_timeout"


class ParseOutOfMemory(ParseError):
    """Parsing needed more memory than the limit."""

    code = "parse_out_of_memory"


class ParseCrashed(ParseError):
    """The parser's process died."""

    code = "parse_crashed"


class EmptyDocument(ParseError):
    """No text was found in the file."""

    code = "empty_document"


class Unavailable(FootnoteError):
    """Something needed is not there now; the same call may succeed later."""

    code, status, retryable = "unavailable", 503, True
    retry_after_s = 1
    """When it is worth trying again."""


class Overloaded(Unavailable):
    """More is asked at once than the limits allow."""

    code, status = "overloaded", 429


class TooManyFailures(Unavailable):
    """Too many requests with keys that are not valid came from one address."""

    code, status = "too_many_failures", 429


class RateLimited(Overloaded):
    """One caller asks more often than allowed; the message names the limit and its setting."""

    code = "rate_limited"

    def __init__(self, message: str, *, hint: str = "", retry_after_s: int = 1) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class NotReady(Unavailable):
    """A component that every query needs cannot serve yet."""

    code = "not_ready"


class ShuttingDown(Unavailable):
    """The service stops; another instance, or the same one after its restart, will answer."""

    code = "shutting_down"


class ModelUnavailable(Unavailable):
    """A model is not installed or cannot be loaded."""

    code, stage, retryable = "model_unavailable", "embed", False


class StoreUnavailable(Unavailable):
    """The vector store does not answer."""

    code, stage = "store_unavailable", "store"


class StoreDamaged(StoreUnavailable):
    """Files of the vector store are broken; reindexing makes it anew from the originals."""

    code, retryable = "store_damaged", False


class StoreUnreachable(StoreUnavailable):
    """The server of the vector store cannot be reached, or does not answer in time."""

    code = "store_unreachable"


class IndexChanging(Unavailable):
    """Another model's index takes the place of the one in force; documents wait until it has."""

    code, stage = "index_changing", "store"


class BlobsUnavailable(Unavailable):
    """The storage of the original files does not answer, or refuses."""

    code, stage = "blobs_unavailable", "store"


class RedisUnavailable(Unavailable):
    """Redis does not answer; whoever asked it goes on without."""

    code = "redis_unavailable"


class StorageFull(Unavailable):
    """The disk has no room left; what waits in the queue goes on when there is some."""

    code, status, stage = "storage_full", 507, "store"


class CatalogueUnavailable(Unavailable):
    """The SQL catalogue does not answer: it is unreadable, or gone."""

    code, stage = "catalogue_unavailable", "store"


class CatalogueBusy(CatalogueUnavailable):
    """Another writer holds the catalogue, and has for longer than a write waits."""

    code = "catalogue_busy"


class GeneratorUnavailable(Unavailable):
    """The language model does not answer."""

    code, stage = "generator_unavailable", "generate"


class DeadlineExceeded(GeneratorUnavailable):
    """The answer was not complete before its deadline."""

    code, status = "deadline_exceeded", 504


class Misconfigured(FootnoteError):
    """A setting is missing or contradicts another."""

    code = "misconfigured"
