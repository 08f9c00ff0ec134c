"""Metrics and health over HTTP: /metrics, /livez, /readyz on one port, on the loopback address unless told otherwise.

Whoever connects gets little: so many connections at a time, each for so long, so that slow or hostile clients take
neither threads nor file descriptors from the pipeline.
"""

import json
import logging
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from passerby_events.errors import PasserbyError
from pipeline.telemetry.health import Health

logger = logging.getLogger(__name__)

MOST_CONNECTIONS = 16
"""At a time; where one more comes, the oldest is hung up."""
LONGEST_S = 10.0
"""From connecting to the last byte of the answer; whoever takes longer is hung up."""


class HealthError(PasserbyError):
    """The port cannot be had."""


class HealthServer:
    """Serves one process's metrics and health until it is closed."""

    def __init__(
        self, health: Health, registry: CollectorRegistry, host: str, port: int, *, longest_s: float = LONGEST_S
    ) -> None:
        """Listens.

        Args:
            health, registry: what is served.
            host, port: where; port 0 takes any that is free.
            longest_s: how long a connection may last, seconds.

        Raises:
            HealthError: if the port cannot be had.
        """
        try:
            self._server = _BoundedServer((host, port), _handler(health, registry), longest_s)
        except OSError as error:
            raise HealthError(
                f"expected to listen on {host}:{port} for metrics: {error.strerror}; choose another port"
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def connections(self) -> int:
        """How many are open now."""
        return self._server.connections()

    def close(self) -> None:
        self._server.shutdown()
        self._server.hang_up_all()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _BoundedServer(ThreadingHTTPServer):
    """A server that hangs up on whoever takes too long, and on the oldest where there are too many."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], longest_s: float) -> None:
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._since_s: dict[socket.socket, float] = {}
        super().__init__(address, handler)

    def connections(self) -> int:
        with self._lock:
            return len(self._since_s)

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        with self._lock:
            # The oldest first, as they came.
            for old in list(self._since_s)[: max(0, len(self._since_s) - MOST_CONNECTIONS + 1)]:
                _hang_up(old)
            self._since_s[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        with self._lock:
            self._since_s.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Comes round twice a second."""
        limit_s = time.monotonic() - self._longest_s
        with self._lock:
            for request, since_s in self._since_s.items():
                if since_s < limit_s:
                    _hang_up(request)

    def hang_up_all(self) -> None:
        with self._lock:
            for request in self._since_s:
                _hang_up(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, or is hung up, is no news."""
        logger.debug("the connection of %s broke off", client_address, exc_info=True)


def _hang_up(request: socket.socket) -> None:
    """Its thread wakes from whatever it waits for, and ends."""
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster.
        return


def _handler(health: Health, registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match urlsplit(self.path).path:
                case "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                case "/livez":
                    self._state(health.is_alive())
                case "/readyz":
                    self._state(health.is_ready())
                case _:
                    self._answer(404, "text/plain", b"expected /metrics, /livez or /readyz\n")

        def do_HEAD(self) -> None:
            self.do_GET()

        def _state(self, is_well: bool) -> None:
            body = json.dumps({"ok": is_well, "cameras": health.cameras()}).encode()
            self._answer(200 if is_well else 503, "application/json", body + b"\n")

        def _answer(self, code: int, content_type: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:
            """Scrapes are not news."""

    return Handler
