"""Every implementation of `Blobs`, each in a place of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import httpx
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from service.blobs import Blobs
from service.blobs.folder import FolderBlobs
from service.blobs.s3 import S3Blobs
from service.settings import BlobSettings


@contextmanager
def s3_server() -> Iterator[str]:
    """The URL of an S3 server of this machine, in memory."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """The URL of a server that gives one answer to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def bucket_settings(endpoint: str, bucket: str = "originals") -> BlobSettings:
    keys = {"access_key_id": "test", "secret_access_key": SecretStr("test")}
    return BlobSettings(bucket=bucket, endpoint=endpoint, timeout_s=5, **keys)


def in_folder(folder: Path, _: str) -> Blobs:
    return FolderBlobs(folder / "files")


def in_bucket(_: Path, endpoint: str) -> Blobs:
    bucket = f"originals-{uuid4()}"
    httpx.put(f"{endpoint}/{bucket}").raise_for_status()
    return S3Blobs(bucket_settings(endpoint, bucket), "here")


PLACES: dict[str, Callable[[Path, str], Blobs]] = {"folder": in_folder, "s3": in_bucket}
"""Every implementation under its name, opened by a folder and an S3 server's URL."""
