"""`worker` and `match` while Redis is away: one line and exit code 1, soon; who has reached it once waits for it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import yaml

from passerby_events.recordings import read_events
from pipeline.store.keys import LEASE, prefix
from testing.scene import video
from testing.services.ports import free_port
from testing.services.redis import RedisServer
from testing.still_person import still_person
from testing.waiting import until

COMMAND = Path(sys.executable).with_name("reid-pipeline")
START_S = 60.0
"""Python and its libraries, on a machine that is busy."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A configuration of one camera."""
    video(tmp_path / "video.mp4", [], 4.0)
    config = {
        "cameras": [{"name": "door", "source": str(tmp_path / "video.mp4")}],
        "detector": {"kind": "network", "model": str(still_person(tmp_path / "still.onnx"))},
        "encoder": {"kind": "colour-stripes"},
        "redis": {"start_patience_s": 1.0, "patience_s": 60.0, "lease_s": 1.0},
        "output": {"directory": str(tmp_path / "out")},
    }
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def start(role: str, site: Path, url: str, *args: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "REDIS_URL": url}
    command = [str(COMMAND), "--log-level", "warning", role, str(site), *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def both(site: Path, url: str) -> Iterator[str]:
    """What a worker and a matcher say who end with exit code 1."""
    for process in [start(role, site, url) for role in ("worker", "match")]:
        out, err = process.communicate(timeout=START_S)
        assert (process.returncode, out) == (1, "")
        yield err


def test_a_server_that_was_never_reached_is_one_line_and_exit_code_1(site: Path) -> None:
    port = free_port()
    at = f"redis://127.0.0.1:{port}/0"
    for err in both(site, f"redis://reid:secret@127.0.0.1:{port}/0"):
        assert err == (
            f"reid-pipeline: cannot reach Redis at {at} (connection refused) within 1 s: start it, or set REDIS_URL\n"
        )


def test_a_wrong_password_is_one_line_and_exit_code_1(site: Path, redis_server: RedisServer) -> None:
    for err in both(site, redis_server.url.replace("redis://", "redis://nobody:secret@")):
        assert err.startswith(f"reid-pipeline: Redis at {redis_server.url} refuses: invalid username-password pair")
        assert err.count("\n") == 1


@pytest.mark.parametrize("role", ["worker", "match"])
def test_who_is_told_to_stop_while_it_waits_stops(role: str, site: Path) -> None:
    site.write_text(site.read_text(encoding="utf-8").replace("start_patience_s: 1.0", "start_patience_s: 600"))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        process = start(role, site, f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
        mute.accept()[0].close()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=START_S)
    assert process.returncode == 1
    assert err.count("\n") == 1


def test_a_site_outlasts_a_restart_of_its_server(site: Path, redis_server: RedisServer, tmp_path: Path) -> None:
    matcher = start("match", site, redis_server.url, "--until-end")
    with redis.Redis.from_url(redis_server.url) as client:
        until(lambda: client.exists(prefix("site") + LEASE) == 1)
    redis_server.kill()
    assert matcher.stderr is not None
    reported = [matcher.stderr.readline()]
    redis_server.start()
    worker = start("worker", site, redis_server.url)
    _, of_worker = worker.communicate(timeout=START_S)
    _, of_matcher = matcher.communicate(timeout=START_S)
    assert (worker.returncode, matcher.returncode) == (0, 0), of_worker + of_matcher
    reported += of_matcher.splitlines()
    assert [" WARNING cannot reach Redis at" in reported[0], " WARNING Redis at" in reported[1]] == [True, True], (
        reported
    )
    assert len(reported) == 2
    kinds = [event.kind for event in read_events(tmp_path / "out" / "events.jsonl")]
    assert kinds == ["person.appeared", "track.ended"]
