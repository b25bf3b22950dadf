"""The product as it is delivered: a server process, real files, the real model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.running import ROOT, serving
from tests.e2e.asking import wait_for
from tests.fakes_core import quick_folder

DEMO = ROOT / "deploy" / "demo" / "documents"
FILES = (
    "policies/warranty-terms-2023.pdf",
    "policies/warranty-terms-2024.md",
    "policies/travel-policy-2025.html",
    "products/chemical-compatibility.csv",
    "manuals/mv450-manual.md",
    "manuals/dp-dosing-pump-manual.docx",
    "hr/arbeitszeit-kaltenbrunn.html",
    "meetings/2025-03-product-council.txt",
    "mail/price-change-july-2025.eml",
)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture(scope="session")
def http(folder: Path) -> Iterator[httpx.Client]:
    """A server that has read a part of the sample corpus in."""
    with serving(folder / "data") as server, httpx.Client(base_url=server.url, timeout=60) as client:
        files = [("file", (Path(name).name, (DEMO / name).read_bytes())) for name in FILES]
        response = client.post(
            "/documents", files=files, data={"source": list(FILES), "metadata": '{"corpus": "demo"}'}
        )
        assert response.status_code == 202, response.text
        wait_for(client, response)
        yield client
