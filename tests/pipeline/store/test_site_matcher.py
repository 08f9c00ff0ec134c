import threading
import time
from collections.abc import Callable

import pytest
from prometheus_client import generate_latest

from pipeline.events.memory import MemorySink
from pipeline.events.sink import EventSink
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.policy import MatchParams
from pipeline.records import EmbeddedWindow
from pipeline.site import Site
from pipeline.store.client import SiteStore, StoreUnavailable
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.keys import OUTBOX
from pipeline.store.lease import acquire
from pipeline.store.site_matcher import LEADING, STANDING_BY, SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing.services.ports import free_port
from tests.pipeline.store.test_embedding_messages import MODEL, embedding, end
from tests.pipeline.store.test_outbox import FailingSink


class Room:
    """A matcher, and what can be seen of it."""

    def __init__(
        self, store: SiteStore, params: SiteMatcherParams | None = None, sink: EventSink | None = None
    ) -> None:
        self.sink = MemorySink()
        self.metrics = Metrics()
        self.health = Health(ready_states=(LEADING, STANDING_BY))
        self.matcher = SiteMatcher(
            store,
            Expected(frozenset(["door"]), MODEL, 8),
            Retention(),
            lambda gallery: Matcher(gallery, Site(name="shop"), MatchParams(threshold=0.9)),
            lambda: sink or self.sink,
            params or SiteMatcherParams(lease_s=0.5),
            self.metrics,
            self.health,
        )

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.matcher.run, daemon=True)
        thread.start()
        return thread


def write(store: SiteStore, *tracks: int) -> None:
    writer = EmbeddingWriter(store, "w", ["door"], model_id=MODEL)
    writer.open()
    for number, track in enumerate(tracks):
        window = EmbeddedWindow(10.0 + number, (embedding(track, cut_s=9.5 + number),), (end(track, 9.6 + number),))
        writer.write(window)
    writer.close()


def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    ends_s = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_s
        time.sleep(0.01)


def test_it_decides_delivers_and_ends_with_its_workers(store: SiteStore) -> None:
    write(store, 1, 2, 3)
    room = Room(store)
    room.matcher.run(until_end=True)
    assert [event.kind for event in room.sink.events] == ["person.appeared", "track.ended"] * 3
    again = Room(store)
    again.matcher.run(until_end=True)
    assert not again.sink.events
    assert acquire(store, 1.0) is not None
    shown = generate_latest(room.metrics.registry).decode()
    assert 'reid_events_total{kind="person.appeared"} 3.0' in shown
    assert "reid_matcher_leading 0.0" in shown


def test_it_stands_by_while_another_has_the_lease_and_takes_over(store: SiteStore) -> None:
    other = acquire(store, 60.0)
    assert other is not None
    write(store, 1)
    room = Room(store)
    thread = room.start()
    until(lambda: room.health.cameras() == {"matcher": STANDING_BY})
    assert room.health.is_ready()
    assert not room.sink.events
    other.release()
    until(lambda: len(room.sink.events) == 2)
    assert room.health.cameras() == {"matcher": LEADING}
    room.matcher.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_nothing_is_decided_while_too_many_events_wait_to_be_delivered(store: SiteStore) -> None:
    write(store, *range(10))
    room = Room(store, SiteMatcherParams(lease_s=4.0, max_outbox=4), FailingSink())
    thread = room.start()
    until(lambda: store.length(OUTBOX) == 4)
    time.sleep(1.0)
    assert store.length(OUTBOX) == 4
    assert acquire(store, 1.0) is None
    room.matcher.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_patience_with_redis_ends() -> None:
    with SiteStore(f"redis://127.0.0.1:{free_port()}/0", "shop") as store:
        room = Room(store, SiteMatcherParams(patience_s=0.3))
        with pytest.raises(StoreUnavailable):
            room.matcher.run()
