"""Every command of docker/compose.yaml but those of Prometheus and Grafana runs, on real Redis, Kafka and RTSP."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
import redis

from passerby_events.topics import DEAD_LETTERS, EVENTS
from testing.docker.by_hand import Place, Running, has_looked, is_well, leads, networks, start_camera
from testing.docker.compose_file import SECRETS, read_compose, service
from testing.docker.dockerfile import CAMERA, PIPELINE, entry_point, health_check
from testing.docker.metrics import exported
from testing.docker.servers import redis_url, start_kafka, start_redis
from testing.docker.videos import beginning, sliding_square, write_video
from testing.paths import ROOT, SHARED
from testing.services.ports import free_port

pytestmark = [pytest.mark.rtsp, pytest.mark.slow]
HERE = ROOT / "docker"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Where compose.yaml's paths lie on this machine, with real networks where there are any."""
    folder = tmp_path_factory.mktemp("compose")
    names = {
        "/etc/passerby": str(HERE / "site"),
        "/videos": str(folder),
        "/opt/looped_videos.py": str(HERE / "camera" / "looped_videos.py"),
    }
    with Place(folder, names, networks(SHARED / "data" / "weights", folder / "models")) as place:
        yield place


@pytest.fixture(scope="module")
def video(place: Place) -> Path:
    """What the cameras show: people if there is footage of any."""
    footage = SHARED / "data" / "multicam" / "pets2009_s2l1" / "View_001.mp4"
    path = place.folder / "vtest.avi"
    write_video(beginning(footage) if footage.is_file() else sliding_square(), path)
    return path


@pytest.fixture(scope="module")
def camera(place: Place, video: Path) -> Running:
    port = free_port()
    place.names |= {"camera:8554": f"127.0.0.1:{port}", "0.0.0.0": "127.0.0.1", "8554": str(port)}
    compose_service = service("camera")
    return start_camera(place, (*entry_point(CAMERA), *compose_service.command), compose_service.environment)


@pytest.fixture(scope="module")
def redis_server(place: Place) -> Running:
    return start_redis(place)


@pytest.fixture(scope="module")
def topics(place: Place) -> str:
    """What `topics` printed."""
    start_kafka(place)
    compose_service = service("topics")
    code, printed = place.run((*entry_point(PIPELINE), *compose_service.command), compose_service.environment)
    assert code == 0, printed
    return printed


@pytest.fixture(scope="module")
def site(place: Place, redis_server: Running, topics: str, camera: Running) -> Mapping[str, Running]:
    """Both workers and both matchers, ready."""
    names = ("worker-campus", "worker-gate", "matcher", "matcher-standby")
    running = {
        name: place.start((*entry_point(PIPELINE), *service(name).command), service(name).environment) for name in names
    }
    for each in running.values():
        each.until(partial(is_well, each, "/readyz"))
    return running


def test_the_topics_are_made_as_asked(topics: str) -> None:
    assert f"{EVENTS}: made; 8 partitions, 1 copies, kept for 24 h" in topics
    assert f"{DEAD_LETTERS}: made; 1 partitions, 1 copies, kept for 24 h" in topics


def test_redis_lets_in_the_user_of_the_site_and_nobody_else(place: Place, redis_server: Running) -> None:
    with redis.Redis.from_url(redis_url(place)) as client:
        assert client.set("reid:{demo}:x", "1")
        client.delete("reid:{demo}:x")
        for forbidden in (("SET", "other", "1"), ("FLUSHALL",), ("CONFIG", "GET", "requirepass"), ("KEYS", "*")):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*forbidden)
    host, port = place.names["redis:6379"].split(":")
    with redis.Redis(host, int(port)) as stranger, pytest.raises(redis.exceptions.AuthenticationError):
        stranger.ping()
    words = Path(f"/proc/{redis_server.process.pid}/cmdline").read_bytes()
    assert words.startswith(b"redis-server"), "it is process 1 itself, and hears SIGTERM"
    assert SECRETS["REDIS_PASSWORD"].encode() not in words


def test_redis_keeps_what_it_was_told_and_forgets_nobody(place: Place, redis_server: Running) -> None:
    settings = (HERE / "redis" / "redis.conf").read_text().splitlines()
    assert {"appendonly yes", "maxmemory-policy noeviction"} <= set(settings)
    assert list((place.folder / "redis" / "appendonlydir").iterdir())


def test_redis_is_well_by_its_own_check(place: Place, redis_server: Running) -> None:
    kind, line = read_compose()["services"]["redis"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    variables = service("redis").environment
    assert place.run(("sh", "-c", line), variables)[0] == 0
    assert place.run(("sh", "-c", line), {**variables, "REDIS_PASSWORD": "wrong"})[0] == 1


def test_the_camera_shows_its_video_to_who_knows_the_password(place: Place, camera: Running, video: Path) -> None:
    address = place.names["camera:8554"]
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(f"rtsp://{address}/campus", timeout=10)
    with av.open(str(video)) as played:
        wanted = [frame.to_ndarray(format="rgb24").astype(np.float32) for frame in played.decode(video=0)]
    with av.open(
        f"rtsp://passerby:{SECRETS['CAMERA_PASSWORD']}@{address}/campus", options={"rtsp_transport": "tcp"}, timeout=10
    ) as stream:
        frame = next(islice(stream.decode(video=0), 20, None))
    shown = frame.to_ndarray(format="rgb24").astype(np.float32)
    assert min(np.abs(shown - image).mean() for image in wanted) < 6, "the nearest frame of the video, in grey levels"


@pytest.mark.parametrize("name", ["worker-campus", "worker-gate", "matcher", "matcher-standby"])
def test_a_container_is_well_by_the_check_of_its_image(name: str, place: Place, site: Mapping[str, Running]) -> None:
    check = [word.replace("9464", str(site[name].port)) for word in health_check(PIPELINE)]
    assert subprocess.run(check, check=False, timeout=10).returncode == 0
    nobody = [word.replace("9464", str(free_port())) for word in health_check(PIPELINE)]
    assert subprocess.run(nobody, check=False, timeout=10, stderr=subprocess.DEVNULL).returncode == 1


def test_every_worker_looks_at_its_own_camera(site: Mapping[str, Running]) -> None:
    for camera in ("campus", "gate"):
        worker = site[f"worker-{camera}"]
        worker.until(partial(has_looked, worker, camera))
        assert json.loads(worker.get("/livez")[1])["cameras"] == {camera: "streaming"}


def test_what_is_scraped_is_what_the_dashboard_asks_for(site: Mapping[str, Running]) -> None:
    known = exported()
    for running in site.values():
        lines = [line for line in running.get("/metrics")[1].splitlines() if line.startswith("reid_")]
        names = {line.partition("{")[0].partition(" ")[0] for line in lines}
        assert {name for name in names if not name.endswith("_created")} <= set(known)


@pytest.mark.shared
def test_events_reach_kafka(place: Place, site: Mapping[str, Running], shared: Path) -> None:
    tail = (*entry_point(PIPELINE), "events", "tail", "--from-beginning", "--count", "1", "--idle", "45")
    code, printed = place.run(tail, {"KAFKA_BOOTSTRAP_SERVERS": "kafka:19092"})
    assert code == 0, printed
    assert json.loads(printed)["seen"]["camera"] in ("campus", "gate")


def test_the_one_that_stands_by_takes_over_and_all_end_well(site: Mapping[str, Running]) -> None:
    matchers = [site["matcher"], site["matcher-standby"]]
    matchers[0].until(lambda: sum(map(leads, matchers)) == 1)
    leader, heir = sorted(matchers, key=leads, reverse=True)
    assert leader.ends() == 0
    heir.until(lambda: leads(heir))
    for running in (heir, site["worker-campus"], site["worker-gate"]):
        assert running.ends() == 0, running.log.read_text()
