import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from passerby_events.tracks import TrackKey
from pipeline.ordering.channel import Channel, ChannelClosed, Lane, OrderParams
from pipeline.records import TrackEnd, Tracklet, Window
from testing.waiting import WITHIN_S, until


def tracklet(camera: str, cut_s: float, track: int = 1, tracklet_index: int = 0) -> Tracklet:
    return Tracklet(
        TrackKey(camera, "r", track),
        tracklet_index,
        cut_s,
        cut_s,
        "container",
        np.zeros((1, 2, 2, 3), np.uint8),
        np.array([cut_s]),
        np.zeros((1, 4), np.float32),
        np.ones(1, np.float32),
    )


def summarize(windows: list[Window]) -> list[tuple[float, list[tuple[str, float]]]]:
    return [(w.end_s, [(t.track.camera, t.cut_s) for t in w.tracklets]) for w in windows]


def play(channel: Channel[Tracklet, Window], camera: str, rate: float, seconds: float, nap_s: float = 0.0) -> None:
    lane = channel.lane(camera)
    for i in range(int(seconds * rate)):
        time_s = i / rate
        lane.put([tracklet(camera, time_s, track=i)] if i % 3 == 0 else [], [])
        if nap_s and i % 10 == 0:
            time.sleep(nap_s)
        lane.emit_watermark(time_s)
    lane.close()


def test_windows_do_not_depend_on_how_the_cameras_run() -> None:
    def windows(naps: tuple[float, float, float]) -> list[tuple[float, list[tuple[str, float]]]]:
        channel = Channel(["a", "b", "c"], Window, is_live=False)
        with ThreadPoolExecutor() as pool:
            for camera, rate, nap_s in zip("abc", (10, 7, 25), naps, strict=True):
                pool.submit(play, channel, camera, rate, 20.0, nap_s)
            return summarize(list(channel))

    first = windows((0.0, 0.001, 0.0))
    assert first == windows((0.002, 0.0, 0.0)) == windows((0.0, 0.0, 0.003))
    assert sum(len(cut) for _, cut in first) == 67 + 47 + 167


def test_a_window_holds_what_was_cut_before_its_end_sorted_by_time_and_camera() -> None:
    channel = Channel(["a", "b"], Window, is_live=False)
    a, b = channel.lane("a"), channel.lane("b")
    b.put([tracklet("b", 0.4), tracklet("b", 1.0)], [TrackEnd(TrackKey("b", "r", 1), 0.9, 0.0, 0.8, "container")])
    a.put([tracklet("a", 0.4), tracklet("a", 0.1)], [])
    a.close()
    b.close()
    windows = list(channel)
    assert summarize(windows) == [(1.0, [("a", 0.1), ("a", 0.4), ("b", 0.4)]), (2.0, [("b", 1.0)])]
    assert len(windows[0].ended) == 1


class Runner(threading.Thread):
    """A camera that says how far it is, second by second, as fast as it may.

    Attributes:
        asked: what it has asked to pass.
        passed: what it has passed.
    """

    def __init__(self, lane: Lane[Tracklet], seconds: int, *, cuts: bool = False) -> None:
        super().__init__(daemon=True)
        self.asked: list[float] = []
        self.passed: list[float] = []
        self._lane = lane
        self._seconds = seconds
        self._cuts = cuts
        self.start()

    def run(self) -> None:
        for time_s in map(float, range(self._seconds)):
            self.asked.append(time_s)
            self._lane.put([tracklet("a", time_s)] if self._cuts else [], [])
            self._lane.emit_watermark(time_s)
            self.passed.append(time_s)
        self._lane.close()

    def is_held_at(self, time_s: float) -> None:
        """Returns when it waits to pass that time."""
        until(lambda: self.asked[-1:] == [time_s], f"the camera comes to {time_s} s")
        assert self.passed[-1] == time_s - 1

    def ends(self) -> None:
        self.join(WITHIN_S)
        assert not self.is_alive()


def test_a_camera_that_runs_ahead_waits_for_the_slowest() -> None:
    channel = Channel(["fast", "slow"], Window, OrderParams(lead_s=2.0), is_live=False)
    fast = Runner(channel.lane("fast"), 100)
    slow = channel.lane("slow")
    slow.emit_watermark(0.0)
    fast.is_held_at(3.0)
    slow.emit_watermark(10.0)
    fast.is_held_at(13.0)
    slow.close()
    fast.ends()


def test_a_reader_at_work_holds_the_cameras_back() -> None:
    channel = Channel(["a"], Window, OrderParams(lead_s=2.0), is_live=False)
    camera = Runner(channel.lane("a"), 10, cuts=True)
    windows = iter(channel)
    assert next(windows).end_s == 1.0
    camera.is_held_at(3.0)
    assert [w.end_s for w in windows] == [float(s) for s in range(2, 11)]
    camera.ends()


def test_nobody_waits_for_a_live_camera_without_frames() -> None:
    channel = Channel(["here", "silent"], Window, OrderParams(idle_after_s=0.1), is_live=True)
    here = channel.lane("here")
    here.put([tracklet("here", 5.0)], [])
    here.emit_watermark(7.0)
    assert next(iter(channel)).end_s == 6.0


def test_what_a_live_camera_cuts_late_goes_into_the_next_window() -> None:
    channel = Channel(["a", "late"], Window, OrderParams(idle_after_s=0.05), is_live=True)
    a, late = channel.lane("a"), channel.lane("late")
    a.put([tracklet("a", 5.0)], [])
    a.emit_watermark(7.0)
    windows = iter(channel)
    assert next(windows).end_s == 6.0
    late.put([tracklet("late", 3.0)], [])
    late.close()
    a.close()
    assert summarize(list(windows)) == [(7.0, [("late", 3.0)])]


def test_a_camera_hears_that_the_reader_has_gone() -> None:
    channel = Channel(["a", "b"], Window, is_live=False)
    comes = threading.Event()

    def wait_for_b() -> None:
        comes.set()
        channel.lane("a").emit_watermark(1e9)

    with ThreadPoolExecutor() as pool:
        camera = pool.submit(wait_for_b)
        assert comes.wait(WITHIN_S)
        channel.close()
        assert isinstance(camera.exception(WITHIN_S), ChannelClosed)
    with pytest.raises(ChannelClosed):
        channel.lane("b").emit_watermark(0.0)


def test_the_lead_must_leave_room_for_a_window() -> None:
    with pytest.raises(ValueError, match="at least two windows"):
        OrderParams(window_s=3.0, lead_s=4.0)


def test_a_reader_that_tells_others_hears_of_empty_windows_too() -> None:
    channel = Channel(["a"], Window, is_live=False, emits_empty_windows=True)
    lane, windows = channel.lane("a"), iter(channel)
    for second in range(10):
        lane.put([tracklet("a", 4.5)] if second == 4 else [], [])
        lane.emit_watermark(float(second))
        assert summarize([next(windows)]) == [(float(second), [("a", 4.5)] if second == 5 else [])]
    lane.close()
    assert list(windows) == []
