import pytest

from pipeline.ordering.channel import OrderParams
from pipeline.records import EmbeddedWindow
from pipeline.store.agreement import Disagreement
from pipeline.store.client import SiteStore
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.keys import DEAD_LETTERS, STREAM
from pipeline.store.lease import acquire
from pipeline.store.site_matcher import LEADING, SiteMatcherParams
from testing.embeddings import MODEL, embedding, end
from testing.site.room import Room, write
from testing.waiting import until

TWO_SECONDS = OrderParams(window_s=2.0)


def decide_for_a_moment(room: Room) -> None:
    room.start()
    until(lambda: room.health.cameras() == {"matcher": LEADING})
    room.stop()


def test_a_matcher_with_another_window_is_refused_and_what_waits_is_decided_by_one_of_before(store: SiteStore) -> None:
    write(store, 1, 2)
    waiting = store.length(STREAM)
    with pytest.raises(Disagreement, match=r"window_s 1 \(here 2\), and 4 messages .* --accept-changes"):
        Room(store, SiteMatcherParams(order=TWO_SECONDS)).matcher.run(until_end=True)
    assert store.length(STREAM) == waiting == 4
    lease = acquire(store, 1.0)
    assert lease is not None, "who is refused stands in nobody's way"
    lease.release()
    room = Room(store)
    room.matcher.run(until_end=True)
    assert [event.kind for event in room.sink.events] == ["person.appeared", "track.ended"] * 2


def test_a_matcher_with_other_cameras_or_another_network_is_refused(store: SiteStore) -> None:
    write(store, 1)
    Room(store).matcher.run(until_end=True)
    with pytest.raises(Disagreement, match=r"cameras door \(here door, yard\)"):
        Room(store, cameras=("door", "yard")).matcher.run(until_end=True)
    with pytest.raises(Disagreement, match=rf"encoder {MODEL} \(here other@1\)"):
        Room(store, model_id="other@1").matcher.run(until_end=True)


def test_a_matcher_that_accepts_changes_goes_on_and_who_comes_as_before_is_refused(store: SiteStore) -> None:
    write(store, 1)
    Room(store).matcher.run(until_end=True)
    params = SiteMatcherParams(accepts_changes=True)
    decide_for_a_moment(Room(store, params, cameras=("door", "yard")))
    with pytest.raises(Disagreement, match="cameras door, yard"):
        Room(store).matcher.run(until_end=True)


def test_a_worker_that_comes_with_the_new_configuration_before_its_matcher_loses_nothing(store: SiteStore) -> None:
    write(store, 1)
    Room(store).matcher.run(until_end=True)
    before = store.length(STREAM)
    for worker in (
        EmbeddingWriter(store, "w", ["garden"], model_id=MODEL),
        EmbeddingWriter(store, "w", ["door"], model_id="other@1"),
        EmbeddingWriter(store, "w", ["door"], model_id=MODEL, order=TWO_SECONDS),
    ):
        with pytest.raises(Disagreement, match="start its matcher with the new"):
            worker.open()
    assert store.length(STREAM) == before
    assert store.length(DEAD_LETTERS) == 0


def test_a_worker_that_runs_while_its_site_changes_is_told_at_its_next_message(store: SiteStore) -> None:
    worker = EmbeddingWriter(store, "w", ["door"], model_id=MODEL)
    worker.open()
    decide_for_a_moment(Room(store, SiteMatcherParams(accepts_changes=True), model_id="other@1"))
    with pytest.raises(Disagreement, match="is decided with encoder other@1"):
        worker.write(EmbeddedWindow(10.0, (embedding(1, cut_s=9.5),), (end(1, 9.6),)))
