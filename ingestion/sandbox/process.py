"""One parsing process, seen from its parent: started, asked, and ended when it takes too much of anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import IO, cast

from pydantic import ValidationError

from ingestion.sandbox.wire import (
    READY,
    REPLY,
    REQUEST,
    Disconnected,
    Reply,
    Request,
    read_frame,
    write_frame,
)
from service.errors import ExplodingFile, ParseCrashed, ParseError, ParseOutOfMemory, ParseTimeout
from service.settings import MIB, ParseSettings

_START_SECONDS = 60
_STDERR_TAIL = 4096
_REPLY_BYTES_PER_CHARACTER = 16
"""A character comes up to four times (text, element, chunk, cell) and takes up to four bytes."""
_INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "TESSDATA_PREFIX",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
)
_QUIET = {
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "SCARF_NO_ANALYTICS": "true",
    "DO_NOT_TRACK": "true",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONSAFEPATH": "1",
}
_OUT_OF_MEMORY_SIGNS = (b"MemoryError", b"bad_alloc", b"Cannot allocate memory", b"out of memory")


class ParserProcess:
    """One child and its two pipes; it serves one file at a time."""

    def __init__(self, settings: ParseSettings) -> None:
        self.served = 0
        self._settings = settings
        self._expired = False
        self._folder = tempfile.TemporaryDirectory(prefix="footnote-parse-", ignore_cleanup_errors=True)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        lifeline, other_end = os.pipe()
        self._lifeline = os.fdopen(other_end, "wb")  # never written to: it closes when this process ends
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingestion.sandbox.child", str(settings.memory_bytes), str(lifeline)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=self._folder.name,
            env=_environment(self._folder.name),
            pass_fds=(lifeline,),
            start_new_session=True,
        )
        os.close(lifeline)
        self._requests = cast(IO[bytes], self._process.stdin)
        self._replies = cast(IO[bytes], self._process.stdout)
        self._greet()

    @property
    def pid(self) -> int:
        """The child's process id, which is its process group's too."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process can take another file."""
        return not self._expired and self._process.poll() is None

    def ask(self, request: Request, content: bytes) -> Reply:
        """Send a file and wait for what comes of it."""
        self.served += 1
        most = self._settings.max_output_characters * _REPLY_BYTES_PER_CHARACTER + 16 * MIB
        watchdog = threading.Timer(self._settings.timeout_s, self._expire)
        watchdog.daemon = True
        watchdog.start()
        try:
            write_frame(self._requests, REQUEST.dump_json(request))
            write_frame(self._requests, content)
            return REPLY.validate_json(read_frame(self._replies, most))
        except ValidationError as error:
            self.kill()
            raise ParseCrashed("The parser gave an answer that makes no sense.") from error
        except Disconnected as error:
            raise self._death() from error
        finally:
            watchdog.cancel()

    def kill(self) -> None:
        """End the process and whatever it started, and remove its folder."""
        with suppress(ProcessLookupError):  # it may be gone already, with its group
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._requests, self._replies, self._stderr, self._lifeline):
            _close(stream)
        self._folder.cleanup()

    def _greet(self) -> None:
        watchdog = threading.Timer(_START_SECONDS, self._expire)
        watchdog.daemon = True
        watchdog.start()
        try:
            read_frame(self._replies, len(READY))
        except Disconnected as error:
            tail = self._tail()
            self.kill()
            reason = tail.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise ParseCrashed(f"The parser process does not start: {reason}") from error
        finally:
            watchdog.cancel()

    def _expire(self) -> None:
        self._expired = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _death(self) -> ParseError:
        """The typed error for a process that went away, or sent more than may be sent."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.kill()
            return ExplodingFile(
                "The file gives more text than the limit.", hint=_limit("max_output_characters")
            )
        return self._verdict(code, self._tail())

    def _verdict(self, code: int, tail: bytes) -> ParseError:
        if self._expired or code == -signal.SIGALRM:
            return ParseTimeout(
                f"Parsing took longer than {self._settings.timeout_s:g} seconds.", hint=_limit("timeout_s")
            )
        wordless = code == -signal.SIGABRT and not tail.strip()  # so pdfium ends that is given no more memory
        if code == -signal.SIGKILL or wordless or any(sign in tail for sign in _OUT_OF_MEMORY_SIGNS):
            return ParseOutOfMemory("Parsing needed more memory than the limit.", hint=_limit("memory_bytes"))
        if code == -signal.SIGXFSZ:
            return ExplodingFile("The file unpacks to more than may be written to disk.")
        cause = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return ParseCrashed(f"The parser process died ({cause}).")

    def _tail(self) -> bytes:
        if self._stderr.closed:
            return b""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _STDERR_TAIL))
        return self._stderr.read()


def _environment(folder: str) -> dict[str, str]:
    """Only what a parser needs: no credentials, no home folder, nothing that a library would report to."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return {
        **inherited,
        **_QUIET,
        "PYTHONPATH": path,
        "HOME": folder,
        "TMPDIR": folder,
        "XDG_CACHE_HOME": folder,
    }


def _limit(setting: str) -> str:
    return f"The limit is the setting parse.{setting}."


def _close(stream: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # unsent bytes of a request whose process is gone
        stream.close()
