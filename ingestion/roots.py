"""How files are named: by the folder that was read in, called its root, and their path in it.

`~/texts/handbook/values.md` becomes `handbook/values.md` when `handbook` is read in. So a folder that has
moved is not a second corpus, and a file has one name whether it is given itself or with its folder. Which
folder a name stands for is remembered in the data folder, so that two folders of one name never replace each
other's documents.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from ingestion.walk import located
from service.catalogue import checked_source
from service.errors import Conflict, InvalidInput

REMEMBERED = "roots.json"


@dataclass(frozen=True, slots=True)
class Root:
    """A folder and what its files' sources begin with.

    One that is not `whole` was never read in itself, only files that lie directly in it: what lies deeper
    still has no name.
    """

    name: str
    path: Path
    whole: bool

    def covers(self, path: Path) -> bool:
        """Whether a file's or folder's source begins with this root's name."""
        if self.whole:
            return path.is_relative_to(self.path)
        return path.parent == self.path and not os.path.isdir(path)


class Roots:
    """All known roots.

    Args:
        roots: by name.
        in_use: whether there are documents whose sources begin with a root's name.
    """

    def __init__(self, roots: Mapping[str, Root], in_use: Callable[[str], bool]) -> None:
        self.roots = dict(roots)
        self._in_use = in_use

    def add(self, path: Path, name: str | None = None) -> str:
        """Makes sure that a file or folder has a source, and returns it.

        `name` is what its root shall be called, else that is the folder's own name (of a file: of the folder
        in which it lies). What lies in a known root is named by that.

        Raises:
            Conflict: the name stands for another folder, or the path has a root of another name.
            InvalidInput: the name cannot begin a source.
        """
        place = located(path)
        is_folder = os.path.isdir(place)
        folder = place if is_folder else place.parent
        known = self._covering(place)
        if known is None:
            known = self._taken(name or _own_name(path, is_folder), folder, whole=is_folder)
        elif name not in (None, known.name):
            raise Conflict(
                f"{path} lies in {known.path}, whose documents are named {known.name}/…",
                hint="leave --as out, or delete those documents first",
            )
        elif known.path == place and not known.whole:
            self.roots[known.name] = Root(known.name, place, whole=True)
        return self.source_of(place)

    def source_of(self, path: Path) -> str:
        """The source of a file or folder, which must lie in a root."""
        root = self._covering(path)
        if root is None:
            return path.as_posix()
        return (Path(root.name) / path.relative_to(root.path)).as_posix()

    def _covering(self, path: Path) -> Root | None:
        """The innermost root that names the path."""
        found = [root for root in self.roots.values() if root.path == path or root.covers(path)]
        return max(found, key=lambda root: len(root.path.parts), default=None)

    def _taken(self, name: str, path: Path, *, whole: bool) -> Root:
        if not _can_begin_a_source(name):
            raise InvalidInput(
                f"{name!r} cannot name the documents of {path}",
                hint="give a name without '/', with --as NAME",
            )
        other = self.roots.get(name)
        if other is not None and other.path.exists() and self._in_use(name):
            raise Conflict(
                f"{name}/… names the documents of {other.path} already, so not those of {path}",
                hint="give these another name with --as NAME",
            )
        self.roots[name] = Root(name, path, whole)
        return self.roots[name]


@contextmanager
def remembered(data_dir: Path, in_use: Callable[[str], bool], *, keep: bool = True) -> Iterator[Roots]:
    """The roots of a data folder; what is added is kept when the block ends well, unless `keep` is false."""
    file = data_dir / REMEMBERED
    with FileLock(data_dir / "roots.lock"):
        roots = Roots(_read(file), in_use)
        yield roots
        if keep:
            _write(file, roots.roots)


def _own_name(path: Path, is_folder: bool) -> str:
    """The name as it was typed, so that a link to a folder names its documents; `.` and `..` are followed."""
    typed = Path(os.path.abspath(path))
    return typed.name if is_folder else typed.parent.name


def _can_begin_a_source(name: str) -> bool:
    try:
        return checked_source(name) == name and "/" not in name and name not in (".", "..")
    except InvalidInput:
        return False


def _read(file: Path) -> dict[str, Root]:
    if not file.exists():
        return {}
    kept = json.loads(file.read_text(encoding="utf-8"))
    return {name: Root(name, Path(root["path"]), root["whole"]) for name, root in kept.items()}


def _write(file: Path, roots: Mapping[str, Root]) -> None:
    kept = {name: {"path": str(root.path), "whole": root.whole} for name, root in sorted(roots.items())}
    new = file.with_suffix(".new")
    new.write_text(json.dumps(kept, indent=2), encoding="utf-8")
    os.replace(new, file)
