"""That `service` and `ingestion` are Footnote's own, and no modules of those names that come before them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

OWN = ("service", "ingestion")
HERE = Path(__file__).parents[1]


def check() -> None:
    """Looks where the names lead, without importing what lies there.

    Raises:
        ImportError: a module of the program, or of another package, has taken a name.
    """
    for name in OWN:
        spec = find_spec(name)
        found = None if spec is None or spec.origin is None else Path(spec.origin)
        if found is None or found.parents[1] != HERE:
            raise ImportError(
                f"Footnote's package {name!r} cannot be imported: {found or 'a folder'} comes first under"
                " that name. Rename that, or start Python from another folder."
            )
