"""Workers, a matcher and Redis as processes of their own: the events of one process, whatever is killed or frozen."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from pipeline.events.jsonlines import read_events
from pipeline.events.memory import MemorySink
from pipeline.matching.memory import MemoryGallery
from pipeline.records import EmbeddedWindow
from tests.conftest import ROOT
from tests.integration.site_processes import LEASE_S, SHOP, played
from tests.pipeline.scene import films
from tests.pipeline.site_in_memory import matcher_of, supervise
from tests.services.redis import RedisServer

WALKS = {
    "door": [("red", 0.0, 5.0), ("green", 2.0, 7.0), ("blue", 9.0, 14.0)],
    "yard": [("green", 10.0, 15.0), ("red", 8.0, 13.0), ("sand", 1.0, 6.0)],
    "hall": [("blue", 16.0, 20.0), ("sand", 9.0, 14.0)],
}
CAMERAS = ("door", "yard")
ENDS_WITHIN_S = 60.0


class Town:
    """The processes of one site."""

    def __init__(self, url: str, folder: Path) -> None:
        self.out = folder / "events.jsonl"
        self.site = f"test-{uuid4().hex[:12]}"
        self._url = url
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, role: str, *args: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.integration.site_processes", role, self._url, self.site, *args]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        self._processes.append(process)
        return process

    def matcher(self) -> subprocess.Popen[bytes]:
        return self.start("match", "played", str(self.out), *CAMERAS)

    def player(self, camera: str) -> subprocess.Popen[bytes]:
        return self.start("play", camera, "0.02")

    def events(self) -> dict[UUID, str]:
        """By id; an event that came twice came twice the same."""
        found: dict[UUID, str] = {}
        for event in read_events(self.out):
            line = event.model_dump_json()
            assert found.setdefault(event.event_id, line) == line
        return found

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
def town(redis_url: str, tmp_path: Path) -> Iterator[Town]:
    town = Town(redis_url, tmp_path)
    yield town
    town.close()


@pytest.fixture
def mortal_town(redis_server: RedisServer, tmp_path: Path) -> Iterator[Town]:
    """A site whose Redis may be killed too."""
    town = Town(redis_server.url, tmp_path)
    yield town
    town.close()


@pytest.fixture(scope="module")
def undisturbed() -> dict[UUID, str]:
    """The events of the played walks, decided in one process."""
    sink = MemorySink()
    matcher = matcher_of(MemoryGallery(sink), SHOP)
    for door, yard in zip(*(played(camera) for camera in CAMERAS), strict=True):
        embeddings = sorted((*door.embeddings, *yard.embeddings), key=lambda e: (e.cut_s, e.track, e.part))
        ended = sorted((*door.ended, *yard.ended), key=lambda e: (e.cut_s, e.track))
        if embeddings or ended:
            matcher.step(EmbeddedWindow(door.end_s, tuple(embeddings), tuple(ended)))
    assert {event.kind for event in sink.events} == {"person.appeared", "person.matched", "track.ended"}
    return {event.event_id: event.model_dump_json() for event in sink.events}


def ends_well(process: subprocess.Popen[bytes]) -> None:
    assert process.wait(ENDS_WITHIN_S) == 0


def test_two_workers_and_a_matcher_give_the_bytes_of_one_process(town: Town, tmp_path: Path) -> None:
    site_films = films(tmp_path / "films", WALKS, 21.0)
    sink = MemorySink()
    supervise(site_films, sink, site=SHOP).run()
    first = town.start("film", *(f"{name}={site_films[name]}" for name in ("door", "hall")))
    second = town.start("film", f"yard={site_films['yard']}")
    matcher = town.start("match", "film", str(town.out), *WALKS)
    for process in (first, second, matcher):
        ends_well(process)
    assert town.out.read_text().splitlines() == [event.model_dump_json() for event in sink.events]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_killed_nothing_is_lost_and_nothing_happens_twice(
    mortal_town: Town, redis_server: RedisServer, undisturbed: dict[UUID, str], seed: int
) -> None:
    chance = random.Random(seed)
    starts: dict[str, Callable[[], subprocess.Popen[bytes]]] = {
        "matcher": mortal_town.matcher,
        "door": lambda: mortal_town.player("door"),
        "yard": lambda: mortal_town.player("yard"),
    }
    running = {name: start() for name, start in starts.items()}
    time.sleep(1.5)
    for victim in chance.sample(["matcher", "redis", "matcher", chance.choice(CAMERAS), "redis"], 5):
        time.sleep(chance.uniform(0.1, 1.0))
        if victim == "redis":
            redis_server.kill()
            time.sleep(chance.uniform(0.0, 0.5))
            redis_server.start()
        elif running[victim].poll() is None:
            running[victim].kill()
            running[victim] = starts[victim]()
    # A worker that was killed after its last word plays everything once more, and a matcher has to hear it out.
    ends_s = time.monotonic() + ENDS_WITHIN_S
    while any(running[camera].poll() is None for camera in CAMERAS):
        assert time.monotonic() < ends_s
        if running["matcher"].poll() is not None:
            running["matcher"] = mortal_town.matcher()
        time.sleep(0.05)
    for process in running.values():
        ends_well(process)
    assert mortal_town.events() == undisturbed


def test_a_matcher_that_was_frozen_past_its_lease_decides_nothing_more(
    town: Town, undisturbed: dict[UUID, str]
) -> None:
    active = town.matcher()
    players = [town.player(camera) for camera in CAMERAS]
    until(lambda: town.out.exists() and town.out.stat().st_size > 0)
    active.send_signal(signal.SIGSTOP)
    heir = town.matcher()
    size = town.out.stat().st_size
    until(lambda: town.out.stat().st_size > size, LEASE_S + 20)
    active.send_signal(signal.SIGCONT)
    for process in (*players, heir):
        ends_well(process)
    assert town.events() == undisturbed


def until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    ends_s = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_s
        time.sleep(0.01)
