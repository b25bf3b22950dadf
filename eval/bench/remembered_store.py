"""A vector store that costs next to nothing once it was asked: the tests' stand-in for Qdrant, remembering.

The stand-in compares every vector in Python. What was measured with it would be its own slowness; so a search
that was made before, byte for byte, is answered from memory until something is written.
Run as a program it prints its port, and serves until it is stopped.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

from typing_extensions import override

from tests.qdrant_server import QdrantStandIn

SEARCH = "/qdrant.Points/QueryBatch"
READS = ("/Scroll", "/Count", "/List", "/Get", "/CollectionExists", "/ListAliases", "/HealthCheck")


class RememberingStore(QdrantStandIn):
    """The stand-in, with the answers of its searches in memory, as they go over the wire."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}
        super().__init__()

    @override
    def service(self, details: Any) -> Any:
        import grpc

        handler = super().service(details)
        if details.method != SEARCH:
            return handler if details.method.endswith(READS) else self._writing(handler)

        def answered(asked: bytes, context: Any) -> bytes:
            known = self._known
            if (said := known.get(asked)) is None:
                said = handler.response_serializer(
                    handler.unary_unary(handler.request_deserializer(asked), context)
                )
                known[asked] = said
            return said

        return grpc.unary_unary_rpc_method_handler(answered)

    def _writing(self, handler: Any) -> Any:
        import grpc

        def written(asked: Any, context: Any) -> Any:
            try:
                return handler.unary_unary(asked, context)
            finally:
                self._known = {}  # a search under way keeps what it finds in the old one

        return grpc.unary_unary_rpc_method_handler(
            written, handler.request_deserializer, handler.response_serializer
        )


def main() -> None:
    """Serves until SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    store = RememberingStore()
    print(f"listens at {store.port}", flush=True)
    ended.wait()
    store.close()


if __name__ == "__main__":
    main()
