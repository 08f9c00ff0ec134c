import json
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from pipeline.telemetry.health import Health
from pipeline.telemetry.http_server import MOST_CONNECTIONS, HealthError, HealthServer
from pipeline.telemetry.metrics import Metrics
from testing.waiting import until


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def server(health: Health) -> Iterator[HealthServer]:
    metrics = Metrics()
    metrics.frames.labels(camera="door").inc(3)
    with HealthServer(health, metrics.registry, "127.0.0.1", 0) as server:
        yield server


def get(server: HealthServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_are_served(server: HealthServer) -> None:
    code, body = get(server, "/metrics")
    assert code == 200
    assert 'reid_frames_total{camera="door"} 3.0' in body


def test_other_paths_say_what_there_is(server: HealthServer) -> None:
    assert get(server, "/") == (404, "expected /metrics, /livez or /readyz\n")


def test_a_taken_port_is_one_clear_line(server: HealthServer, health: Health) -> None:
    with pytest.raises(HealthError, match=rf"127\.0\.0\.1:{server.port} .*choose another port"):
        HealthServer(health, Metrics().registry, "127.0.0.1", server.port)


def test_a_query_is_no_other_path(server: HealthServer) -> None:
    assert get(server, "/livez?x=1")[0] == 200


def test_a_head_is_answered_without_a_body(server: HealthServer) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/livez", method="HEAD")
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert (answer.status, answer.read()) == (200, b"")


def test_what_health_knows_is_in_the_body(server: HealthServer, health: Health) -> None:
    health.camera("door", "retrying")
    code, body = get(server, "/readyz")
    assert (code, json.loads(body)) == (503, {"ok": False, "cameras": {"door": "retrying"}})


def connected(server: HealthServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def test_clients_that_say_nothing_take_no_threads_and_keep_nobody_out(server: HealthServer) -> None:
    before = threading.active_count()
    clients = [connected(server) for _ in range(10 * MOST_CONNECTIONS)]
    assert get(server, "/livez")[0] == 200
    until(lambda: threading.active_count() - before <= MOST_CONNECTIONS)
    assert server.connections() <= MOST_CONNECTIONS
    for client in clients:
        client.close()


def test_a_client_that_trickles_is_hung_up(health: Health) -> None:
    with HealthServer(health, Metrics().registry, "127.0.0.1", 0, longest_s=0.2) as server, connected(server) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost")
        assert client.recv(100) == b""
        until(lambda: server.connections() == 0)


def test_a_client_that_hangs_up_leaves_no_traceback(
    server: HealthServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        client = connected(server)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
        # Sends a reset at once, whatever has not been read.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    until(lambda: server.connections() == 0)
    assert get(server, "/livez")[0] == 200
    assert capfd.readouterr().err == ""
    assert caplog.text == ""
