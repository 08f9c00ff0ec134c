"""The made-up site of `site_processes` as processes, and what its events are when nothing disturbs them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from passerby_events import schema
from passerby_events.brokers import Brokers
from passerby_events.schema import IdentityEvent
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from pipeline.events.memory import MemorySink
from pipeline.matching.memory import MemoryGallery
from pipeline.records import EmbeddedWindow
from pipeline.store.client import SiteStore
from pipeline.store.keys import PROGRESS
from testing.paths import ROOT
from testing.services.ports import free_port
from testing.site.site_processes import PLAYED_SECONDS, SHOP, played
from testing.site.watched import Watched
from testing.site_in_memory import matcher_of

CAMERAS = ("door", "yard")
PAUSE_S = 0.1
"""Before each second of stream time that a worker plays."""


class Town:
    """The processes of one site.

    Args:
        url: of Redis.
        folder: for what they print.
    """

    cameras = CAMERAS

    def __init__(self, url: str, folder: Path) -> None:
        self.site = f"test-{uuid4().hex[:12]}"
        self._url = url
        self._folder = folder
        self._processes: list[Watched] = []
        self._brokers = Brokers(("nowhere:9092",))
        self.topic = "nothing"

    def to_kafka(self, brokers: Brokers) -> "Town":
        """Makes the topic that its matchers deliver to."""
        self._brokers, self.topic = brokers, self.site
        ensure_topic(brokers, self.topic, TopicParams(partitions=4))
        return self

    def start(self, role: str, *args: str, port: int = 0) -> Watched:
        reported = self._folder / f"{role}-{len(self._processes)}.txt"
        command = [sys.executable, "-m", "testing.site.site_processes", role, self._url, self.site, *args]
        process = Watched(command, reported, port, {**os.environ, "PYTHONPATH": str(ROOT)})
        self._processes.append(process)
        return process

    def matcher(self) -> Watched:
        port = free_port()
        return self.start("match", str(port), "played", str(self._brokers), self.topic, *CAMERAS, port=port)

    def worker(self, camera: str) -> Watched:
        return self.start("play", camera, str(PAUSE_S))

    def share_decided(self) -> float:
        with SiteStore(self._url, self.site) as store:
            return float(store.hash(PROGRESS).get(b"until_s", 0)) / PLAYED_SECONDS

    def close(self) -> None:
        for process in self._processes:
            process.kill()


def site_windows() -> Iterator[EmbeddedWindow]:
    """The played walks of both cameras, window by window, without the empty ones."""
    for door, yard in zip(*(played(camera) for camera in CAMERAS), strict=True):
        embeddings = sorted((*door.embeddings, *yard.embeddings), key=lambda e: (e.cut_s, e.track, e.tracklet_index))
        ended = sorted((*door.ended, *yard.ended), key=lambda e: (e.cut_s, e.track))
        if embeddings or ended:
            yield EmbeddedWindow(door.end_s, tuple(embeddings), tuple(ended))


def undisturbed_events() -> dict[UUID, IdentityEvent]:
    """The events of the played walks, decided in one process."""
    sink = MemorySink()
    matcher = matcher_of(MemoryGallery(sink), SHOP)
    for window in site_windows():
        matcher.step(window)
    assert {event.kind for event in sink.events} == {*schema.KINDS} - {"person.erased", "verdict.given"}
    return {event.event_id: event for event in sink.events}
