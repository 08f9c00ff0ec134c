import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.ordering.channel import Channel, ChannelClosed
from pipeline.records import TrackEnd, TrackKey, Tracklet, Window


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


def test_a_camera_that_runs_ahead_waits_for_the_slowest() -> None:
    channel = Channel(["fast", "slow"], Window, is_live=False, lead_s=2.0)
    reached: list[float] = []

    def run() -> None:
        lane = channel.lane("fast")
        for time_s in range(100):
            lane.emit_watermark(float(time_s))
            reached.append(time_s)
        lane.close()

    thread = threading.Thread(target=run)
    thread.start()
    slow = channel.lane("slow")
    slow.emit_watermark(0.0)
    time.sleep(0.05)
    assert max(reached) <= 2
    slow.emit_watermark(10.0)
    time.sleep(0.05)
    assert 3 < max(reached) <= 12
    slow.close()
    thread.join(5)
    assert not thread.is_alive()


def test_a_reader_at_work_holds_the_cameras_back() -> None:
    channel = Channel(["a"], Window, is_live=False, lead_s=2.0)
    reached: list[int] = []

    def run() -> None:
        lane = channel.lane("a")
        for time_s in range(10):
            lane.put([tracklet("a", float(time_s))], [])
            lane.emit_watermark(float(time_s))
            reached.append(time_s)
        lane.close()

    thread = threading.Thread(target=run)
    thread.start()
    windows = iter(channel)
    assert next(windows).end_s == 1.0
    time.sleep(0.05)
    assert max(reached) == 2
    assert [w.end_s for w in windows] == [float(s) for s in range(2, 11)]
    thread.join(5)


def test_nobody_waits_for_a_live_camera_without_frames() -> None:
    channel = Channel(["here", "silent"], Window, is_live=True, idle_after_s=0.1)
    here = channel.lane("here")
    here.put([tracklet("here", 5.0)], [])
    here.emit_watermark(7.0)
    assert next(iter(channel)).end_s == 6.0


def test_what_a_live_camera_cuts_late_goes_into_the_next_window() -> None:
    channel = Channel(["a", "late"], Window, is_live=True, idle_after_s=0.05)
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
    heard = threading.Event()

    def run() -> None:
        with pytest.raises(ChannelClosed):
            channel.lane("a").emit_watermark(1e9)
        heard.set()

    threading.Thread(target=run, daemon=True).start()
    time.sleep(0.05)
    channel.close()
    assert heard.wait(5)
    with pytest.raises(ChannelClosed):
        channel.lane("b").emit_watermark(0.0)


def test_the_lead_must_leave_room_for_a_window() -> None:
    with pytest.raises(ValueError, match="at least two windows"):
        Channel(["a"], Window, is_live=False, window_s=3.0, lead_s=4.0)


def test_a_reader_that_tells_others_hears_of_empty_windows_too() -> None:
    channel = Channel(["a"], Window, is_live=False, emits_empty_windows=True)
    with ThreadPoolExecutor() as pool:
        pool.submit(sparse, channel)
        windows = summarize(list(channel))
    ends_s = [end_s for end_s, _ in windows]
    assert ends_s == sorted(set(ends_s))
    assert max(ends_s) >= 9.0
    assert [(end_s, cut) for end_s, cut in windows if cut] == [(5.0, [("a", 4.5)])]


def sparse(channel: Channel[Tracklet, Window]) -> None:
    lane = channel.lane("a")
    for time_s in np.arange(0, 10, 0.5).tolist():
        lane.put([tracklet("a", time_s)] if time_s == 4.5 else [], [])
        lane.emit_watermark(time_s)
        time.sleep(0.005)
    lane.close()
