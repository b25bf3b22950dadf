import io
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, cast

import pytest
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from ingestion.chunk import chunk
from ingestion.parse import parse
from ingestion.sandbox import ChunkJob, ParserPool
from ingestion.types import RawFile
from service.errors import (
    EmptyDocument,
    ExplodingFile,
    FootnoteError,
    ParseCrashed,
    ParseOutOfMemory,
    ParseTimeout,
    Unavailable,
)
from service.settings import MIB, ChunkSettings, ParseSettings

SLOW = RawFile("slow", b"*a _b &c " * 1_000_000, "text/markdown", "slow.md")
HUNGRY = RawFile("hungry", b"[" + b"{}," * 16_000_000 + b"{}]", "application/json", "hungry.json")
PAGE = "# Plan\n\nWe go on Monday. 我们走。\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<!-- x -->\n"


def note(text: str = PAGE) -> RawFile:
    return RawFile("n", text.encode(), "text/markdown", "n.md")


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(ParseSettings(timeout_s=60)) as made:
        yield made


def test_a_document_comes_back_as_it_was_parsed(pool: ParserPool) -> None:
    assert pool.parse(note()) == parse(note(), ParseSettings())


def test_one_child_serves_many_files(pool: ParserPool) -> None:
    pool.parse(note())
    before = pool.pids
    pool.parse(note())
    assert pool.pids == before


def test_chunks_made_in_the_child_are_those_made_here(pool: ParserPool, tmp_path: Path) -> None:
    tokenizer = Tokenizer(WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    job = ChunkJob("tenant", "document", str(tmp_path / "tokenizer.json"), ChunkSettings())
    document, chunks = pool.run(note(), job)
    assert chunks == chunk(
        document,
        tenant="tenant",
        document_id="document",
        settings=ChunkSettings(),
        tokenize=lambda text: list(tokenizer.encode(text, add_special_tokens=False).offsets),
    )
    assert len(chunks) > 0


def test_a_typed_error_crosses_with_its_hint(pool: ParserPool) -> None:
    with pytest.raises(EmptyDocument):
        pool.parse(note("<!-- only this -->"))


def test_a_child_has_no_secrets_in_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTNOTE_GENERATE__API_KEY", "sesame")
    with ParserPool(ParseSettings()) as own:
        own.parse(note())
        assert b"sesame" not in Path(f"/proc/{own.pids[0]}/environ").read_bytes()


def test_a_slow_file_is_killed_in_time() -> None:
    with ParserPool(ParseSettings(timeout_s=1)) as own:
        started = time.monotonic()
        with pytest.raises(ParseTimeout) as caught:
            own.parse(SLOW)
        assert time.monotonic() - started < 15
        assert "parse.timeout_s" in caught.value.hint
        assert own.pids == ()


def test_a_scan_that_takes_all_its_passes_is_killed_in_time() -> None:
    grain = Image.frombytes("L", (2400, 3200), random.Random(1).randbytes(2400 * 3200))
    target = io.BytesIO()
    grain.save(target, "PNG")
    with ParserPool(ParseSettings(timeout_s=1)) as own:
        with pytest.raises(ParseTimeout):
            own.parse(RawFile("grain", target.getvalue(), "image/png", "grain.png"))
        assert own.pids == ()


def test_a_hungry_file_ends_at_the_memory_limit_and_the_next_is_read() -> None:
    with ParserPool(ParseSettings(memory_bytes=800 * MIB, max_cells=100_000_000)) as own:
        with pytest.raises(ParseOutOfMemory):
            own.parse(HUNGRY)
        assert own.parse(note()).title == "Plan"


def pdf_whose_form_draws_itself() -> bytes:
    """Twice, and each of the two does so again: pdfium makes an object of each before it gives any."""
    drawn = b"/X Do /X Do "
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>/Length %d>>stream\n"
        b"%s\nendstream" % (len(drawn), drawn),
    ]
    numbered = [b"%d 0 obj\n%s\nendobj\n" % (number, each) for number, each in enumerate(objects, 1)]
    return b"%PDF-1.7\n" + b"".join(numbered) + b"trailer<</Size 6/Root 1 0 R>>\n%%EOF"


def test_a_file_for_which_a_c_library_gives_up_is_told_to_need_too_much_memory() -> None:
    with ParserPool(ParseSettings(memory_bytes=800 * MIB)) as own:
        with pytest.raises(ParseOutOfMemory) as caught:
            own.parse(RawFile("loop", pdf_whose_form_draws_itself(), "application/pdf", "loop.pdf"))
        assert "parse.memory_bytes" in caught.value.hint
        assert own.parse(note()).title == "Plan"


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGSEGV, ParseCrashed), (signal.SIGKILL, ParseOutOfMemory)]
)
def test_each_way_a_child_dies_is_one_typed_error(number: int, error: type[FootnoteError]) -> None:
    with ParserPool(ParseSettings()) as own:
        own.parse(note())
        (pid,) = own.pids
        killer = threading.Timer(0.2, os.kill, (pid, number))
        killer.start()
        with pytest.raises(error):
            own.parse(SLOW)
        killer.join()


def test_more_text_than_the_parent_takes_is_refused() -> None:
    with ParserPool(ParseSettings(max_output_characters=10)) as own, pytest.raises(ExplodingFile):
        own.parse(note())


def test_a_child_is_replaced_after_its_share_of_files() -> None:
    with ParserPool(ParseSettings(), files_per_child=1) as own:
        own.parse(note())
        assert own.pids == ()
        assert own.parse(note()).title == "Plan"


def test_two_children_work_side_by_side() -> None:
    with ParserPool(ParseSettings(processes=2)) as own, ThreadPoolExecutor(4) as threads:
        titles = list(threads.map(lambda number: own.parse(note(f"# {number}")).title, range(8)))
        assert titles == [str(number) for number in range(8)]
        assert 1 <= len(own.pids) <= 2


def test_a_slow_file_holds_up_no_other() -> None:
    with ParserPool(ParseSettings()) as own, ThreadPoolExecutor(1) as threads:
        slow = threads.submit(own.parse, SLOW)
        assert [own.parse(note(f"# {number}")).title for number in range(4)] == ["0", "1", "2", "3"]
        assert not slow.done()
        own.close()
        assert isinstance(slow.exception(), Unavailable)


def test_closing_ends_the_children_and_what_is_under_way() -> None:
    own = ParserPool(ParseSettings())
    own.parse(note())
    (pid,) = own.pids
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(own.parse, SLOW)
        threading.Event().wait(0.3)
        own.close()
        with pytest.raises(Unavailable):  # no file is to blame for it
            waiting.result(timeout=10)
    with pytest.raises(Unavailable):
        own.parse(note())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a parser ends when it next runs Python")
def test_a_parser_ends_with_a_parent_that_was_killed_whatever_it_is_doing() -> None:
    code = """
from ingestion.sandbox import ParserPool
from ingestion.types import RawFile
from service.settings import ParseSettings
pool = ParserPool(ParseSettings())
pool.parse(RawFile("n", b"# Note", "text/markdown", "n.md"))
print(*pool.pids, flush=True)
input()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with parent, os.fdopen(os.pidfd_open(int(cast(IO[bytes], parent.stdout).readline()))) as parser:
        signal.pidfd_send_signal(parser.fileno(), signal.SIGSTOP)  # like one in a C library: no Python runs
        parent.kill()
        ended, _, _ = select.select([parser], [], [], 10)
        if not ended:
            signal.pidfd_send_signal(parser.fileno(), signal.SIGKILL)
    assert ended


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout.strip()


def test_a_parser_has_no_network() -> None:
    code = """
import socket
from ingestion.sandbox import child
child._leave_network()
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except PermissionError:
    print("refused")
"""
    assert run_python(code) == "refused"


def test_neither_parent_nor_child_imports_what_is_heavy_at_start() -> None:
    code = """
import sys
import ingestion.sandbox, ingestion.sandbox.child, ingestion.load, ingestion.parse
heavy = {"torch", "transformers", "openvino", "unstructured", "spacy", "pandas", "lxml", "openpyxl", "docx"}
print(sorted(heavy & set(sys.modules)))
"""
    assert run_python(code) == "[]"
