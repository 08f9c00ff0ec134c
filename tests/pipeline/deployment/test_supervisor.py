import threading
from pathlib import Path

import pytest

from pipeline.events.memory import MemorySink
from pipeline.site import Site, Transit
from pipeline.sources.errors import ErrorCode
from pipeline.tracking.camera_loop import CameraNews, FrameStep
from testing.scene import video, videos
from testing.site_in_memory import dawdle, supervise
from testing.waiting import WITHIN_S

SITE = Site(name="shop", transits=(Transit(between=("door", "yard"), min_s=1, max_s=30),), unnamed_pairs="apart")
WALKS = {
    "door": [("red", 0.0, 5.0), ("green", 2.0, 7.0), ("blue", 9.0, 14.0)],
    "yard": [("green", 10.0, 15.0), ("red", 8.0, 13.0), ("sand", 1.0, 6.0)],
    "hall": [("blue", 16.0, 20.0), ("sand", 9.0, 14.0)],
}


@pytest.fixture(scope="module")
def site_videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return videos(tmp_path_factory.mktemp("videos"), WALKS, 21.0)


@pytest.fixture(scope="module")
def undisturbed(site_videos: dict[str, Path]) -> MemorySink:
    """The events when nothing holds anybody up."""
    sink = MemorySink()
    assert supervise(site_videos, sink, site=SITE).run() == {}
    return sink


def lines(sink: MemorySink) -> list[str]:
    return [event.model_dump_json() for event in sink.events]


def test_four_people_walk_through_three_cameras_and_keep_their_names(undisturbed: MemorySink) -> None:
    sink = undisturbed
    appeared = [event for event in sink.events if event.kind == "person.appeared"]
    matched = [event for event in sink.events if event.kind == "person.matched"]
    assert len(appeared) == 4
    assert len(matched) == 4
    assert {event.person for event in matched} == {event.person for event in appeared}
    assert sum(event.kind == "track.ended" for event in sink.events) == 8


@pytest.mark.parametrize("seed", range(3))
def test_the_same_files_give_the_same_bytes_whatever_the_threads_do(
    site_videos: dict[str, Path], undisturbed: MemorySink, seed: int
) -> None:
    sink = MemorySink()
    supervise(site_videos, sink, site=SITE, observers=[dawdle(seed)]).run()
    assert lines(sink) == lines(undisturbed)


@pytest.mark.parametrize("at_once", [1, 2])
def test_chunks_and_cpu_slots_change_no_byte(
    site_videos: dict[str, Path], undisturbed: MemorySink, at_once: int
) -> None:
    in_slots = MemorySink()
    supervise(site_videos, in_slots, site=SITE, observers=[dawdle(0)], at_once=at_once).run()
    assert lines(in_slots) == lines(undisturbed)


def test_the_order_in_which_cameras_are_named_changes_nothing(
    site_videos: dict[str, Path], undisturbed: MemorySink
) -> None:
    sink = MemorySink()
    supervise(dict(reversed(site_videos.items())), sink, site=SITE).run()
    assert lines(sink) == lines(undisturbed)


def test_a_stop_is_an_end_of_file_for_every_camera(site_videos: dict[str, Path]) -> None:
    sink = MemorySink()
    enough = threading.Event()

    def watch(what: CameraNews) -> None:
        if isinstance(what, FrameStep) and what.frame.time_s > 6:
            enough.set()

    supervisor = supervise(site_videos, sink, site=SITE, observers=[watch, dawdle(0)])
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    assert enough.wait(WITHIN_S)
    supervisor.stop()
    thread.join(WITHIN_S)
    assert not thread.is_alive()
    started = {event.seen.key for event in sink.events if event.kind != "track.ended"}
    ended = {event.seen.key for event in sink.events if event.kind == "track.ended"}
    assert started == ended
    assert started


def test_a_file_that_breaks_off_is_used_as_far_as_it_goes_and_named(
    site_videos: dict[str, Path], tmp_path: Path
) -> None:
    whole = video(tmp_path / "whole.mkv", WALKS["door"], 15.0).read_bytes()
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole[: len(whole) * 4 // 5])
    sink = MemorySink()
    failed = supervise({**site_videos, "broken": broken}, sink, site=Site(name="shop")).run()
    assert {camera: error.code for camera, error in failed.items()} == {"broken": ErrorCode.CORRUPT}
    assert {event.seen.camera for event in sink.events} == {"door", "yard", "hall", "broken"}


def test_a_file_that_cannot_be_read_is_named_and_the_others_go_on(site_videos: dict[str, Path], tmp_path: Path) -> None:
    whole = site_videos["door"].read_bytes()
    headless = tmp_path / "headless.mp4"
    headless.write_bytes(whole[: len(whole) // 2])
    sink = MemorySink()
    failed = supervise({**site_videos, "headless": headless}, sink, site=Site(name="shop")).run()
    assert {camera: error.code for camera, error in failed.items()} == {"headless": ErrorCode.CORRUPT}
    assert {event.seen.camera for event in sink.events} == {"door", "yard", "hall"}


def test_a_fault_in_one_camera_stops_all_and_is_raised(site_videos: dict[str, Path]) -> None:
    def fault(what: CameraNews) -> None:
        if isinstance(what, FrameStep) and what.frame.camera == "hall" and what.frame.index == 30:
            raise RuntimeError("the graphics card fell off the bus")

    with pytest.raises(RuntimeError, match="fell off the bus"):
        supervise(site_videos, MemorySink(), site=SITE, observers=[fault]).run()
