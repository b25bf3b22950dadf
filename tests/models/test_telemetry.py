from __future__ import annotations

import subprocess
import sys

SEND_NOTHING = """
import sys
from service.models.vendor import import_openvino
import_openvino()
from nncf.telemetry.wrapper import NNCFTelemetry, telemetry
from openvino.tools.ovc import telemetry_utils
assert sys.modules["openvino_telemetry"] is None
assert "stub" in telemetry_utils.tm.Telemetry.__module__, telemetry_utils.tm.Telemetry.__module__
assert not isinstance(telemetry, NNCFTelemetry)
print("silent")
"""


def test_neither_openvino_nor_nncf_can_report_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEND_NOTHING], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip().endswith("silent"), done.stderr[-1000:]
