"""Servers that tests start keep out of each other's way."""

import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from testing.services import kafka, ports
from testing.services.kafka import KafkaBroker

ASKS = "from testing.services import ports; ports.LOWEST = ports.HIGHEST = {port}; print(ports.free_port())"


def _asks_for(port: int) -> "subprocess.CompletedProcess[str]":
    """Another process that will have this port and no other."""
    command = [sys.executable, "-c", ASKS.format(port=port)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_port_that_one_process_was_given_is_given_to_no_other_until_that_ends() -> None:
    refused = _asks_for(ports.free_port())
    assert refused.returncode == 1
    assert "found fewer than 1 free ports" in refused.stderr
    free = 20_000  # nobody else asks for that
    assert [_asks_for(free).stdout for _ in range(2)] == [f"{free}\n"] * 2


def test_a_broker_whose_port_goes_to_somebody_else_comes_up_on_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = socket.create_server(("127.0.0.1", ports.free_port()))
    given = iter([[taken.getsockname()[1], *ports.free_ports(3)]])
    monkeypatch.setattr(kafka, "free_ports", lambda count: next(given, None) or ports.free_ports(count))
    with closing(taken), KafkaBroker(tmp_path) as broker:
        assert broker.plain.addresses != (f"127.0.0.1:{taken.getsockname()[1]}",)
        broker.revive()
