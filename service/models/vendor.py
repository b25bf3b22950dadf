"""OpenVINO without its telemetry."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, cast


def import_openvino() -> Any:
    """The `openvino` package, imported so that it and NNCF can report nothing to anybody.

    Both send usage to Google Analytics through the `openvino_telemetry` package, unless the user has declined
    in a file of theirs; both go without where that package cannot be imported. `None` in `sys.modules` is
    Python's own way to say so.
    """
    sys.modules["openvino_telemetry"] = cast(ModuleType, None)
    import openvino

    return openvino
