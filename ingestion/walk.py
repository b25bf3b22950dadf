"""Which files lie below paths: folders in sorted order, each file once, nothing hidden, no way out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def files_below(paths: Iterable[Path]) -> Iterator[tuple[Path | OSError, bool]]:
    """Absolute paths, or what kept a folder from being listed; and whether the file was asked for by name."""
    seen: set[Path | OSError] = set()
    for path, asked_for in _files(paths):
        if path not in seen:
            seen.add(path)
            yield path, asked_for


def printable(path: Path) -> str:
    """A path as text that every terminal and file can hold, even where its name is no text."""
    return os.fsencode(path).decode(errors="replace")


def located(path: Path) -> Path:
    """Where a file or folder lies: absolute, without links among its folders.

    The file itself may be a link: it is then a file of the folder in which it lies.
    """
    return path.resolve() if os.path.isdir(path) else path.parent.resolve() / path.name


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path | OSError, bool]]:
    for path in paths:
        if os.path.isdir(path):  # `Path.is_dir` raises where permission is missing
            yield from ((found, False) for found in _walk(path.resolve()))
        else:
            yield located(path), True


def _walk(root: Path) -> Iterator[Path | OSError]:
    unlisted: list[OSError] = []
    for here, folders, files in os.walk(root, onerror=unlisted.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here, name)
            try:
                found = not name.startswith(".") and path.is_file() and _belongs(path, root)
            except OSError as error:
                unlisted.append(error)
                continue
            if found:
                yield path
    yield from unlisted


def _belongs(path: Path, root: Path) -> bool:
    """Whether a file is one of the folder's own: a link is where it leads to what is not read anyway."""
    if not path.is_symlink():
        return True
    target = path.resolve()
    if not target.is_relative_to(root):
        return False
    return any(part.startswith(".") for part in target.relative_to(root).parts)
