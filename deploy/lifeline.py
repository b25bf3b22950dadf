"""What a process has started ends with it, also where it is killed and can end nothing itself.

A shell waits at the end of a pipe whose other end this process alone holds; the system closes that when the
process is gone. (`PR_SET_PDEATHSIG` would look at the thread that started the other one, and PostgreSQL,
which leaves its starter at once, would lose it.)
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT = 'read -r left_in_order || exec "$@"'
"""A line says that this process ends in order; without one, and nothing to come, it is gone."""


@contextmanager
def if_we_die(command: Sequence[str | Path], **how: Any) -> Iterator[None]:
    """Runs this command if the process dies before the end of the block, and else never.

    Args:
        how: as whom and where, in the words of `subprocess.Popen`.
    """
    watcher = subprocess.Popen(
        ["sh", "-c", WAIT, "sh", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # whoever kills us, with all our group, does not mean it
        **how,
    )
    try:
        yield
    finally:
        watcher.communicate(b"\n")


@contextmanager
def ending_with_us(process: subprocess.Popen[Any]) -> Iterator[None]:
    """The process is killed if this one dies before the end of the block."""
    with if_we_die(["kill", "-KILL", str(process.pid)]):
        yield
