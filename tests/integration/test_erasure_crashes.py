"""Whatever is killed around an erasure, the person is erased once, for good, and consumers are told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from passerby_events.recordings import read_recording
from passerby_events.reducing import fold
from passerby_events.schema import Event
from pipeline.store.client import SiteStore
from pipeline.store.erasure_requests import ask, audit
from pipeline.store.keys import LEASE, RECENT, REQUESTS, person_key, sighting_key
from pipeline.store.lease import acquire
from pipeline.store.lua import script
from testing.paths import ROOT
from testing.redis_desk import RedisDesk
from testing.services.redis import RedisServer
from testing.sightings import about, ends_at, of, somebody
from testing.site.room import PlayedCamera
from testing.waiting import until

SITE = "shop"
WITHIN_S = 60.0
"""A process starts and a lease ends, on a machine that is busy."""
EXISTS = script("return redis.call('EXISTS', KEYS[1])")
COMMAND = Path(sys.executable).with_name("reid-pipeline")


class House:
    """A camera, a matcher that decides and one that stands by, and what they delivered."""

    def __init__(self, server: RedisServer, store: SiteStore, folder: Path) -> None:
        self.server = server
        self.store = store
        self._events = folder / "events.jsonl"
        self.camera = PlayedCamera(store)
        self._matchers: list[subprocess.Popen[bytes]] = []
        self._start()
        until(lambda: bool(store.run(EXISTS, [store.key(LEASE)], [])))
        self._start()

    @property
    def leader(self) -> subprocess.Popen[bytes]:
        return self._matchers[0]

    def change(self) -> None:
        """Who decided is dead, who stood by decides, and a new one stands by."""
        self.leader.kill()
        self.leader.wait()
        del self._matchers[0]
        self._start()

    def reported(self) -> list[Event]:
        """What was delivered, in order; a line that is being written is left out."""
        if not self._events.exists():
            return []
        whole = self._events.with_suffix(".whole")
        lines = self._events.read_bytes().splitlines(keepends=True)
        whole.write_bytes(b"".join(line for line in lines if line.endswith(b"\n")))
        return list(read_recording(whole))

    def hears(self, kind: str, track: int) -> None:
        """Returns when that was delivered of whoever was first seen in the track."""
        until(lambda: any(event.kind == kind and event.person == somebody(track) for event in self.reported()))

    def close(self) -> None:
        for matcher in self._matchers:
            matcher.kill()
            matcher.wait()

    def _start(self) -> None:
        command = [sys.executable, "-m", "testing.site.erasing_matcher", self.server.url, SITE, str(self._events)]
        self._matchers.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}))


@pytest.fixture
def house(redis_server: RedisServer, tmp_path: Path) -> Iterator[House]:
    with SiteStore(redis_server.url, SITE) as store:
        house = House(redis_server, store, tmp_path)
        yield house
        house.close()


def kill_before(house: House, track: int, _: Random) -> None:
    """The request waits, and whoever would have taken it is dead."""
    house.leader.send_signal(signal.SIGSTOP)
    ask(house.store, somebody(track))
    house.change()


def kill_during(house: House, track: int, chance: Random) -> None:
    """At some moment while it is taken."""
    ask(house.store, somebody(track))
    time.sleep(chance.uniform(0.0, 0.02))
    house.change()


def kill_after(house: House, track: int, _: Random) -> None:
    """It is done, and perhaps not told."""
    request = ask(house.store, somebody(track)).id
    until(lambda: any(entry.request == request for _, entry in audit(house.store)), pause_s=0.0)
    house.change()


def kill_redis(house: House, track: int, _: Random) -> None:
    """The server that has just acknowledged it."""
    request = ask(house.store, somebody(track)).id
    until(lambda: any(entry.request == request for _, entry in audit(house.store)), pause_s=0.0)
    house.server.kill()
    house.server.start()


def freeze(house: House, track: int, _: Random) -> None:
    """Another does it, and the one with the old memory wakes up."""
    house.leader.send_signal(signal.SIGSTOP)
    ask(house.store, somebody(track))
    until(lambda: house.store.length(REQUESTS) == 0)
    house.leader.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    house.change()


FALLS = (kill_before, kill_during, kill_after, kill_redis, freeze, kill_during, kill_during)


@pytest.mark.slow
def test_nothing_brings_an_erased_person_back(house: House) -> None:
    chance = Random(4)
    for number, fall in enumerate(FALLS):
        known, new = 10 * number + 1, 10 * number + 2
        for tracklet_index in range(3):
            house.camera.sees((known, tracklet_index))
        house.hears("person.appeared", known)
        fall(house, known, chance)
        house.camera.sees((known, 0), (known, 3), (new, 0), ended=(known, new))
        house.hears("track.ended", new)
        house.hears("person.erased", known)
        name = f"door:r:{known}"
        gone = [house.store.key(sighting_key(name)), house.store.key(person_key(somebody(known)))]
        assert house.store.hashes(gone) == [{}, {}], fall
        assert name.encode() not in house.store.members(RECENT)
    reported, erased = house.reported(), [somebody(10 * number + 1) for number in range(len(FALLS))]
    assert [(entry.person, entry.outcome) for _, entry in audit(house.store)] == [(each, "erased") for each in erased]
    for person in erased:
        kinds = [event.kind for event in reported if event.person == person]
        assert kinds.index("person.erased") == len(kinds) - kinds.count("person.erased"), kinds
        assert len({event.event_id for event in reported if event.person == person}) == len(set(kinds))
    assert set(fold(reported).persons_by_track.values()) == {somebody(10 * number + 2) for number in range(len(FALLS))}


@pytest.mark.slow
def test_a_command_that_is_killed_can_be_given_again(redis_server: RedisServer) -> None:
    """Without a matcher, at the moment at which it takes the lease; and once more, to its end."""
    with SiteStore(redis_server.url, SITE) as store:
        desk = RedisDesk(store)
        desk.gallery.commit([of(1, 1), of(2, 1)], [about(1, 1)], ends_at(20.0))
        desk.lease.release()
        person = of(1, 1).person
        command = [str(COMMAND), "erase", "--site", SITE, "--person", str(person), "--wait", "60"]
        environment = {**os.environ, "REDIS_URL": redis_server.url}
        first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        until(lambda: store.length(REQUESTS) > 0 or bool(list(audit(store))), pause_s=0.0)
        first.kill()
        first.wait()
        second = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=WITHIN_S)
        assert second.stdout.startswith(("erased ", f"{person} was erased before"))
        done = [entry for _, entry in audit(store) if entry.outcome == "erased"]
        assert [(entry.tracks, entry.events) for entry in done] == [(2, 1)]
        assert acquire(store, 1.0) is not None
