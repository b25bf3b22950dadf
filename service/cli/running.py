"""The server that runs on a data folder, and how it proves that it is the one.

While it runs, `server.json` in the folder says where it listens and holds a secret that only the folder's
owner can read. After a crash the file stays, and anybody may listen on that port: so before the command line
gives a document away, the server must answer a random challenge with its HMAC (RFC 2104) under the secret.
The secret itself is never sent.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import httpx2

RUNNING = "server.json"
CHALLENGE_PATH = "/identity"
PROOF_HEADER = "Footnote-Proof"
LOOK_S = 2.0
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a running server leaves in its data folder."""

    url: str
    pid: int
    secret: str


def prove(secret: str, challenge: str) -> str:
    """The answer to a challenge, as hexadecimal digits."""
    return hmac.new(secret.encode(), challenge.encode(), hashlib.sha256).hexdigest()


def new_secret() -> str:
    """A secret for one run of a server."""
    return secrets.token_hex(SECRET_BYTES)


def announce(data_dir: Path, announcement: Announcement) -> None:
    """Writes the file: whole from its first moment, and for its owner's eyes alone."""
    file = data_dir / RUNNING
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as writing:
        json.dump(dataclasses.asdict(announcement), writing)
    os.replace(new, file)


def forget(data_dir: Path) -> None:
    """Removes the file. Only who holds the data folder may: then no server does, or it is the caller."""
    (data_dir / RUNNING).unlink(missing_ok=True)


def running_server(data_dir: Path) -> str | None:
    """The address of the server that holds the folder, if one runs and proves that it is the one."""
    found = _read(data_dir / RUNNING)
    if found is None or not _lives(found.pid):
        return None
    challenge = secrets.token_hex(SECRET_BYTES)
    try:
        # Streamed, so that nothing but the head of what a stranger sends is read.
        with httpx2.stream(
            "GET", f"{found.url}{CHALLENGE_PATH}?challenge={challenge}", timeout=LOOK_S, trust_env=False
        ) as response:
            given = response.headers.get(PROOF_HEADER, "")
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return None
    return found.url if hmac.compare_digest(given.encode(), prove(found.secret, challenge).encode()) else None


def _read(file: Path) -> Announcement | None:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Announcement(str(kept["url"]), int(kept["pid"]), str(kept["secret"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lives(pid: int) -> bool:
    """Whether a process of that number runs; not asked where asking would end it (Windows)."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it runs, as another user's
        return True
    return pid > 0
