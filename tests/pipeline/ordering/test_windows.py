import math
from dataclasses import dataclass

import pytest

from passerby_events.tracks import TrackKey
from pipeline.ordering.windows import AssembledWindow, WindowAssembler
from pipeline.records import TrackEnd


@dataclass(frozen=True)
class Stretch:
    track: TrackKey
    tracklet_index: int
    cut_s: float


def stretch(cut_s: float, *, camera: str = "a", track: int = 1, number: int = 0) -> Stretch:
    return Stretch(TrackKey(camera, "r", track), number, cut_s)


def end(cut_s: float, track: int = 1) -> TrackEnd:
    return TrackEnd(TrackKey("a", "r", track), cut_s, 0.0, cut_s, "container")


def assembler(
    *lanes: str, is_live: bool = False, last: int | None = None, emits_empty_windows: bool = False
) -> WindowAssembler[Stretch]:
    return WindowAssembler(
        lanes,
        window_s=2.0,
        is_live=is_live,
        idle_after_s=1.0,
        now_s=0.0,
        last=last,
        emits_empty_windows=emits_empty_windows,
    )


def take(windows: WindowAssembler[Stretch], now_s: float = 0.0) -> AssembledWindow[Stretch]:
    found = windows.take(now_s)
    assert found is not None
    return found


def test_a_window_is_complete_when_every_lane_has_passed_its_end() -> None:
    windows = assembler("a", "b")
    windows.put_by_time([stretch(5.0)], [])
    windows.raise_watermark("a", 6.0, 0.0)
    assert windows.take(0.0) is None
    windows.raise_watermark("b", 5.9, 0.0)
    assert windows.take(0.0) is None
    windows.raise_watermark("b", 6.0, 0.0)
    found = take(windows)
    assert (found.number, found.end_s, [each.cut_s for each in found.tracklets]) == (2, 6.0, [5.0])
    assert windows.take(0.0) is None


def test_what_is_in_a_window_is_sorted_by_time_track_and_tracklet() -> None:
    windows = assembler("a")
    there = [
        stretch(1.0, track=2),
        stretch(1.0, track=1, number=1),
        stretch(1.0, camera="B", track=9),
        stretch(1.0, track=1, number=0),
        stretch(0.5, track=7),
    ]
    windows.put_by_time(there, [end(1.5, track=2), end(1.5, track=1), end(0.1, track=9)])
    windows.close("a")
    found = take(windows)
    assert found.tracklets == (there[4], there[2], there[3], there[1], there[0])
    assert [each.track.track for each in found.ended] == [9, 1, 2]


def test_windows_go_out_in_order_whenever_they_were_filled() -> None:
    windows = assembler("a")
    windows.put_by_time([stretch(9.0), stretch(1.0), stretch(5.0)], [])
    windows.close("a")
    assert [take(windows).number for _ in range(3)] == [0, 2, 4]


def test_a_watermark_never_goes_back() -> None:
    windows = assembler("a")
    windows.raise_watermark("a", 10.0, 0.0)
    windows.raise_watermark("a", 4.0, 0.0)
    assert windows.watermark_s(0.0) == 10.0


def test_what_is_late_goes_into_the_next_window_that_has_not_gone_out() -> None:
    windows = assembler("a", last=4)
    windows.put_by_time([stretch(1.0)], [end(9.9)])
    assert (windows.is_late(4), windows.is_late(5)) == (True, False)
    windows.close("a")
    found = take(windows)
    assert (found.number, len(found.tracklets), len(found.ended)) == (5, 1, 1)


def test_nobody_waits_for_a_live_lane_that_is_silent_until_it_is_heard_again() -> None:
    windows = assembler("a", "b", is_live=True)
    windows.raise_watermark("a", 8.0, 2.0)
    assert windows.watermark_s(2.0) == 8.0
    windows.hear("b", 2.0)
    assert windows.watermark_s(2.0) == -math.inf


def test_a_lane_of_files_is_awaited_however_long_it_is_silent() -> None:
    windows = assembler("a", "b")
    windows.raise_watermark("a", 8.0, 1e6)
    assert windows.watermark_s(1e6) == -math.inf


def test_a_lane_that_closed_is_awaited_again_once_it_opens_where_it_was() -> None:
    windows = assembler("a", "b")
    windows.raise_watermark("a", 3.0, 0.0)
    windows.raise_watermark("b", 7.0, 0.0)
    windows.close("a")
    assert windows.watermark_s(0.0) == 7.0
    windows.open("a", 0.0)
    assert windows.watermark_s(0.0) == 3.0


@pytest.mark.parametrize("emits_empty_windows", [False, True])
def test_a_window_without_anything_in_it_goes_out_only_if_asked_for(emits_empty_windows: bool) -> None:
    windows = assembler("a", emits_empty_windows=emits_empty_windows)
    windows.raise_watermark("a", 7.0, 0.0)
    found = windows.take(0.0)
    assert (found.number if found else None) == (2 if emits_empty_windows else None)
    assert windows.take(0.0) is None
    windows.close("a")
    assert windows.take(0.0) is None


def test_it_is_done_when_every_lane_has_closed_and_nothing_waits() -> None:
    windows = assembler("a")
    windows.put_by_time([stretch(1.0), stretch(3.0)], [])
    assert (windows.count_waiting(), windows.pending_from_s) == (2, 0.0)
    windows.close("a")
    assert not windows.is_done
    take(windows)
    assert (windows.count_waiting(), windows.pending_from_s) == (1, 2.0)
    take(windows)
    assert windows.is_done
    assert windows.pending_from_s == math.inf
