"""Redis forgets what it had acknowledged: whoever can know says so, counts it, and goes on."""

import threading

import pytest
import redis

from pipeline.events.memory import MemorySink
from pipeline.records import EmbeddedWindow
from pipeline.store.client import SiteStore
from pipeline.store.embedding_stream import CameraHeld, EmbeddingWriter, EntryWaits, MessagesLost
from pipeline.store.erasure import Eraser
from pipeline.store.erasure_requests import ask
from pipeline.store.keys import (
    AUDIT,
    BACKLOG,
    DEAD_LETTERS,
    ERASED,
    LEASE,
    LEDGER,
    OUTBOX,
    PROGRESS,
    RECENT,
    REQUESTS,
    STREAM,
    WRITERS,
    claim_key,
)
from pipeline.store.lease import acquire
from pipeline.store.ledger import Ledger
from pipeline.store.lua import script
from testing.embeddings import MODEL, embedding
from testing.services.redis import RedisServer
from testing.sightings import somebody
from testing.site.room import PlayedCamera, Room, write
from testing.waiting import WITHIN_S, until

ADD = script("return redis.call('XADD', KEYS[1], '*', unpack(ARGV))")


class LastingSink(MemorySink):
    """Goes on after it was closed, as a new one over the same file would."""

    def close(self) -> None:
        pass


def losses(room: Room) -> float:
    return room.metrics.registry.get_sample_value("reid_store_losses_total") or 0.0


def window(end_s: float) -> EmbeddedWindow:
    return EmbeddedWindow(end_s, (embedding(1, cut_s=end_s - 0.5),), ())


def test_a_worker_whose_messages_are_forgotten_says_how_many(
    store: SiteStore, caplog: pytest.LogCaptureFixture
) -> None:
    noted: list[EntryWaits | MessagesLost] = []
    writer = EmbeddingWriter(store, "w", ["door"], model_id=MODEL, observers=[noted.append])
    writer.open()
    writer.write(window(10.0))
    assert not noted
    store.delete([STREAM, BACKLOG, WRITERS])
    writer.write(window(11.0))
    assert noted == [MessagesLost(2)]
    assert caplog.messages == [
        "Redis lost what it knew of worker w since its message 0: the 2 after that may never be decided"
    ]
    writer.write(window(12.0))
    assert len(noted) == 1, "said once"


def test_a_matcher_whose_decisions_are_forgotten_says_so_and_goes_on(
    store: SiteStore, caplog: pytest.LogCaptureFixture
) -> None:
    sink = LastingSink()
    room, camera = Room(store, sink=sink).start(), PlayedCamera(store)
    camera.sees((1, 0))
    camera.sees((2, 0))
    until(lambda: len(sink.events) == 2)
    store.delete([PROGRESS])
    camera.sees((3, 0))
    camera.sees((4, 0))
    until(lambda: losses(room) >= 1)
    until(lambda: len({event.person for event in sink.events}) == 4, "it goes on")
    room.stop()
    assert len({event.event_id for event in sink.events}) == len(sink.events)
    assert len({event.run for event in sink.events}) == 2, "what is decided after the loss is of another run"
    assert any("has lost decisions that it had acknowledged" in line for line in caplog.messages)
    assert any("lost the last 2 decisions" in line for line in caplog.messages)


def test_a_stream_that_is_gone_is_named_made_again_and_holds_nobody_back(
    store: SiteStore, caplog: pytest.LogCaptureFixture
) -> None:
    sink = LastingSink()
    room, camera = Room(store, sink=sink).start(), PlayedCamera(store)
    camera.sees((1, 0))
    until(lambda: len(sink.events) == 1)
    store.delete([STREAM])
    until(lambda: losses(room) >= 1)
    camera.sees((2, 0))
    until(lambda: len(sink.events) == 2)
    room.stop()
    assert any("has lost the stream of embeddings" in line for line in caplog.messages)
    assert int(store.hash(BACKLOG).get(b"w", 0)) <= 1


@pytest.mark.parametrize("gone", ["sightings", RECENT])
def test_a_matcher_that_starts_over_forgotten_tracks_says_how_many(
    store: SiteStore, caplog: pytest.LogCaptureFixture, gone: str
) -> None:
    write(store, 1, 2, 3)
    Room(store).matcher.run(until_end=True)
    names = [f"sighting:{name.decode()}" for name in store.members(RECENT)]
    store.delete(names[:2] if gone == "sightings" else [gone])
    again = Room(store)
    again.matcher.run(until_end=True)
    count = 2 if gone == "sightings" else 3
    assert any(f"lost {count} tracks that were remembered" in line for line in caplog.messages)
    assert losses(again) == 1


def test_the_second_worker_of_a_camera_is_refused_and_the_first_goes_on(
    store: SiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.embedding_stream.CLAIM_PATIENCE_S", 0.2)
    first = EmbeddingWriter(store, "a", ["door", "yard"], model_id=MODEL)
    second = EmbeddingWriter(store, "b", ["gate", "yard"], model_id=MODEL)
    first.open()
    with pytest.raises(CameraHeld, match="camera yard has another worker"):
        second.open()
    first.write(window(10.0))
    first.close()
    EmbeddingWriter(store, "b", ["gate", "yard"], model_id=MODEL).open()


def test_a_worker_that_was_away_too_long_is_refused_when_another_has_its_camera(store: SiteStore) -> None:
    first = EmbeddingWriter(store, "a", ["door"], model_id=MODEL)
    first.open()
    store.delete([claim_key("door")])
    EmbeddingWriter(store, "a", ["door"], model_id=MODEL).open()
    with pytest.raises(CameraHeld, match="camera door has another worker"):
        first.write(window(10.0))


def test_a_matcher_says_when_redis_is_told_to_throw_away_what_it_likes(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with redis.Redis.from_url(redis_server.url) as client, SiteStore(redis_server.url, "shop") as store:
        client.config_set("maxmemory-policy", "allkeys-random")
        client.config_set("maxmemory", "100mb")
        room = Room(store).start()
        until(lambda: any("when it is full (allkeys-random)" in line for line in caplog.messages))
        room.stop()


def test_a_matcher_whose_workers_last_words_are_forgotten_comes_to_an_end_and_says_why(
    store: SiteStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.embedding_stream.SILENT_S", 0.5)
    cameras = ("door", "yard")
    room, camera = Room(store, cameras=cameras), PlayedCamera(store)
    yard = EmbeddingWriter(store, "v", ["yard"], model_id=MODEL)
    yard.open()
    yard.close()
    thread = threading.Thread(target=room.matcher.run, kwargs={"until_end": True}, daemon=True)
    thread.start()
    camera.sees((1, 0))
    camera.sees((2, 0))
    until(lambda: len(room.sink.events) == 2)
    store.delete([STREAM, BACKLOG, WRITERS, PROGRESS, RECENT, LEDGER, LEASE])
    until(lambda: any("camera yard has been silent" in line for line in caplog.messages))
    assert thread.is_alive(), "the other camera's worker is there, and may say more"
    store.delete([claim_key("door")])
    thread.join(WITHIN_S)
    assert not thread.is_alive()
    named = [line for line in caplog.messages if line.endswith("its worker is taken to have closed")]
    assert [line.split()[1] for line in named] == ["yard", "door"]
    assert losses(room) >= 3
    Room(store, cameras=cameras).matcher.run(until_end=True)


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        (OUTBOX, "lost 1 events that waited to be delivered"),
        (REQUESTS, "lost 1 requests to erase a person"),
        (AUDIT, "lost 1 entries of the audit of erasures"),
        (ERASED, "lost 1 names of erased tracks"),
        (DEAD_LETTERS, "lost 1 dead letters"),
    ],
)
def test_what_nobody_reads_for_a_while_is_missed_too(
    store: SiteStore, caplog: pytest.LogCaptureFixture, gone: str, named: str
) -> None:
    write(store, 1)
    store.run(ADD, [store.key(STREAM)], ["worker", "w", "head", "no message"])
    Room(store).matcher.run(until_end=True)
    lease = acquire(store, 10.0)
    assert lease is not None
    ask(store, somebody(1))
    Eraser(store, lease, keep_s=1000.0).take(1000.0)
    ask(store, somebody(2))
    assert store.length(OUTBOX) == 1, "the erasure waits to be delivered"
    caplog.clear()
    assert not Ledger(store).look(lease).lost
    store.delete([gone])
    lease.release()
    room = Room(store)
    room.matcher.run(until_end=True)
    assert any(line.endswith(named) for line in caplog.messages), caplog.messages
    assert losses(room) == 1
    lines = len(caplog.messages)
    Room(store).matcher.run(until_end=True)
    assert not any("lost" in line for line in caplog.messages[lines:]), "said once"


def test_a_matcher_that_remembers_the_names_of_erased_tracks_puts_them_back(
    store: SiteStore, caplog: pytest.LogCaptureFixture
) -> None:
    room, camera = Room(store).start(), PlayedCamera(store)
    camera.sees((1, 0))
    until(lambda: len(room.sink.events) == 1)
    ask(store, somebody(1))
    until(lambda: room.sink.erasures)
    names = store.members(ERASED)
    store.delete([ERASED])
    until(lambda: store.members(ERASED) == names)
    room.stop()
    assert losses(room) == 1
    assert any("the names of 1 erased tracks are put back" in line for line in caplog.messages)


def test_a_matcher_says_what_there_was_when_the_ledger_is_gone_too(
    store: SiteStore, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(store)
    lease = acquire(store, 10.0)
    assert lease is not None
    ask(store, somebody(1))
    assert not ledger.look(lease).lost
    store.delete([REQUESTS, LEDGER])
    assert ledger.look(lease).lost == {REQUESTS: 1}
    assert caplog.messages == [f"Redis at {store.address} lost 1 requests to erase a person"]


def test_the_names_of_erased_tracks_that_have_expired_are_not_lost(store: SiteStore) -> None:
    write(store, 1)
    Room(store).matcher.run(until_end=True)
    lease = acquire(store, 10.0)
    assert lease is not None
    ask(store, somebody(1))
    Eraser(store, lease, keep_s=1.0).take(1000.0)
    assert store.members(ERASED)
    ledger = Ledger(store)
    until(lambda: not store.members(ERASED))
    assert not ledger.look(lease).lost


def test_a_worker_that_had_much_waiting_in_a_stream_that_is_gone_is_not_held_back_for_it(store: SiteStore) -> None:
    cameras = ("door", "yard")
    first = Room(store, cameras=cameras).start()
    camera, other = PlayedCamera(store), EmbeddingWriter(store, "v", ["yard"], model_id=MODEL)
    other.write(EmbeddedWindow(20.0, (), ()))
    camera.sees((1, 0))
    until(lambda: first.sink.events)
    first.stop()
    camera.sees((2, 0))
    camera.sees((3, 0))
    store.delete([STREAM])
    other.write(EmbeddedWindow(21.0, (), ()))
    second = Room(store, cameras=cameras).start()
    until(lambda: losses(second) == 1)
    until(lambda: set(store.hash(BACKLOG)) == {b"v"})
    second.stop()
