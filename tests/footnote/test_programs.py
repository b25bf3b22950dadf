"""Programs that import Footnote: how they end, what stands in their way, and what their type checker sees."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import footnote
from service.errors import DataFolderLocked
from tests.cli.running import ROOT, Server, environment, serving
from tests.fakes_core import quick_folder

ASKS = """
import footnote
documents = footnote.open()
documents.add("messages.md", "# Messages\\n\\nThe message MV-E07 means that the diaphragm is torn.")
answer = documents.ask("What does the message MV-E07 mean?")
print(answer.text)
print(answer.citations[0].quote)
"""


def program(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A program of the user's, run in its own folder."""
    (folder / "program.py").write_text(code)
    return subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder,
        env=environment(folder / "data"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("end", ["", "raise SystemExit(0)", "documents.close()"])
def test_a_program_that_ends_without_closing_ends_well(end: str) -> None:
    with quick_folder() as folder:
        done = program(f"{ASKS}\n{end}", folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert "The message MV-E07 means that the diaphragm is torn. [1]" in done.stdout
        again = program("import footnote\nprint(len(list(footnote.open().documents())))", folder)
        assert (again.stdout, again.stderr) == ("1\n", "")


def test_a_program_that_fails_ends_too() -> None:
    with quick_folder() as folder:
        done = program(f"{ASKS}\nraise KeyError('mine')", folder)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == "KeyError: 'mine'"


def test_a_folder_that_a_server_has_open_is_refused() -> None:
    with quick_folder() as folder, serving(folder / "data") as server:
        assert isinstance(server, Server)
        with pytest.raises(DataFolderLocked, match="another process"):
            footnote.open(folder / "data")


@pytest.mark.parametrize("name", ["service.py", "service/__init__.py", "service/mail.py", "ingestion.py"])
def test_a_module_of_the_users_that_has_taken_a_name_of_ours_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("raise SystemExit('it was imported')\n")
    done = program("import footnote", tmp_path)
    if name == "service/mail.py":  # a folder without `__init__` gives way to a package
        assert done.returncode == 0, done.stderr
    else:
        assert done.stderr.splitlines()[-1].startswith("ImportError: Footnote's package")
        assert str(tmp_path) in done.stderr


def test_a_type_checker_sees_what_comes_back(tmp_path: Path) -> None:
    (tmp_path / "typed.py").write_text(
        "import footnote\n"
        "with footnote.open('data') as documents:\n"
        "    reveal_type(documents.ingest('manuals'))\n"
        "    reveal_type(documents.ask('?').citations[0].quote)\n"
        "    reveal_type(documents.search('?'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "/dev/null", "typed.py"],
        cwd=tmp_path,
        env={**environment(tmp_path / "data"), "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line.partition("Revealed type is ")[2] for line in done.stdout.splitlines() if "Revealed" in line]
    assert told == ['"footnote.report.Report"', '"str"', '"tuple[service.types.Hit, ...]"'], done.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_examples_of_the_pages_run(tmp_path: Path, page: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    done = program("\n".join(blocks), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "MV-E07" in done.stdout
