from pipeline.records import EmbeddedWindow, StreamEntry
from pipeline.store.embedding_messages import EmbeddingMessage, WorkerProgress
from pipeline.store.window_join import MAX_LAG_S, WindowJoin
from testing.embeddings import embedding, end


def join(*cameras: str, is_live: bool = False, decided_until_s: float | None = None) -> WindowJoin:
    return WindowJoin(
        cameras, window_s=1.0, is_live=is_live, idle_after_s=1.0, decided_until_s=decided_until_s, now_s=0.0
    )


def says(camera: str, end_s: float, *tracks: int, progress: WorkerProgress = "whole") -> EmbeddingMessage:
    embeddings = tuple(embedding(track, camera=camera, cut_s=end_s - 0.5) for track in tracks)
    return EmbeddingMessage(camera, (camera,), progress, end_s, embeddings)


def entry(number: int, worker: str) -> StreamEntry:
    return StreamEntry(f"{number}-0".encode(), worker)


def tracks(joined: EmbeddedWindow | None) -> list[str]:
    assert joined is not None
    return [str(each.track) for each in joined.embeddings]


def test_a_window_waits_for_every_camera() -> None:
    joined = join("door", "yard")
    joined.add(entry(1, "door"), says("door", 10.0, 2, 1), 0.0)
    assert joined.take(0.0) is None
    joined.add(entry(2, "yard"), says("yard", 10.0, 3), 0.0)
    window = joined.take(0.0)
    assert tracks(window) == ["door/r/1", "door/r/2", "yard/r/3"]
    assert window is not None
    assert window.end_s == 10.0
    assert [each.id for each in window.entries] == [b"1-0", b"2-0"]


def test_the_order_of_arrival_changes_nothing() -> None:
    first, second = says("door", 10.0, 1), says("yard", 10.0, 2)
    one, other = join("door", "yard"), join("door", "yard")
    for message in (first, second):
        one.add(entry(1, message.worker), message, 0.0)
    for message in (second, first):
        other.add(entry(1, message.worker), message, 0.0)
    assert tracks(one.take(0.0)) == tracks(other.take(0.0))


def test_a_part_of_a_window_does_not_complete_it() -> None:
    joined = join("door")
    joined.add(entry(1, "door"), says("door", 10.0, 1, progress="partial"), 0.0)
    assert joined.take(0.0) is None
    joined.add(entry(2, "door"), says("door", 10.0, 2), 0.0)
    assert tracks(joined.take(0.0)) == ["door/r/1", "door/r/2"]


def test_nobody_waits_for_a_camera_that_has_closed_until_it_opens_again() -> None:
    joined = join("door", "yard")
    joined.add(entry(1, "yard"), EmbeddingMessage("yard", ("yard",), "closed"), 0.0)
    joined.add(entry(2, "door"), says("door", 10.0, 1), 0.0)
    assert tracks(joined.take(0.0)) == ["door/r/1"]
    joined.add(entry(3, "yard"), EmbeddingMessage("yard", ("yard",), "open"), 0.0)
    joined.add(entry(4, "door"), says("door", 12.0, 1), 0.0)
    assert joined.take(0.0) is None


def test_a_worker_that_starts_again_does_not_take_back_how_far_it_was() -> None:
    joined = join("door")
    joined.add(entry(1, "door"), says("door", 10.0), 0.0)
    joined.add(entry(2, "door"), EmbeddingMessage("door", ("door",), "open"), 0.0)
    joined.add(entry(3, "door"), says("door", 3.0, 1), 0.0)
    assert tracks(joined.take(0.0)) == ["door/r/1"]


def test_nobody_waits_for_a_live_camera_that_is_silent() -> None:
    joined = join("door", "yard", is_live=True)
    joined.add(entry(1, "door"), says("door", 10.0, 1), 2.0)
    assert tracks(joined.take(2.0)) == ["door/r/1"]


def test_what_comes_late_goes_out_at_once_and_with_the_last_end() -> None:
    joined = join("door", "yard", decided_until_s=10.0)
    joined.add(entry(1, "door"), says("door", 5.0, 2), 0.0)
    joined.add(entry(2, "door"), says("door", 4.0, 1), 0.0)
    window = joined.take(0.0)
    assert tracks(window) == ["door/r/1", "door/r/2"]
    assert window is not None
    assert (window.end_s, len(window.entries)) == (10.0, 2)
    assert joined.take(0.0) is None
    joined.add(entry(3, "door"), says("door", 11.0, 3), 0.0)
    assert joined.take(0.0) is None


def test_a_message_that_only_says_how_far_is_spent_when_the_worker_has_said_more() -> None:
    joined = join("door")
    joined.add(entry(1, "door"), says("door", 10.0), 0.0)
    assert joined.take_spent() == ()
    joined.add(entry(2, "door"), says("door", 11.0), 0.0)
    assert joined.take_spent() == (entry(1, "door"),)
    assert joined.take_spent() == ()


def test_it_is_done_when_all_have_closed_and_nothing_is_left() -> None:
    joined = join("door")
    joined.add(entry(1, "door"), EmbeddingMessage("door", ("door",), "whole", 10.0, (), (end(1),)), 0.0)
    joined.add(entry(2, "door"), EmbeddingMessage("door", ("door",), "closed"), 0.0)
    assert not joined.is_done
    assert joined.take(0.0) is not None
    assert joined.is_done
    assert joined.take_spent() == ()


def test_nobody_waits_for_a_live_camera_that_is_far_behind_what_is_written_now() -> None:
    joined = join("door", "yard", is_live=True)
    joined.add(entry(1, "yard"), says("yard", 1000.0 - MAX_LAG_S - 1, 3), 0.0, live_s=1000.0)
    joined.add(entry(2, "door"), says("door", 1000.0, 1), 0.0, live_s=1000.0)
    assert tracks(joined.take(0.0)) == ["yard/r/3"]
    assert tracks(joined.take(0.0)) == ["door/r/1"], "although yard was heard of just now"
    assert joined.behind_s() == {"door": 0.0, "yard": MAX_LAG_S + 1}
    joined.add(entry(3, "yard"), says("yard", 999.0, 4), 0.0, live_s=1001.0)
    joined.add(entry(4, "door"), says("door", 1001.0, 2), 0.0, live_s=1001.0)
    assert tracks(joined.take(0.0)) == ["yard/r/4"], "late, and at once"
    assert joined.take(0.0) is None, "the others wait for it again"
