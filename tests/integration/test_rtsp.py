"""A real RTSP server, killed, frozen, restarted and resized while a source reads from it."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from pipeline.records import Frame
from pipeline.sources.backoff import Retry
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.pacing import DropOldest
from pipeline.sources.source import DropCause, SourceState
from pipeline.sources.streams import StreamSource

pytestmark = pytest.mark.rtsp

SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")
# More than any step needs, also on a loaded machine; a test that comes near it has failed.
PATIENCE_S = 20.0
READ_TIMEOUT_S = 1.5
# What "at once" may take on a loaded machine.
AT_ONCE_S = 1.0
QUICK = Retry(first_wait_s=0.1, longest_wait_s=0.4)


class Camera:
    """The server's process; its port stays the same over restarts."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self.port = 0
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, SERVER, "--port", str(self.port), *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        if not words:
            _, reason = self._process.communicate(timeout=PATIENCE_S)
            raise RuntimeError(f"no RTSP server: {reason.strip().splitlines()[-1:]}")
        self.port = int(words[1])

    def url(self, login: str = "", path: str = "camera") -> str:
        return f"rtsp://{login}127.0.0.1:{self.port}/{path}"

    def resize(self, width: int, height: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"size {width} {height}\n")
        self._process.stdin.flush()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=PATIENCE_S)


class Count:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.states: list[SourceState] = []
        self.errors: Counter[ErrorCode] = Counter()
        self.drops: Counter[DropCause] = Counter()

    def entered(self, camera: str, state: SourceState, error: ErrorCode | None) -> None:
        self.states.append(state)
        if error is not None:
            self.errors[error] += 1

    def dropped(self, camera: str, cause: DropCause) -> None:
        self.drops[cause] += 1


class Watch:
    """Reads a source in a thread, as the camera loop does, and keeps what it saw."""

    def __init__(self, url: str, *, retry: Retry = QUICK, transport: Literal["tcp", "udp"] = "tcp") -> None:
        self.frames: list[Frame] = []
        self.heard = Count()
        self.failure: SourceError | None = None
        self.source = StreamSource(
            "door",
            url,
            random=Random(0),
            transport=transport,
            open_timeout_s=3.0,
            read_timeout_s=READ_TIMEOUT_S,
            retry=retry,
            listener=self.heard,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def reconnects(self) -> int:
        return self.heard.states.count(SourceState.RETRYING)

    def until(self, is_so: Callable[[], bool], what: str) -> float:
        """Waits, and returns how long it took."""
        start_s = time.monotonic()
        while not is_so():
            assert time.monotonic() - start_s < PATIENCE_S, f"{what}: not within {PATIENCE_S} s"
            time.sleep(0.01)
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
def start_camera() -> Iterator[Callable[..., Camera]]:
    started: list[Camera] = []

    def start(*options: str) -> Camera:
        try:
            started.append(Camera(*options))
        except (OSError, RuntimeError) as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"GStreamer's RTSP server cannot be started ({error}): run `make setup`")
        return started[-1]

    yield start
    for camera in started:
        with suppress(ProcessLookupError):
            camera.thaw()
        camera.kill()


@pytest.fixture
def camera(start_camera: Callable[..., Camera]) -> Camera:
    return start_camera()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_frames_of_a_camera_arrive_and_time_goes_forward(camera: Camera, transport: Literal["tcp", "udp"]) -> None:
    watch = Watch(camera.url(), transport=transport)
    watch.more_frames(40)
    assert watch.close() < AT_ONCE_S
    times_s = [frame.time_s for frame in watch.frames]
    assert all(earlier < later for earlier, later in pairwise(times_s))
    assert abs(times_s[-1] - time.time()) < 5
    assert watch.frames[0].image.shape == (240, 320, 3)
    assert watch.frames[0].image.std() > 0
    assert watch.heard.states == [SourceState.CONNECTING, SourceState.STREAMING, SourceState.ENDED]


def test_a_frame_carries_the_senders_time_once_the_sender_has_told_it(camera: Camera) -> None:
    watch = Watch(camera.url())
    watch.until(lambda: watch.frames[-1:] != [] and watch.frames[-1].clock == "sender", "the sender's clock")
    watch.more_frames(10)
    arrived_s = time.time()
    watch.close()
    assert watch.frames[0].clock == "receive"
    assert abs(watch.frames[-1].time_s - arrived_s) < 2
    steps_s = [b.time_s - a.time_s for a, b in pairwise(watch.frames[-9:])]
    assert steps_s == pytest.approx([1 / 15] * 8, abs=2e-3)


def test_a_camera_that_died_and_came_back_is_streamed_again(camera: Camera) -> None:
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


def test_a_frozen_camera_is_given_up_within_the_read_time_out_and_taken_up_again_when_it_thaws(camera: Camera) -> None:
    watch = Watch(camera.url())
    watch.more_frames()
    camera.freeze()
    frozen_s = watch.until(lambda: watch.heard.errors[ErrorCode.TIMEOUT] == 1, "the time-out")
    assert frozen_s < READ_TIMEOUT_S + AT_ONCE_S
    camera.thaw()
    watch.more_frames()
    assert watch.close() < AT_ONCE_S


def test_a_camera_that_changes_its_resolution_goes_on_in_the_new_size(camera: Camera) -> None:
    watch = Watch(camera.url())
    watch.more_frames()
    camera.resize(480, 368)
    watch.until(lambda: watch.frames[-1].image.shape == (368, 480, 3), "the new size")
    watch.more_frames()
    watch.close()
    assert watch.reconnects == 0


def test_a_wrong_password_is_an_auth_error_that_shows_no_password(
    start_camera: Callable[..., Camera], caplog: pytest.LogCaptureFixture
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


def test_the_right_password_opens_the_stream(start_camera: Callable[..., Camera]) -> None:
    camera = start_camera("--user", "viewer", "--password", "p@ss/word")
    watch = Watch(camera.url("viewer:p%40ss%2Fword@"))
    watch.more_frames()
    watch.close()


def test_a_stream_that_the_server_does_not_know_is_not_found(camera: Camera) -> None:
    watch = Watch(camera.url(path="elsewhere"))
    watch.until(lambda: watch.reconnects > 0, "the error")
    watch.close()
    assert set(watch.heard.errors) == {ErrorCode.NOT_FOUND}


@pytest.mark.parametrize("trouble", ["frozen while streaming", "frozen while connecting", "dead", "refusing"])
def test_closing_is_prompt_in_any_trouble(trouble: str, start_camera: Callable[..., Camera]) -> None:
    camera = start_camera("--user", "viewer", "--password", "right")
    login = "viewer:wrong@" if trouble == "refusing" else "viewer:right@"
    if trouble == "frozen while connecting":
        camera.freeze()
    watch = Watch(camera.url(login), retry=Retry(first_wait_s=60, longest_wait_s=60))
    if trouble == "refusing":
        watch.until(lambda: watch.reconnects > 0, "the refusal")
    elif trouble == "frozen while connecting":
        time.sleep(0.3)
    else:
        watch.more_frames()
        camera.freeze() if trouble == "frozen while streaming" else camera.kill()
        time.sleep(0.3)
    assert watch.close() < AT_ONCE_S


def test_a_thread_left_behind_in_a_frozen_camera_ends_at_its_time_out(camera: Camera) -> None:
    watch = Watch(camera.url())
    watch.more_frames()
    camera.freeze()
    time.sleep(0.2)
    watch.close()
    watch.until(lambda: all(thread.name != "read door" for thread in threading.enumerate()), "the end of the reader")


def test_a_drop_oldest_buffer_gives_a_slow_consumer_the_present_and_counts_what_it_missed(camera: Camera) -> None:
    count = Count()
    stream = StreamSource("door", camera.url(), random=Random(0), listener=count)
    source = DropOldest(stream, listener=count)
    frames: list[Frame] = []
    ages_s: list[float] = []
    for frame in source:
        frames.append(frame)
        ages_s.append(time.time() - frame.time_s)
        if len(frames) == 6:
            source.close()
        time.sleep(0.4)
    missing = frames[-1].index + 1 - len(frames)
    assert missing >= 4 * 5
    assert count.drops[DropCause.LATE] + count.drops[DropCause.CLOCK] >= missing
    # The sender's clock shows how long the way was. Whoever saw every frame would be two seconds behind at the end.
    assert max(ages_s[1:]) < 1.0
