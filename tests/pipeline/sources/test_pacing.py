import threading
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np
import pytest

from pipeline.records import Frame
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.pacing import DropOldest, Prefetch, RateLimit, in_chunks
from pipeline.sources.source import DropCause, SourceState
from testing.waiting import until

PATIENCE_S = 30.0


class Count:
    def __init__(self) -> None:
        self.drops: Counter[DropCause] = Counter()

    def entered(self, camera: str, state: SourceState, error: ErrorCode | None) -> None:
        pass

    def dropped(self, camera: str, cause: DropCause) -> None:
        self.drops[cause] += 1


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
    count = Count()
    script = Script(range(10), wait_after=0)
    frames = iter(DropOldest(script, listener=count))
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
    count = Count()
    indices(RateLimit(Script([k / 30 for k in range(30)]), 10, listener=count))
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


def test_a_chunk_is_four_frames_or_eight_megabytes_and_nothing_is_read_before_it_is_asked_for() -> None:
    read: list[int] = []

    def video(height: int) -> Iterator[Frame]:
        for index in range(6):
            read.append(index)
            yield Frame("door", index, float(index), "container", np.zeros((height, 1024, 3), np.uint8))

    def sizes(height: int) -> list[int]:
        return [len(chunk) for chunk in in_chunks(video(height))]

    assert sizes(600) == [4, 2]
    assert sizes(1000) == [3, 3]
    assert sizes(3000) == [1] * 6
    read.clear()
    chunks = in_chunks(video(1))
    assert not read
    assert [frame.index for frame in next(chunks)] == read == [0, 1, 2, 3]


def test_what_came_before_a_source_failed_is_a_chunk_of_its_own() -> None:
    chunks = in_chunks(Script([1.0, 2.0], error=SourceError(ErrorCode.CORRUPT, "the tape tore")))
    assert [frame.index for frame in next(chunks)] == [0, 1]
    with pytest.raises(SourceError, match="the tape tore"):
        next(chunks)


def test_prefetching_stays_a_few_frames_ahead() -> None:
    read: list[int] = []

    class Endless:
        def __iter__(self) -> Iterator[Frame]:
            for index in count():
                read.append(index)
                yield Frame("door", index, float(index), "container", np.zeros((1, 1, 3), np.uint8))

        def close(self) -> None:
            pass

    frames = iter(Prefetch(Endless()))
    assert isinstance(frames, Generator)
    for index in range(100):
        assert next(frames).index == index
        assert len(read) < index + 30
    frames.close()


def test_prefetching_drops_nothing_and_hands_on_what_went_wrong() -> None:
    class Broken:
        def __iter__(self) -> Iterator[Frame]:
            yield from (Frame("door", i, float(i), "container", np.zeros((1, 1, 3), np.uint8)) for i in range(50))
            raise SourceError(ErrorCode.CORRUPT, "the tape tore")

        def close(self) -> None:
            pass

    seen: list[int] = []
    with pytest.raises(SourceError, match="the tape tore"):
        seen.extend(frame.index for frame in Prefetch(Broken()))
    assert seen == list(range(50))
