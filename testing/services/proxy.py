"""A bad line: a proxy for TCP on this machine that delays, cuts, truncates and swallows what goes through it."""

import socket
import threading
import time
from contextlib import suppress
from typing import Self

MOST_CONNECTIONS = 64
CHUNK_BYTES = 65_536
POLL_S = 0.05


class Proxy:
    """Listens on a port of its own, and hands everything on to another; a good line until it is told otherwise.

    Args:
        port: of this machine, where connections are handed on to.
        listens_on: a port; 0: any that is free.

    Attributes:
        port: where it listens, on this machine only.
        delay_s: each piece of a reply is held back for so long.
    """

    def __init__(self, port: int, *, listens_on: int = 0) -> None:
        self._target = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", listens_on))
        self.port = int(self._server.getsockname()[1])
        self.delay_s = 0.0
        self._swallows = threading.Event()
        self._truncates = threading.Event()
        self._is_closed = threading.Event()
        self._lock = threading.Lock()
        self._open: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends every connection at once, in whatever it is."""
        with self._lock:
            pairs, self._open = self._open, []
        for pair in pairs:
            for end in pair:
                _shut(end)

    def truncate(self) -> None:
        """Of the next reply only half arrives, and then its connection ends."""
        self._truncates.set()

    def swallow(self) -> None:
        """Connections stay open, and nothing arrives any more, on either side, until `restore`."""
        self._swallows.set()

    def restore(self) -> None:
        """What was held back arrives; a good line again."""
        self.delay_s = 0.0
        self._truncates.clear()
        self._swallows.clear()

    def close(self) -> None:
        self._is_closed.set()
        self.restore()
        _shut(self._server)
        self.cut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        with self._lock:
            is_full = len(self._open) >= MOST_CONNECTIONS
        try:
            if is_full:
                raise ConnectionRefusedError
            server = socket.create_connection(self._target, timeout=5.0)
        except OSError:
            _shut(client)
            return
        server.settimeout(None)
        pair = (client, server)
        with self._lock:
            self._open.append(pair)
        for source, sink, is_reply in ((client, server, False), (server, client, True)):
            threading.Thread(target=self._pump, args=(pair, source, sink, is_reply), daemon=True).start()

    def _pump(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, sink: socket.socket, is_reply: bool
    ) -> None:
        with suppress(OSError):
            while piece := source.recv(CHUNK_BYTES):
                while self._swallows.is_set():
                    time.sleep(POLL_S)
                if is_reply and self.delay_s:
                    time.sleep(self.delay_s)
                if is_reply and len(piece) > 1 and self._truncates.is_set():
                    self._truncates.clear()
                    sink.sendall(piece[: len(piece) // 2])
                    break
                sink.sendall(piece)
        with self._lock:
            self._open = [each for each in self._open if each is not pair]
        for end in pair:
            _shut(end)


def _shut(end: socket.socket) -> None:
    """Wakes up whoever reads from it, too."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
