"""Wrong timestamps are put right alone; new timelines go on where the old ones ended."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.times import LONGEST_PAUSE_S, WRAP_S, Timed, Timeline

HOUR_S = 3600.0


def settled(container_s: Sequence[float | None], *, starts_at_s: float = 0.0, step_s: float = 0.1) -> list[float]:
    timeline: Timeline[int] = Timeline("camera door", "door", starts_at_s, step_s)
    found = list(timeline.settle(Timed(index, time_s) for index, time_s in enumerate(container_s)))
    assert [each.item for each in found] == list(range(len(container_s)))
    assert all(earlier.time_s < later.time_s for earlier, later in pairwise(found))
    return [each.time_s for each in found]


def even(count: int, *, first_s: float = 0.0, step_s: float = 0.1) -> list[float]:
    return [first_s + index * step_s for index in range(count)]


@pytest.mark.parametrize(
    ("container_s", "times_s"),
    [
        ([3.0, 3.5, 4.0], [0.0, 0.5, 1.0]),
        ([None, None, None], [0.0, 0.1, 0.2]),
        ([3.0, None, 3.5], [0.0, 0.1, 0.5]),
        ([3.0, 3.1, 3.1, 3.2], [0.0, 0.1, 0.101, 0.2]),
        ([3.0, 3.2, 3.1, 3.3], [0.0, 0.2, 0.201, 0.3]),
    ],
    ids=["plain", "no times", "one time missing", "repeated", "out of order"],
)
def test_times_always_increase(container_s: list[float | None], times_s: list[float]) -> None:
    assert settled(container_s) == pytest.approx(times_s)


@pytest.mark.parametrize("off_s", [10 * HOUR_S, 30.0, 2.0, -2.0, -10 * HOUR_S])
@pytest.mark.parametrize("at", [1, 10, 18])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_wrong_timestamps_move_no_other_frame(off_s: float, at: int, count: int) -> None:
    right = even(25)
    wrong = [time_s + off_s if at <= index < at + count else time_s for index, time_s in enumerate(right)]
    assert settled(wrong) == pytest.approx(right)


def test_a_wrong_first_timestamp_moves_no_other_frame_by_more_than_one() -> None:
    assert settled([36_000.0, *even(20)]) == pytest.approx(even(21))


@pytest.mark.parametrize("off_s", [10 * HOUR_S, -10 * HOUR_S])
def test_a_wrong_last_timestamp_stays_close_to_the_others(off_s: float) -> None:
    assert settled([*even(20), 2.0 + off_s]) == pytest.approx(even(21))


@pytest.mark.parametrize("jump_s", [-WRAP_S / 2, -HOUR_S, -5.0, WRAP_S, LONGEST_PAUSE_S + 60])
def test_joined_recordings_follow_each_other(jump_s: float) -> None:
    first, second = even(20, first_s=WRAP_S), even(20, first_s=WRAP_S + 2.0 + jump_s)
    assert settled([*first, *second]) == pytest.approx(even(40), abs=1e-5)


def test_a_pause_of_the_recorder_is_kept() -> None:
    gap_s = 3 * HOUR_S
    times_s = [*even(20), *even(20, first_s=2.0 + gap_s)]
    assert settled(times_s) == pytest.approx(times_s)


def test_a_transport_streams_counter_that_wraps_keeps_every_gap() -> None:
    right = [*even(20), *even(20, first_s=2.0 + 40.0)]
    assert settled([(time_s - 2.0) % WRAP_S for time_s in right]) == pytest.approx(right, abs=1e-4)


def test_a_time_lapse_is_no_jump() -> None:
    times_s = even(20, step_s=5.0)
    assert settled(times_s, step_s=5.0) == pytest.approx(times_s)
    assert settled(times_s, step_s=0.04) == pytest.approx(times_s)


def test_a_source_that_fails_gives_all_that_came_before_first() -> None:
    def broken() -> Iterator[Timed[int]]:
        yield from (Timed(index, time_s) for index, time_s in enumerate([0.0, 0.1, 7200.0]))
        raise SourceError(ErrorCode.CORRUPT, "torn")

    found: list[int] = []
    with pytest.raises(SourceError, match="torn"):
        found.extend(each.item for each in Timeline[int]("camera door", "door", 0.0, 0.1).settle(broken()))
    assert found == [0, 1, 2]
