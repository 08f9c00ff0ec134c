"""The real broker that tests start."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from testing.services import kafka, ports
from testing.services.kafka import KafkaBroker


def test_a_broker_whose_port_goes_to_somebody_else_comes_up_on_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = socket.create_server(("127.0.0.1", ports.free_port()))
    given = iter([[taken.getsockname()[1], *ports.free_ports(3)]])
    monkeypatch.setattr(kafka, "free_ports", lambda count: next(given, None) or ports.free_ports(count))
    with closing(taken), KafkaBroker(tmp_path) as broker:
        assert broker.plain.addresses != (f"127.0.0.1:{taken.getsockname()[1]}",)
        broker.revive()
