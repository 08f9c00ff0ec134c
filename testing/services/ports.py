"""Ports for servers that tests kill and start again.

Below those that the system gives to outgoing connections (32768 on Linux): while a server is down, whoever tries to
reach it may otherwise be given the server's own port, and be connected to himself.
"""

import socket
from contextlib import suppress
from random import SystemRandom

LOWEST, HIGHEST = 10_000, 22_767
"""A node of a Redis cluster listens on a second port, ten thousand higher, which must not be one of those either."""


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many different ones."""
    taken: list[socket.socket] = []
    while len(taken) < count:
        with suppress(OSError):
            taken.append(socket.create_server(("127.0.0.1", SystemRandom().randint(LOWEST, HIGHEST))))
    ports = [int(server.getsockname()[1]) for server in taken]
    for server in taken:
        server.close()
    return ports
