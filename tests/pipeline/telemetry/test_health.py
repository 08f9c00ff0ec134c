import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from pipeline.telemetry.health import Health, HealthError, HealthServer
from pipeline.telemetry.metrics import Metrics


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


def test_ready_means_that_a_camera_streams(server: HealthServer, health: Health) -> None:
    assert get(server, "/livez")[0] == 200
    assert get(server, "/readyz")[0] == 503
    health.camera("door", "retrying")
    assert get(server, "/readyz")[0] == 503
    health.camera("yard", "streaming")
    code, body = get(server, "/readyz")
    assert code == 200
    assert json.loads(body) == {"ok": True, "cameras": {"door": "retrying", "yard": "streaming"}}


def test_other_paths_say_what_there_is(server: HealthServer) -> None:
    assert get(server, "/") == (404, "expected /metrics, /livez or /readyz\n")


def test_a_taken_port_is_one_clear_line(server: HealthServer, health: Health) -> None:
    with pytest.raises(HealthError, match=rf"127\.0\.0\.1:{server.port} .*choose another port"):
        HealthServer(health, Metrics().registry, "127.0.0.1", server.port)


def test_a_matcher_that_stands_by_is_ready() -> None:
    health = Health(ready_states=("leading", "standing by"))
    assert not health.is_ready()
    health.camera("matcher", "standing by")
    assert health.is_ready()
