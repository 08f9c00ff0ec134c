import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np
import pytest

from pipeline.records import Frame
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.pacing import Chunks, DropOldest, Prefetch, RateLimit
from pipeline.sources.source import DropCause
from testing.sources import DropCounter
from testing.waiting import until

PATIENCE_S = 30.0


class Script:
    """A source that gives frames at set times, and after the n-th waits for the test's word."""

    def __init__(self, times_s: Sequence[float], *, wait_after: int = -1, error: SourceError | None = None) -> None:
        self._times_s = times_s
        self._wait_after = wait_after
        self._error = error
        self.go_on = threading.Event()
        self.is_closed = False

    def __iter__(self) -> Iterator[Frame]:
        for index, time_s in enumerate(self._times_s):
            if self.is_closed:
                return
            yield Frame("door", index, time_s, "receive", np.zeros((2, 2, 3), np.uint8))
            if index == self._wait_after:
                assert self.go_on.wait(PATIENCE_S)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.is_closed = True
        self.go_on.set()


def indices(source: DropOldest | RateLimit) -> list[int]:
    return [frame.index for frame in source]


def test_a_consumer_that_looks_away_gets_the_newest_frame_and_the_others_are_counted_late() -> None:
    count = DropCounter()
    script = Script(range(10), wait_after=0)
    frames = iter(DropOldest(script, observers=[count]))
    assert next(frames).index == 0
    script.go_on.set()
    until(lambda: count.drops[DropCause.LATE] == 8, "eight frames are late")
    assert [frame.index for frame in frames] == [9]
    assert count.drops == {DropCause.LATE: 8}


def test_a_drop_oldest_buffer_raises_what_the_source_raised_after_the_last_frame() -> None:
    source = DropOldest(Script([1.0], error=SourceError(ErrorCode.AUTH, "refused")))
    frames = iter(source)
    assert next(frames).index == 0
    with pytest.raises(SourceError, match="refused"):
        next(frames)


def test_closing_a_drop_oldest_buffer_from_another_thread_ends_a_waiting_consumer_and_closes_the_source() -> None:
    script = Script([1.0, 2.0], wait_after=0)
    source = DropOldest(script)
    seen: list[int] = []

    def consume() -> None:
        seen.extend(frame.index for frame in source)

    with ThreadPoolExecutor() as pool:
        consumer = pool.submit(consume)
        until(lambda: seen, "the first frame is taken")
        source.close()
        consumer.result(PATIENCE_S)
    assert seen == [0]
    assert script.is_closed


@pytest.mark.parametrize(
    ("fps", "max_fps", "kept"),
    [(30, 30, 90), (30, 60, 90), (30, 15, 45), (30, 20, 60), (30, 10, 30), (25, 10, 30), (25, 7, 21)],
)
def test_a_cap_keeps_its_rate_over_time(fps: int, max_fps: float, kept: int) -> None:
    source = RateLimit(Script([k / fps for k in range(3 * fps)]), max_fps)
    assert len(indices(source)) == pytest.approx(kept, abs=1)


def test_a_cap_is_the_same_at_every_run_and_leaves_gaps_in_the_index() -> None:
    assert indices(RateLimit(Script([k / 30 for k in range(12)]), 10)) == [0, 3, 6, 9]


def test_frames_above_the_cap_are_counted_by_cause() -> None:
    count = DropCounter()
    indices(RateLimit(Script([k / 30 for k in range(30)]), 10, observers=[count]))
    assert count.drops == {DropCause.RATE: 20}


def test_an_unpunctual_camera_at_the_cap_loses_nothing() -> None:
    jitter = np.random.default_rng(0).uniform(-0.004, 0.004, 250)
    assert len(indices(RateLimit(Script([k / 25 + jitter[k] for k in range(250)]), 25))) == 250


def test_after_a_pause_there_is_no_burst() -> None:
    times_s = [0.0, 0.1, 5.0, 5.02, 5.04, 5.06, 5.1]
    assert indices(RateLimit(Script(times_s), 10)) == [0, 1, 2, 6]


def test_a_cap_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="found 0"):
        RateLimit(Script([]), 0)


class Video:
    """A source of so many frames, which knows what was read of it and raises an error behind them if told to."""

    def __init__(self, frames: Iterable[int], *, height: int = 1, error: SourceError | None = None) -> None:
        self._frames = frames
        self._height = height
        self._error = error
        self.read: list[int] = []

    def __iter__(self) -> Iterator[Frame]:
        for index in self._frames:
            self.read.append(index)
            yield Frame("door", index, float(index), "container", np.zeros((self._height, 1024, 3), np.uint8))
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("height", "most_frames", "sizes"),
    [(600, 4, [4, 2]), (1000, 4, [3, 3]), (3000, 4, [1] * 6), (1, 1, [1] * 6), (1, 9, [6])],
)
def test_a_chunk_is_so_many_frames_or_eight_megabytes(height: int, most_frames: int, sizes: list[int]) -> None:
    assert [len(chunk) for chunk in Chunks(Video(range(6), height=height), most_frames=most_frames)] == sizes


def test_nothing_of_a_chunk_is_read_before_it_is_asked_for() -> None:
    video = Video(range(6))
    chunks = iter(Chunks(video, most_frames=4))
    assert not video.read
    assert [frame.index for frame in next(chunks)] == video.read == [0, 1, 2, 3]


def test_what_came_before_a_source_failed_is_a_chunk_of_its_own() -> None:
    chunks = iter(Chunks(Script([1.0, 2.0], error=SourceError(ErrorCode.CORRUPT, "the tape tore"))))
    assert [frame.index for frame in next(chunks)] == [0, 1]
    with pytest.raises(SourceError, match="the tape tore"):
        next(chunks)


def test_prefetching_stays_a_few_frames_ahead() -> None:
    video = Video(count())
    seen = 0
    for chunk in Prefetch(Chunks(video)):
        seen += len(chunk)
        assert [frame.index for frame in chunk] == list(range(seen - len(chunk), seen))
        assert len(video.read) < seen + 30
        if seen >= 100:
            break


def test_prefetching_drops_nothing_and_hands_on_what_went_wrong() -> None:
    video = Video(range(50), error=SourceError(ErrorCode.CORRUPT, "the tape tore"))
    seen: list[int] = []
    with pytest.raises(SourceError, match="the tape tore"):
        seen.extend(frame.index for chunk in Prefetch(Chunks(video)) for frame in chunk)
    assert seen == list(range(50))


def test_closing_ends_a_prefetch_whose_consumer_waits_and_closes_the_source() -> None:
    script = Script([1.0, 2.0], wait_after=0)
    source = Prefetch(Chunks(script, most_frames=1))
    seen: list[int] = []

    def consume() -> None:
        seen.extend(frame.index for chunk in source for frame in chunk)

    with ThreadPoolExecutor() as pool:
        consumer = pool.submit(consume)
        until(lambda: seen, "the first frame is taken")
        source.close()
        consumer.result(PATIENCE_S)
    assert seen == [0]
    assert script.is_closed
