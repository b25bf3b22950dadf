"""Models as files: compiled anew when they change, refused when they are not what was published."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from service.errors import ModelUnavailable
from service.models import Card, Encoder, ensure_compiled, folder_for, locate
from service.models.compile import compile_model
from service.models.locate import PUBLISHED_SHA256, weights_sha256
from service.settings import Settings
from tests.cli.running import ROOT, environment

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "openvino",
    "nncf",
    "unstructured",
    "spacy",
    "pandas",
)

SERVING = """
import asyncio, sys
from pathlib import Path
from service.settings import Settings
from service.types import Query
from service.wiring import open_resources
from tests.fakes_core import LOCAL, ingested
with open_resources(Settings()) as engine:
    ingested(engine, "a.md", "# Warranty\\n\\nThe warranty of the pump lasts 24 months.")
    answer = asyncio.run(engine.answer(LOCAL, Query("How long is the warranty?")))
    assert answer.hits
print(*sorted({"torch", "transformers", "sentence_transformers", "nncf", "openvino_telemetry"} & {
    name for name, module in sys.modules.items() if module is not None}))
"""


@pytest.fixture
def model(folder: Path) -> Path:
    """A folder that looks like a model."""
    path = folder / "a-model"
    path.mkdir()
    (path / "model.safetensors").write_bytes(b"weights")
    (path / "config.json").write_text("{}")
    return path


def _compiling(calls: list[Path]) -> object:
    """Stands in for the child process: notes the call and leaves a compiled model."""

    def compile_in_child(model: str, role: str, precision: str, folder: Path) -> None:
        calls.append(folder)
        folder.mkdir(parents=True)
        Card(model, "embedder", precision, "w", "f", 3, 16).write(folder)

    return patch("service.models.store._compile_in_child", compile_in_child)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "new.json"])
def test_a_model_whose_files_changed_is_compiled_anew(folder: Path, model: Path, file: str) -> None:
    calls: list[Path] = []
    with _compiling(calls):  # type: ignore[attr-defined]
        first = ensure_compiled(str(model), "embedder", "int8", folder / "cache")
        assert ensure_compiled(str(model), "embedder", "int8", folder / "cache") == first
        (model / file).write_bytes(b"{} ")
        second = ensure_compiled(str(model), "embedder", "int8", folder / "cache")
    assert first != second
    assert calls == [first, second]


def test_who_waits_for_a_model_to_be_compiled_is_told_what_is_going_on(
    folder: Path, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with _compiling([]):  # type: ignore[attr-defined]
        ensure_compiled(str(model), "embedder", "int8", folder / "cache")
        ensure_compiled(str(model), "embedder", "int8", folder / "cache")
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [line.split(" is ")[1] for line in told] == ["compiled to int8, once: that takes about a minute"]


def test_each_role_and_precision_is_compiled_on_its_own(folder: Path, model: Path) -> None:
    found = {
        folder_for(str(model), role, precision, folder)
        for role in ("embedder", "cross_encoder")
        for precision in ("int8", "float32")
    }
    assert len(found) == 4


def test_weights_that_are_not_the_published_ones_are_refused(folder: Path, model: Path) -> None:
    with (
        patch.dict(PUBLISHED_SHA256, {"a-model": "0" * 64}),
        pytest.raises(ValueError, match="published"),
    ):
        compile_model(str(model), "embedder", "int8", folder / "compiled")
    assert not (folder / "compiled").exists()


def test_the_packaged_model_is_the_published_one() -> None:
    located = locate("all-MiniLM-L6-v2")
    assert weights_sha256(Path(located.reference)) == PUBLISHED_SHA256["all-MiniLM-L6-v2"]


def test_the_checksum_of_one_file_is_the_file_s_own(model: Path) -> None:
    assert weights_sha256(model) == hashlib.sha256(b"weights").hexdigest()
    (model / "model-2.safetensors").write_bytes(b"more")
    assert weights_sha256(model) != hashlib.sha256(b"weights").hexdigest()


def test_a_model_that_is_nowhere_is_an_error_of_ours_that_says_so(folder: Path) -> None:
    with pytest.raises(ModelUnavailable, match="nobody/has-this") as caught:
        ensure_compiled("nobody/has-this", "embedder", "int8", folder)
    assert "folder" in caught.value.hint
    assert list((folder / "models").glob("*/card.json")) == []


def test_importing_the_product_loads_nothing_heavy() -> None:
    code = (
        "import sys, service.__main__, service.wiring, service.app, ingestion.worker, eval\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    assert _python(code, ROOT) == ""


def test_ingesting_and_answering_need_no_torch(folder: Path) -> None:
    assert _python(SERVING, folder) == ""


def test_a_model_that_lies_where_nothing_can_be_written_is_served_all_the_same(folder: Path) -> None:
    compiled = ensure_compiled("all-MiniLM-L6-v2", "embedder", "int8", Settings().cache_dir)
    image = folder / "image"
    shutil.copytree(compiled, image, ignore=shutil.ignore_patterns("compiled"))
    (image / "compiled").symlink_to(image / "model.xml" / "no")  # cannot be made, not even by root
    assert Encoder(image, "latency").run(["a pump"]).outputs[0].shape == (1, 384)
    assert not any(image.rglob("*.blob"))


def test_a_model_is_found_again_after_its_times_were_cut_to_seconds(folder: Path, model: Path) -> None:
    """As the layers of an image do; so the image compiles from files that have no fractions."""
    for file in model.iterdir():
        os.utime(file, ns=(0, 0))
    shutil.copytree(model, folder / "copied" / model.name)
    assert locate(str(folder / "copied" / model.name)).stamp == locate(str(model)).stamp


def _python(code: str, folder: Path) -> str:
    """What the code prints, in a process that has imported nothing yet."""
    env = environment(folder / "data") if folder != ROOT else None
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
