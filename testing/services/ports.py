"""Ports for servers that tests kill and start again.

Below those that the system gives to outgoing connections (32768 on Linux): while a server is down, whoever tries to
reach it may otherwise be given the server's own port, and be connected to himself. A port belongs to the process that
asked for it until that ends, also while nobody listens there: another test process must not take it in the meantime.
"""

import fcntl
import os
import socket
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path
from random import SystemRandom

LOWEST, HIGHEST = 10_000, 19_999
"""A node of a Redis cluster listens on a second port, ten thousand higher, which must not be one of those either."""
TRIES = 10_000
_ours: set[int] = set()


def free_port() -> int:
    """A port of the loopback address that nobody listens on, and that no other process is given."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many different ones.

    Raises:
        OSError: if there are none left.
    """
    ports: list[int] = []
    for _ in range(TRIES):
        if len(ports) == count:
            return ports
        port = SystemRandom().randint(LOWEST, HIGHEST)
        if port not in _ours and _reserved(port) and _is_free(port):
            _ours.add(port)
            ports.append(port)
    raise OSError(f"found fewer than {count} free ports from {LOWEST} to {HIGHEST}")


def _reserved(port: int) -> bool:
    """Whether no other process of this user has it; from now on it is this one's."""
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    try:
        with closing(socket.create_server(("127.0.0.1", port))):
            return True
    except OSError:
        return False


@cache
def _reservations() -> int:
    """A file of which each byte is a port, locked by the process that has it; the system unlocks when that ends."""
    return os.open(Path(tempfile.gettempdir()) / f"passerby-ports-{os.getuid()}", os.O_RDWR | os.O_CREAT, 0o600)
