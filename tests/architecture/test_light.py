"""What serves and reads common files runs on the dependencies that every installation has."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from tests.architecture.sources import ROOT

# Another process, in which nothing of an extra can be imported: as if it were not installed.
WITHOUT_EXTRAS = """
import importlib, importlib.metadata as metadata, re, sys, tomllib
from pathlib import Path
from packaging.requirements import Requirement

plain = lambda name: re.sub("[-_.]+", "-", name).lower()
project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
waiting = [Requirement(line) for line in project["dependencies"]]
kept = set()
while waiting:
    wanted = waiting.pop()
    for extra in ("", *wanted.extras):
        if (plain(wanted.name), extra) in kept or wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        kept.add((plain(wanted.name), extra))
        for line in metadata.requires(wanted.name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting.append(needed)
names = {name for name, _ in kept}
gone = {
    module
    for module, owners in metadata.packages_distributions().items()
    if not {plain(owner) for owner in owners} & names | {plain(owner) for owner in owners} & {"footnote"}
}

class Installed:
    # A finder that does not see what is gone.

    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in gone else self.finder.find_spec(name, path, target)

for module in gone & set(sys.modules):
    del sys.modules[module]
sys.meta_path[:] = map(Installed, sys.meta_path)
assert {"torch", "unstructured", "spacy", "openai", "httpx", "redis", "tesserocr", "oxmsg"} <= gone
"""

SERVES = (
    "import service.app, service.server, service.wiring, service.cli.app, ingestion.worker, eval.commands"
)
ANSWERS = """
from service.models import Encoder, ensure_compiled
from service.settings import Settings
folder = ensure_compiled("all-MiniLM-L6-v2", "embedder", "int8", Settings().cache_dir)
assert Encoder(folder, "latency").run(["a pump"]).outputs[0].shape == (1, 384)
"""
READS = """
from ingestion.parse.registry import format_of, parser_for
from service.errors import EmptyDocument
from service.settings import ParseSettings
for path in sorted(Path("deploy/demo/documents").rglob("*.*")):
    known = format_of(path.name)
    if known is None or known.media_type.startswith("image/"):
        continue
    try:
        parsed = parser_for(known.media_type)(path.read_bytes(), path.name, ParseSettings())
    except EmptyDocument as error:
        assert "footnote[ocr]" in error.hint, error.hint  # a scan
    else:
        assert parsed.elements, path
        print(path.suffix)
"""


def _without_extras(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS + code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("code", [SERVES, ANSWERS], ids=["serves", "answers"])
def test_what_serves_needs_no_extra(code: str) -> None:
    _without_extras(code)


def test_common_files_are_read_without_any_extra() -> None:
    common = {".md", ".txt", ".html", ".pdf", ".docx", ".pptx", ".xlsx", ".csv", ".eml", ".json", ".rst"}
    assert common <= _without_extras(READS)


def test_the_whole_of_the_extras_is_what_is_set_up_for_developing() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("EXTRAS"))
    weights = {"quality"}  # 400 MB of published weights, which no test needs
    assert set(line.partition("?= ")[2].split(",")) == set(extras) - weights
