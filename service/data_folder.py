"""The data folder: one process at a time holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from service.errors import DataFolderLocked

LOCK = "lock"


@contextmanager
def holding(data_dir: Path) -> Iterator[None]:
    """Holds the folder; another process that comes is told so.

    Raises:
        DataFolderLocked: another process holds it.
    """
    lock = FileLock(data_dir / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DataFolderLocked(
            f"another process holds {data_dir}",
            hint="stop it, or give another folder with --data-dir",
        ) from None
    try:
        yield
    finally:
        lock.release()
