"""Ports that test servers are given belong to one process."""

import subprocess
import sys

from testing.services import ports

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
