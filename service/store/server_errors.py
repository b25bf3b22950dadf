"""What a Qdrant server's client raises, in errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grpc import RpcError, StatusCode
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from service.disk import ROOM
from service.errors import FootnoteError, StorageFull, StoreUnavailable, StoreUnreachable

FULL = ("No space left", "out of disk space", "Disk usage", "not enough free disk space")
"""What the server says when its disk is full."""
REFUSED = (StatusCode.UNAUTHENTICATED, StatusCode.PERMISSION_DENIED)
PASSING = (
    StatusCode.UNAVAILABLE,
    StatusCode.RESOURCE_EXHAUSTED,
    StatusCode.ABORTED,
    StatusCode.CANCELLED,
    StatusCode.FAILED_PRECONDITION,
)
PASSING_HTTP = (408, 429, 502, 503, 504)
"""Not now: whatever was asked, the same may be done later."""
OF_THE_CLUSTER = ("replica", "Please retry", "consensus", "timed out", "Timeout", "transport error")
"""What a node says, as an internal error of its own, when others of its cluster are away or too slow. Other
internal errors may be what a document provokes, which must not hold up the rest."""


def was_not_reached(error: Exception) -> bool:
    """Whether the client says that there was no connection; one in a moment may be."""
    return isinstance(error, RpcError) and _code(error) is StatusCode.UNAVAILABLE


def exists_already(error: Exception) -> bool:
    """Whether something could not be made because it is there."""
    if isinstance(error, RpcError):
        return _code(error) is StatusCode.ALREADY_EXISTS
    return isinstance(error, UnexpectedResponse) and error.status_code == 409


@contextmanager
def translated() -> Iterator[None]:
    """Turns the client's errors into ours.

    Raises:
        StorageFull: the server's disk is full.
        StoreUnreachable: the server, or too much of its cluster, is away or too slow.
        StoreUnavailable: whatever else it is.
    """
    try:
        yield
    except RpcError as error:
        raise _of_rpc(error) from error
    except (ApiException, QdrantException) as error:
        raise _of_http(error) from error


def _of_rpc(error: RpcError) -> FootnoteError:
    code, said = _code(error), str(getattr(error, "details", lambda: "")())
    if code == StatusCode.DEADLINE_EXCEEDED:
        return StoreUnreachable("the vector store did not answer in time (store.server.timeout_s)")
    if code in PASSING and not _is_full(said):
        return _away(said)
    if code in REFUSED:
        return _no_key()
    return _said(said or str(error))


def _of_http(error: Exception) -> FootnoteError:
    if isinstance(error, ResponseHandlingException):
        return _away(str(error.source))
    if isinstance(error, ResourceExhaustedResponse):
        return _away(str(error))
    if isinstance(error, UnexpectedResponse) and error.status_code in (401, 403):
        return _no_key()
    if isinstance(error, UnexpectedResponse) and error.status_code in PASSING_HTTP:
        return _away(str(error))
    return _said(str(error))


def _said(said: str) -> FootnoteError:
    if _is_full(said):
        return StorageFull("the vector store cannot be written: its disk is full", hint=ROOM)
    if any(sign in said for sign in OF_THE_CLUSTER):
        return _away(said)
    return StoreUnavailable(f"the vector store failed: {said}")


def _is_full(said: str) -> bool:
    return any(sign in said for sign in FULL)


def _away(said: str) -> FootnoteError:
    return StoreUnreachable(f"the vector store cannot be reached: {said}")


def _no_key() -> FootnoteError:
    return StoreUnavailable(
        "the vector store refuses the key", hint="set FOOTNOTE_STORE__SERVER__API_KEY to one that may write"
    )


def _code(error: RpcError) -> object:
    return getattr(error, "code", lambda: None)()
