"""Metrics and health over HTTP: /metrics, /livez, /readyz on one port, on the loopback address unless told otherwise.

Alive: the identity loop has turned within the last minute. Ready: the networks are loaded and a camera streams;
a matcher is ready when it decides or stands by.
"""

import json
import threading
import time
from collections.abc import Collection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

STUCK_AFTER_S = 60.0
"""Longer than any window takes to encode and decide; a loop that rests this long will not turn again."""


class Health:
    """What is known of a process's state; any thread may tell and ask.

    Args:
        ready_states: the process is ready when one of its cameras is in one of these.
    """

    def __init__(self, ready_states: Collection[str] = ("streaming",)) -> None:
        self._ready_states = frozenset(ready_states)
        self._lock = threading.Lock()
        self._cameras: dict[str, str] = {}
        self._beat_s = time.monotonic()

    def beat(self) -> None:
        """The identity loop has come round, with or without work."""
        self._beat_s = time.monotonic()

    def camera(self, name: str, state: str) -> None:
        """A camera is in another state."""
        with self._lock:
            self._cameras[name] = state

    def cameras(self) -> dict[str, str]:
        with self._lock:
            return dict(self._cameras)

    def is_alive(self) -> bool:
        return time.monotonic() - self._beat_s < STUCK_AFTER_S

    def is_ready(self) -> bool:
        return self.is_alive() and not self._ready_states.isdisjoint(self.cameras().values())


class HealthServer:
    """Serves one process's metrics and health until it is closed."""

    def __init__(self, health: Health, registry: CollectorRegistry, host: str, port: int) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(health, registry))
        except OSError as error:
            raise HealthError(
                f"expected to listen on {host}:{port} for metrics: {error.strerror}; choose another port"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class HealthError(Exception):
    """The port cannot be had."""


def _handler(health: Health, registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path:
                case "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                case "/livez":
                    self._state(health.is_alive())
                case "/readyz":
                    self._state(health.is_ready())
                case _:
                    self._answer(404, "text/plain", b"expected /metrics, /livez or /readyz\n")

        def _state(self, is_well: bool) -> None:
            body = json.dumps({"ok": is_well, "cameras": health.cameras()}).encode()
            self._answer(200 if is_well else 503, "application/json", body + b"\n")

        def _answer(self, code: int, content_type: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:
            """Scrapes are not news."""

    return Handler
