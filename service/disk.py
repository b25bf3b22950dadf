"""Room on the disk, asked for before writing.

The vector store maps its files into memory, and a write to such a file has no error to return: on a full
disk it ends the process (SIGBUS).
"""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from service.errors import StorageFull

ROOM = "make room on the disk: what waits in the queue goes on by itself"
"""The hint of every full disk."""


def free_bytes(folder: Path) -> int:
    """What the disk of `folder` has left."""
    return shutil.disk_usage(folder).free


def ensure_room(folder: Path, min_free_bytes: int) -> None:
    """Returns if the disk of `folder` has `min_free_bytes` left.

    Raises:
        StorageFull: it has not.
    """
    free = free_bytes(folder)
    if free < min_free_bytes:
        raise StorageFull(
            f"the disk of {folder} has {free:,} bytes left; below {min_free_bytes:,} "
            "(store.min_free_bytes) nothing is written",
            hint=ROOM,
        )


def no_room(error: OSError) -> StorageFull | None:
    """The error as ours, if it says that the disk or a quota is exhausted."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    return StorageFull(f"the disk is full: {error.strerror}", hint=ROOM)
