"""Stands in for the commands that server mode has: notes what it was called with, and waits to be ended."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    calls = Path(os.environ["STUB_CALLS"])
    settings = {name: value for name, value in os.environ.items() if name.startswith("FOOTNOTE_")}
    with calls.open("a") as file:
        file.write(json.dumps({"command": sys.argv[1:], "settings": settings}) + "\n")
    if sys.argv[1] == "keys":
        print(json.dumps({"secret": "fn_first"}))
    if sys.argv[1:3] == ["tenants", "show"]:
        sys.exit(1)
    if sys.argv[1] == os.environ.get("STUB_DIES"):
        sys.exit(3)
    if sys.argv[1] in ("serve", "worker"):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print(f"{sys.argv[1]} runs", flush=True)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
