"""The tests themselves reach nothing but this machine."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
from pytest_socket import SocketConnectBlockedError

ELSEWHERE = "192.0.2.1"  # set aside for documentation (RFC 5737)


def test_another_machine_cannot_be_reached() -> None:
    with socket.socket() as opened, pytest.raises(SocketConnectBlockedError):
        opened.connect((ELSEWHERE, 80))


async def test_nor_by_asynchronous_code() -> None:
    with pytest.raises(SocketConnectBlockedError):
        await asyncio.open_connection(ELSEWHERE, 80)


def test_model_hubs_are_switched_off() -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
