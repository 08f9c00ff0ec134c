"""Channel 2 on a real Redis server."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from pipeline.config import RedisConfig
from pipeline.records import EmbeddedWindow
from pipeline.store.client import LeaseLost, SiteStore
from pipeline.store.embedding_messages import MAX_BYTES
from pipeline.store.embedding_stream import (
    EmbeddingReader,
    EmbeddingRefused,
    EmbeddingWriter,
    EntryWaits,
    MessageDeadLettered,
    MessagesLost,
    ReaderNews,
)
from pipeline.store.keys import BACKLOG, DEAD_LETTERS, STREAM
from pipeline.store.lease import Lease, acquire
from pipeline.store.lua import script
from pipeline.store.window_join import WindowJoin
from testing.embeddings import EXPECTED, MODEL, embedding, end
from testing.messages import POISON
from testing.services.redis import RedisServer
from testing.waiting import WITHIN_S, until

ADD = script("return redis.call('XADD', KEYS[1], '*', unpack(ARGV))")


def writer(
    store: SiteStore,
    camera: str = "door",
    *,
    max_waiting: int = 100,
    observers: Sequence[Callable[[EntryWaits | MessagesLost], None]] = (),
) -> EmbeddingWriter:
    limits = RedisConfig(max_waiting=max_waiting, patience_s=5.0)
    return EmbeddingWriter(store, camera, [camera], model_id=MODEL, limits=limits, observers=observers)


def window(end_s: float, *tracks: int, camera: str = "door") -> EmbeddedWindow:
    return EmbeddedWindow(end_s, tuple(embedding(t, camera=camera, cut_s=end_s - 0.5) for t in tracks), ())


class Desk:
    """The matcher's end, with a lease of its own."""

    def __init__(
        self, store: SiteStore, cameras: Sequence[str] = ("door",), *, decided_until_s: float | None = None
    ) -> None:
        lease = acquire(store, 10.0)
        assert lease is not None
        self.lease: Lease = lease
        self.reasons: list[str] = []
        self.refused: list[str] = []
        self.dropped = 0
        join = WindowJoin(
            cameras,
            window_s=1.0,
            is_live=False,
            idle_after_s=1.0,
            decided_until_s=decided_until_s,
            now_s=time.monotonic(),
        )
        self.reader = EmbeddingReader(store, lease, join, EXPECTED, observers=[self._note])

    def _note(self, what: ReaderNews) -> None:
        if isinstance(what, MessageDeadLettered):
            self.reasons.append(what.reason)
            self.dropped += what.dropped
        if isinstance(what, EmbeddingRefused):
            self.refused.append(what.camera)

    def windows(self) -> Iterator[EmbeddedWindow]:
        return self.reader.windows(lambda: False, until_end=True)


def tracks(windows: Sequence[EmbeddedWindow]) -> list[list[str]]:
    return [[str(each.track) for each in window.embeddings] for window in windows]


def test_what_two_workers_write_comes_out_as_windows_of_both(store: SiteStore) -> None:
    door, yard = writer(store, "door"), writer(store, "yard")
    door.write(window(10.0, 1))
    door.write(window(11.0, 2))
    door.close()
    yard.write(window(10.0, 3, camera="yard"))
    yard.write(EmbeddedWindow(11.0, (), ()))
    yard.close()
    desk = Desk(store, ("door", "yard"))
    assert tracks(list(desk.windows())) == [["door/r/1", "yard/r/3"], ["door/r/2"]]


def test_a_large_window_arrives_whole(store: SiteStore) -> None:
    door = writer(store)
    door.write(EmbeddedWindow(10.0, tuple(embedding(i) for i in range(200)), (end(1),)))
    door.close()
    (found,) = Desk(store).windows()
    assert len(found.embeddings) == 200
    assert len(found.ended) == 1


def test_what_was_read_and_not_committed_is_read_again(store: SiteStore) -> None:
    door = writer(store)
    door.write(window(10.0, 1))
    door.write(window(11.0, 2))
    door.close()
    first = Desk(store)
    assert tracks(list(islice(first.windows(), 1))) == [["door/r/1"]]
    first.lease.release()
    assert tracks(list(Desk(store).windows())) == [["door/r/1"], ["door/r/2"]]


def test_a_reader_without_the_lease_reads_nothing(store: SiteStore) -> None:
    frozen = Desk(store)
    frozen.lease.release()
    door = writer(store)
    door.write(window(10.0, 1))
    door.close()
    heir = Desk(store)
    with pytest.raises(LeaseLost):
        next(frozen.windows())
    assert tracks(list(heir.windows())) == [["door/r/1"]]


def test_a_worker_waits_for_a_server_that_is_away_and_writes_what_it_held_once(redis_server: RedisServer) -> None:
    with SiteStore(redis_server.url, "shop") as store:
        waits: list[EntryWaits | MessagesLost] = []
        limits = RedisConfig(patience_s=20.0)
        door = EmbeddingWriter(store, "w", ["door"], model_id=MODEL, limits=limits, observers=[waits.append])
        door.write(window(10.0, 1))
        redis_server.kill()
        thread = threading.Thread(target=door.write, args=(window(11.0, 2),), daemon=True)
        thread.start()
        until(lambda: waits, "the worker waits")
        redis_server.start()
        thread.join(WITHIN_S)
        assert store.length(STREAM) == 2


def test_a_worker_waits_while_too_many_of_its_messages_do_and_another_does_not(store: SiteStore) -> None:
    waits = threading.Event()
    door, yard = (
        writer(store, "door", max_waiting=3, observers=[lambda _: waits.set()]),
        writer(store, "yard", max_waiting=3),
    )
    for number in range(3):
        door.write(window(10.0 + number, number))
    thread = threading.Thread(target=door.write, args=(window(13.0, 9),), daemon=True)
    thread.start()
    yard.write(window(10.0, 1, camera="yard"))
    assert waits.wait(WITHIN_S)
    assert store.length(STREAM) == 4
    store.delete([BACKLOG])
    thread.join(WITHIN_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("poison", [poison for poison, _ in POISON.values()], ids=list(POISON))
def test_poison_is_dead_lettered_with_its_reason_and_stops_nothing(
    store: SiteStore, poison: dict[bytes, bytes]
) -> None:
    store.run(ADD, [store.key(STREAM)], [word for pair in (poison or {b"x": b"y"}).items() for word in pair])
    door = writer(store)
    door.write(window(10.0, 1))
    door.close()
    desk = Desk(store)
    assert tracks(list(desk.windows())) == [["door/r/1"]]
    ((_, letter),) = store.entries(DEAD_LETTERS, 10)
    assert [letter[b"reason"].decode()] == desk.reasons
    kept = {name: letter[name] for name in poison}
    assert all(poison[name].startswith(value) for name, value in kept.items())
    size = sum(map(len, poison.values()))
    assert MAX_BYTES <= sum(map(len, kept.values())) <= size if size > MAX_BYTES else kept == poison


def test_a_vector_that_is_none_is_dropped_alone_and_named(store: SiteStore, caplog: pytest.LogCaptureFixture) -> None:
    bad = replace(embedding(2), vector=np.full(8, np.nan, np.float32))
    door = writer(store)
    door.write(EmbeddedWindow(10.0, (embedding(1), bad, embedding(3)), (end(2),)))
    door.close()
    desk = Desk(store)
    (decided,) = desk.windows()
    assert tracks([decided]) == [["door/r/1", "door/r/3"]]
    assert [each.track.track for each in decided.ended] == [2]
    assert desk.refused == ["door"]
    assert store.length(DEAD_LETTERS) == 0
    assert caplog.messages == [
        "worker door: of 3 embeddings 1 are dropped: that of track door/r/2, tracklet 0, has length nan, not 1"
    ]


def test_dead_letters_are_bounded_in_bytes_and_the_oldest_make_room(
    store: SiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.embedding_stream.DEAD_LETTERS_BYTES", 10_000)
    desk = Desk(store)
    for number in range(20):
        words = [b"worker", b"w", b"head", b"%04d" % number, b"vectors", b"v" * 1000]
        store.run(ADD, [store.key(STREAM)], words)
    writer(store).close()
    assert list(desk.windows()) == []
    kept = [letter[b"head"] for _, letter in store.entries(DEAD_LETTERS, 100)]
    assert kept == [b"%04d" % number for number in range(20 - len(kept), 20)]
    assert 7 <= len(kept) <= 8
    assert desk.dropped == 20 - len(kept)


def test_at_the_end_all_that_is_left_is_that_it_is_the_end(store: SiteStore) -> None:
    door = writer(store)
    door.open()
    for number in range(5):
        door.write(EmbeddedWindow(10.0 + number, (), ()))
    door.close()
    for _ in range(2):
        desk = Desk(store)
        assert list(desk.windows()) == []
        desk.lease.release()
    assert store.length(STREAM) == 1
    door.open()
    assert store.hash(BACKLOG) == {b"door": b"2"}
