"""A Redis that gives itself out for an older one: a real server behind a proxy that changes its version on the way."""

import socket
import threading
from typing import Self

CHUNK = 65536


class RelabelledRedis:
    """Serves in threads of its own while it is entered.

    Attributes:
        port: where it listens, on this machine only.
    """

    def __init__(self, port: int, version: bytes, claims: bytes) -> None:
        assert len(version) == len(claims), "the lengths of answers stand before them"
        self._behind = port
        self._version, self._claims = version, claims
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._behind))
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with source, target:
            while chunk := source.recv(CHUNK):
                target.sendall(chunk.replace(self._version, self._claims))
