"""A real RTSP server, killed, frozen, restarted and resized while a source reads from it."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Literal

import pytest

from pipeline.records import Frame
from pipeline.sources.backoff import Retry
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.pacing import DropOldest
from pipeline.sources.source import DropCause, FrameDropped, SourceChanged, SourceState, StreamParams
from pipeline.sources.streams import StreamSource
from testing.cameras.camera import RtspCamera
from testing.waiting import until

pytestmark = pytest.mark.rtsp

# More than any step needs, also on a loaded machine; a test that comes near it has failed.
PATIENCE_S = 60.0
READ_TIMEOUT_S = 1.5
# What "at once" may take on a loaded machine.
AT_ONCE_S = 10.0
QUICK = Retry(first_wait_s=0.1, longest_wait_s=0.4)


class Count:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.states: list[SourceState] = []
        self.errors: Counter[ErrorCode] = Counter()
        self.drops: Counter[DropCause] = Counter()

    def __call__(self, what: SourceChanged | FrameDropped) -> None:
        if isinstance(what, FrameDropped):
            self.drops[what.cause] += 1
            return
        self.states.append(what.state)
        if what.error is not None:
            self.errors[what.error] += 1


class Watch:
    """Reads a source in a thread, as the camera loop does, and keeps what it saw."""

    def __init__(
        self,
        url: str,
        *,
        retry: Retry = QUICK,
        transport: Literal["tcp", "udp"] = "tcp",
        timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.frames: list[Frame] = []
        self.heard = Count()
        self.failure: SourceError | None = None
        self.source = StreamSource(
            "door",
            url,
            StreamParams(transport, open_timeout_s=2 * timeout_s, read_timeout_s=timeout_s),
            random=Random(0),
            retry=retry,
            observers=[self.heard],
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def reconnects(self) -> int:
        return self.heard.states.count(SourceState.RETRYING)

    def until(self, is_so: Callable[[], bool], what: str) -> float:
        """Waits, and returns how long it took."""
        start_s = time.monotonic()
        until(is_so, what)
        return time.monotonic() - start_s

    def more_frames(self, count: int = 5) -> None:
        wanted = len(self.frames) + count
        self.until(lambda: len(self.frames) >= wanted, f"{count} more frames")

    def close(self) -> float:
        """Closes, and returns how many seconds it took until the iteration had ended."""
        start_s = time.monotonic()
        self.source.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return time.monotonic() - start_s

    def _read(self) -> None:
        try:
            for frame in self.source:
                self.frames.append(frame)
        except SourceError as failure:
            self.failure = failure


@pytest.fixture
def camera(start_camera: Callable[..., RtspCamera]) -> RtspCamera:
    return start_camera()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_frames_of_a_camera_arrive_and_time_goes_forward(camera: RtspCamera, transport: Literal["tcp", "udp"]) -> None:
    watch = Watch(camera.url(), transport=transport)
    watch.more_frames(40)
    assert watch.close() < AT_ONCE_S
    times_s = [frame.time_s for frame in watch.frames]
    assert all(earlier < later for earlier, later in pairwise(times_s))
    assert abs(times_s[-1] - time.time()) < PATIENCE_S
    assert watch.frames[0].image.shape == (240, 320, 3)
    assert watch.frames[0].image.std() > 0
    assert watch.heard.states == [SourceState.CONNECTING, SourceState.STREAMING]


def test_a_frame_carries_the_senders_time_once_the_sender_has_told_it(camera: RtspCamera) -> None:
    watch = Watch(camera.url())
    watch.until(lambda: watch.frames[-1:] != [] and watch.frames[-1].clock == "sender", "the sender's clock")
    watch.more_frames(10)
    arrived_s = time.time()
    watch.close()
    assert watch.frames[0].clock == "receive"
    assert abs(watch.frames[-1].time_s - arrived_s) < AT_ONCE_S
    steps_s = [b.time_s - a.time_s for a, b in pairwise(watch.frames[-9:])]
    assert steps_s == pytest.approx([1 / 15] * 8, abs=2e-3)


def test_a_camera_that_died_and_came_back_is_streamed_again(camera: RtspCamera) -> None:
    watch = Watch(camera.url())
    watch.more_frames()
    camera.kill()
    watch.until(lambda: watch.reconnects >= 2, "two tries")
    camera.start()
    watch.more_frames()
    assert watch.close() < AT_ONCE_S
    assert watch.heard.errors[ErrorCode.REFUSED] >= 1
    assert sum(watch.heard.errors.values()) == watch.reconnects
    assert [frame.index for frame in watch.frames] == sorted({frame.index for frame in watch.frames})


def test_a_frozen_camera_is_given_up_within_the_read_time_out_and_taken_up_again_when_it_thaws(
    camera: RtspCamera,
) -> None:
    watch = Watch(camera.url())
    watch.more_frames()
    camera.freeze()
    frozen_s = watch.until(lambda: watch.heard.errors[ErrorCode.TIMEOUT] == 1, "the time-out")
    assert frozen_s < READ_TIMEOUT_S + AT_ONCE_S
    camera.thaw()
    watch.more_frames()
    assert watch.close() < AT_ONCE_S


def test_a_camera_that_changes_its_resolution_goes_on_in_the_new_size(camera: RtspCamera) -> None:
    watch = Watch(camera.url())
    watch.more_frames()
    camera.resize(480, 368)
    watch.until(lambda: watch.frames[-1].image.shape == (368, 480, 3), "the new size")
    watch.more_frames()
    watch.close()
    assert watch.reconnects == 0


def test_a_wrong_password_is_an_auth_error_that_shows_no_password(
    start_camera: Callable[..., RtspCamera], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    camera = start_camera("--user", "viewer", "--password", "right")
    url = camera.url("viewer:wr0ng-secret@")
    watch = Watch(url, retry=Retry(first_wait_s=0.1, longest_wait_s=0.4))
    watch.until(lambda: watch.reconnects > 1, "another try")
    watch.close()
    assert set(watch.heard.errors) == {ErrorCode.AUTH}
    shown = caplog.text + repr(watch.source)
    assert "127.0.0.1" in shown
    assert "secret" not in shown
    assert "viewer" not in shown


def test_the_right_password_opens_the_stream(start_camera: Callable[..., RtspCamera]) -> None:
    camera = start_camera("--user", "viewer", "--password", "p@ss/word")
    watch = Watch(camera.url("viewer:p%40ss%2Fword@"))
    watch.more_frames()
    watch.close()


def test_a_stream_that_the_server_does_not_know_is_not_found(camera: RtspCamera) -> None:
    watch = Watch(camera.url(path="elsewhere"))
    watch.until(lambda: watch.reconnects > 0, "the error")
    watch.close()
    assert set(watch.heard.errors) == {ErrorCode.NOT_FOUND}


@pytest.mark.parametrize("trouble", ["frozen while streaming", "frozen while connecting", "dead", "refusing"])
def test_closing_is_prompt_in_any_trouble(trouble: str, start_camera: Callable[..., RtspCamera]) -> None:
    camera = start_camera("--user", "viewer", "--password", "right")
    login = "viewer:wrong@" if trouble == "refusing" else "viewer:right@"
    if trouble == "frozen while connecting":
        camera.freeze()
    watch = Watch(camera.url(login), retry=Retry(first_wait_s=60, longest_wait_s=60), timeout_s=60)
    if trouble == "frozen while connecting":
        watch.until(lambda: watch.heard.states == [SourceState.CONNECTING], "it connects")
    elif trouble == "frozen while streaming":
        watch.more_frames()
        camera.freeze()
    else:
        if trouble == "dead":
            watch.more_frames()
            camera.kill()
        watch.until(lambda: watch.reconnects > 0, "it waits to try again")
    assert watch.close() < AT_ONCE_S


def test_a_thread_left_behind_in_a_frozen_camera_ends_at_its_time_out(camera: RtspCamera) -> None:
    watch = Watch(camera.url())
    watch.more_frames()
    camera.freeze()
    watch.close()
    watch.until(lambda: all(thread.name != "read door" for thread in threading.enumerate()), "the end of the reader")


def test_a_drop_oldest_buffer_gives_a_slow_consumer_the_present_and_counts_what_it_missed(camera: RtspCamera) -> None:
    count = Count()
    stream = StreamSource("door", camera.url(), random=Random(0), observers=[count])
    source = DropOldest(stream, observers=[count])
    frames: list[Frame] = []
    for frame in source:
        frames.append(frame)
        if len(frames) == 6:
            source.close()
            continue
        missed = count.drops.total()
        until(lambda: count.drops.total() >= missed + 5, "five more frames pass by")  # noqa: B023 - asked here alone
    assert [frame.index for frame in frames] == sorted({frame.index for frame in frames})
    missing = frames[-1].index + 1 - len(frames)
    assert missing >= 4 * 5
    assert count.drops[DropCause.LATE] + count.drops[DropCause.CLOCK] >= missing
