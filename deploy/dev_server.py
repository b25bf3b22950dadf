"""A server-mode stack on this machine, without containers: `make dev-server` with `QDRANT_URL` set.

A private PostgreSQL and a private Redis on free ports, one API and one worker process, and a first key. All
of it lies in a folder (`DEV_SERVER_DIR`, `.dev-server` otherwise) and is there again at the next start;
Ctrl-C ends it in order; if it is killed, so is what it has started. Qdrant comes from elsewhere: its server
is in no package.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NoReturn

from lifeline import ending_with_us, if_we_die

FOOTNOTE = (sys.executable, "-m", "service")
TENANT = "dev"
USER = "footnote"
STOP_S = 30.0
INSTALL = "sh deploy/install-system.sh installs it"


class CannotRun(Exception):
    """Something is missing; the message says what to do about it."""


def main() -> int:
    """Runs the stack until Ctrl-C, or until one of its processes ends."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a script starts things beside itself deaf to the first
        signal.signal(number, signal.default_int_handler)
    folder = Path(os.environ.get("DEV_SERVER_DIR", ".dev-server")).resolve()
    try:
        qdrant = os.environ.get("QDRANT_URL", "")
        if not qdrant:
            raise CannotRun(
                "QDRANT_URL is not set: server mode needs a Qdrant server, 1.19 or newer, for example\n"
                "  QDRANT_URL=http://127.0.0.1:6333 make dev-server\n"
                "Without one use the embedded mode: make serve"
            )
        run(folder, qdrant)
    except CannotRun as error:
        print(f"dev-server: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dev-server: ended; it goes on where it was at the next start", flush=True)
    return 0


def run(folder: Path, qdrant: str, footnote: Sequence[str] = FOOTNOTE) -> NoReturn:
    """Starts everything and waits.

    Raises:
        CannotRun: a program is missing, or a process ended by itself.
        KeyboardInterrupt: somebody ended it, in order.
    """
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_alone(folder))
        password = _remembered(folder / "password", lambda: secrets.token_hex(32))
        signing_key = _remembered(folder / "signing-key", lambda: b64encode(secrets.token_bytes(32)).decode())
        environment = {
            **os.environ,
            "FOOTNOTE_MODE": "server",
            "FOOTNOTE_DATA_DIR": str(folder / "data"),
            "FOOTNOTE_STORE__SERVER__URL": qdrant,
            "FOOTNOTE_STORE__SERVER__API_KEY": os.environ.get("QDRANT_API_KEY", ""),
            "FOOTNOTE_CATALOGUE__URL": stack.enter_context(_postgres(folder / "postgres", password)),
            "FOOTNOTE_RECEIPTS__SIGNING_KEY": signing_key,
            "FOOTNOTE_REDIS__URL": stack.enter_context(_redis(folder, password)),
            "FOOTNOTE_API__PORT": os.environ.get("FOOTNOTE_API__PORT", "8080"),
        }
        _done([*footnote, "migrate"], environment)
        key = _remembered(folder / "key", lambda: _first_key(footnote, environment))
        _wait(_started(stack, footnote, environment, key))


def _started(
    stack: ExitStack, footnote: Sequence[str], environment: Mapping[str, str], key: str
) -> dict[str, subprocess.Popen[str]]:
    """The API and a worker, which end with the stack, the API first."""
    running = {}
    for name, command in (("worker", "worker"), ("api", "serve")):
        running[name] = stack.enter_context(_process(name, [*footnote, command], environment))
    url = f"http://127.0.0.1:{environment['FOOTNOTE_API__PORT']}"
    print(
        f"dev-server: the API listens on {url} when it is ready.\n"
        f"The key of an admin of the tenant {TENANT!r}:\n\n"
        f"  export KEY={key}\n"
        f'  curl -H "Authorization: Bearer $KEY" {url}/documents -F file=@README.md\n',
        flush=True,
    )
    return running


def _wait(running: Mapping[str, subprocess.Popen[str]]) -> NoReturn:
    while True:
        for name, process in running.items():
            if (code := process.poll()) is not None:
                raise CannotRun(f"{name} ended by itself, with {code}")
        time.sleep(0.1)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"it runs already on {folder}; DEV_SERVER_DIR names another folder") from None
        yield


def _remembered(file: Path, make: Callable[[], str]) -> str:
    """What the file holds; the first time it is made, for its owner's eyes alone."""
    if not file.exists():
        text = make()
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(text)
    return file.read_text()


def _first_key(footnote: Sequence[str], environment: Mapping[str, str]) -> str:
    known = subprocess.run(
        [*footnote, "tenants", "show", TENANT], env=environment, capture_output=True, check=False
    )
    if known.returncode != 0:
        _done([*footnote, "tenants", "create", TENANT], environment)
    command = [*footnote, "keys", "create", TENANT, "--role", "admin", "--json"]
    secret: str = json.loads(_done(command, environment))["secret"]
    return secret


# --- the engines ----------------------------------------------------------------------------------


@contextmanager
def _postgres(folder: Path, password: str) -> Iterator[str]:
    """A PostgreSQL whose files lie in `folder`; the URL of its database."""
    programs = _postgres_programs()
    port = _free_port()
    if not (folder / "data" / "PG_VERSION").exists():
        _make_cluster(programs, folder, password)
    control: list[str | Path] = [programs / "pg_ctl", "-D", folder / "data", "-w", "-t", str(int(STOP_S))]
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c shared_buffers=64MB"
    # Left over by a start that was killed; nobody else uses this folder.
    subprocess.run([*control, "-m", "fast", "stop"], check=False, capture_output=True, **_as_postgres(folder))
    _done([*control, "-l", folder / "log", "-o", options, "start"], None, **_as_postgres(folder))
    try:
        with if_we_die([*control, "-m", "fast", "stop"], **_as_postgres(folder)):
            yield f"postgresql+psycopg://{USER}:{password}@127.0.0.1:{port}/postgres"
    finally:
        _done([*control, "-m", "fast", "stop"], None, **_as_postgres(folder))


def _make_cluster(programs: Path, folder: Path, password: str) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    secret = folder / "password"
    secret.write_text(password)
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")
    try:
        _done(
            [
                *(programs / "initdb", "-D", folder / "data", f"--username={USER}", f"--pwfile={secret}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            ],
            None,
            **_as_postgres(folder),
        )
    except CannotRun as error:
        raise CannotRun(f"{error}\n(a folder that it can reach: DEV_SERVER_DIR)") from error
    finally:
        secret.unlink()


def _postgres_programs() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if not (newest := max(versions, key=lambda path: int(re.sub(r"\D", "", path.parts[4])), default=None)):
        raise CannotRun(f"PostgreSQL is not installed: {INSTALL}")
    return newest.parent


def _as_postgres(folder: Path) -> dict[str, Any]:
    """Where its programs run, and as whom if root starts them."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    return {"cwd": folder, "user": "postgres", "group": "postgres", "extra_groups": []}


@contextmanager
def _redis(folder: Path, password: str) -> Iterator[str]:
    """A Redis that keeps nothing; its URL."""
    if not (program := shutil.which("redis-server")):
        raise CannotRun(f"Redis is not installed: {INSTALL}")
    port = _free_port()
    settings = f'port {port}\nbind 127.0.0.1\nsave ""\nappendonly no\ndir {folder}\nrequirepass {password}\n'
    with _process("redis", [program, "-"], None, given=settings) as process:
        _until_it_listens(process, port)
        yield f"redis://:{password}@127.0.0.1:{port}/0"


# --- processes ------------------------------------------------------------------------------------


@contextmanager
def _process(
    name: str, command: Sequence[str], environment: Mapping[str, str] | None, given: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """A process whose lines are printed with its name before them; asked to end with the block."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, who end them in order
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(given)
    process.stdin.close()
    lines = threading.Thread(target=_print, args=(name, process.stdout))
    lines.start()
    try:
        with ending_with_us(process):
            yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        lines.join()


def _print(name: str, lines: IO[str]) -> None:
    for line in lines:
        print(f"{name:<6} | {line.rstrip()}", flush=True)


def _done(command: Sequence[str | Path], environment: Mapping[str, str] | None, **how: Any) -> str:
    """Runs a command to its end; what it printed."""
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **how,
    )
    if done.returncode != 0:
        raise CannotRun(f"{Path(command[0]).name} {' '.join(map(str, command[1:4]))}: {done.stderr.strip()}")
    printed: str = done.stdout
    return printed


def _until_it_listens(process: subprocess.Popen[str], port: int) -> None:
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise CannotRun(f"Redis ended by itself, with {process.returncode}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
