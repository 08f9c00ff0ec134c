"""Streams that misbehave on the socket, and HTTP. A real RTSP server is in tests/integration."""

import functools
import http.server
import io
import itertools
import logging
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.packet import Packet
from av.video.stream import VideoStream

from pipeline.sources.backoff import Retry
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.source import DropCause, FrameDropped, SourceChanged, SourceState, StreamParams
from pipeline.sources.streams import StreamSource
from testing.waiting import WITHIN_S, until

TIMEOUT_S = 0.5
# What "at once" may take on a loaded machine.
AT_ONCE_S = 10.0
Conversation = Callable[[socket.socket], None]


class Count:
    """Counts what it is told; closes a source after so many waits for another try."""

    def __init__(self, *, most_retries: int | None = None) -> None:
        self._most_retries = most_retries
        self.source: StreamSource | None = None
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
        if self.states.count(SourceState.RETRYING) == self._most_retries and self.source is not None:
            self.source.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Conversation], str]]:
    """Starts a server that talks to each client as told; gives its host and port."""
    listening: list[socket.socket] = []

    def start(converse: Conversation) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)
        threading.Thread(target=_accept, args=(server, converse), daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in listening:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def _accept(server: socket.socket, converse: Conversation) -> None:
    clients = []
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            break
        clients.append(client)
        converse(client)
    for client in clients:
        client.close()


def stay_silent(client: socket.socket) -> None:
    pass


def hang_up(client: socket.socket) -> None:
    client.close()


def answer_nonsense(client: socket.socket) -> None:
    client.recv(4096)
    client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 90000\r\n\r\n" + b"nonsense " * 10_000)
    client.shutdown(socket.SHUT_RDWR)


def answer(status: str) -> Conversation:
    def converse(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(f"HTTP/1.0 {status}\r\n\r\n".encode())
        client.shutdown(socket.SHUT_RDWR)

    return converse


def source_of(
    url: str, counter: Count | None = None, *, timeout_s: float = TIMEOUT_S, retry: Retry | None = None
) -> StreamSource:
    """A source that its observer can close."""
    params = StreamParams(open_timeout_s=timeout_s, read_timeout_s=timeout_s)
    retry = retry or Retry(first_wait_s=0.05, longest_wait_s=0.2)
    source = StreamSource(
        "door", url, params, random=Random(0), retry=retry, observers=[] if counter is None else [counter]
    )
    if counter is not None:
        counter.source = source
    return source


@pytest.fixture
def fault(caplog: pytest.LogCaptureFixture) -> Callable[[str], tuple[ErrorCode, str]]:
    """Opens a camera once, which gives no frame and is to be tried again; says why, for machines and for people."""

    def first_fault(url: str) -> tuple[ErrorCode, str]:
        count = Count(most_retries=1)
        assert list(source_of(url, count)) == []
        (code,) = count.errors
        assert count.states == [SourceState.CONNECTING, SourceState.RETRYING]
        return code, caplog.messages[-1]

    return first_fault


Fault = Callable[[str], tuple[ErrorCode, str]]


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_that_accepts_and_stays_silent_is_a_time_out(
    serve: Callable[[Conversation], str], fault: Fault, scheme: str
) -> None:
    start_s = time.monotonic()
    code, words = fault(f"{scheme}://{serve(stay_silent)}/1")
    assert code is ErrorCode.TIMEOUT
    assert "nothing came within" in words
    assert TIMEOUT_S <= time.monotonic() - start_s < TIMEOUT_S + AT_ONCE_S


@pytest.mark.parametrize(
    ("converse", "code"),
    [
        (answer("401 Unauthorized"), ErrorCode.AUTH),
        (answer("403 Forbidden"), ErrorCode.AUTH),
        (answer("404 Not Found"), ErrorCode.NOT_FOUND),
        (answer("500 Internal Server Error"), ErrorCode.OTHER),
        (answer_nonsense, ErrorCode.CORRUPT),
    ],
    ids=["401", "403", "404", "500", "nonsense"],
)
def test_each_answer_has_its_code_and_is_tried_again(
    serve: Callable[[Conversation], str], fault: Fault, converse: Conversation, code: ErrorCode
) -> None:
    found, words = fault(f"http://{serve(converse)}/video.mp4")
    assert found is code
    assert words.startswith("camera door: http://127.0.0.1:")


def test_a_refused_password_comes_with_how_to_write_one(serve: Callable[[Conversation], str], fault: Fault) -> None:
    """An unescaped %25 is a well-formed address of another password."""
    _, words = fault(f"http://me:s%25cret@{serve(answer('401 Unauthorized'))}/video.mp4")
    assert "write its @, /, % as %40, %2F, %25" in words
    assert "cret" not in words


def test_a_closed_port_is_refused(fault: Fault) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    code, words = fault(f"rtsp://127.0.0.1:{port}/1")
    assert code is ErrorCode.REFUSED
    assert "refused" in words


def test_a_host_name_that_cannot_be_looked_up_hangs_nobody(fault: Fault) -> None:
    start_s = time.monotonic()
    _, words = fault("rtsp://cam.invalid/1")
    assert re.match(r"camera door: rtsp://cam\.invalid/1: (the host is not known|no frame)", words)
    assert time.monotonic() - start_s < 3 * TIMEOUT_S + AT_ONCE_S


def test_closing_ends_a_silent_connection_at_once_and_its_thread_at_the_time_out(
    serve: Callable[[Conversation], str],
) -> None:
    count = Count()
    source = source_of(f"rtsp://{serve(stay_silent)}/1", count, timeout_s=2.0)
    with ThreadPoolExecutor() as pool:
        frames = pool.submit(list, source)
        until(lambda: reads("door"), "it connects")
        source.close()
        assert frames.result(WITHIN_S) == []
    assert reads("door")
    until(lambda: not reads("door"), "its thread ends")


def reads(camera: str) -> bool:
    return any(thread.name == f"read {camera}" for thread in threading.enumerate())


def test_a_camera_that_stays_away_is_tried_again_and_again(serve: Callable[[Conversation], str]) -> None:
    count = Count(most_retries=4)
    assert list(source_of(f"rtsp://{serve(hang_up)}/1", count)) == []
    assert count.states == [SourceState.CONNECTING, SourceState.RETRYING] * 4
    assert sum(count.errors.values()) == 4


def test_a_refused_password_waits_the_longest_wait(serve: Callable[[Conversation], str]) -> None:
    attempts: list[float] = []

    def refuse(client: socket.socket) -> None:
        attempts.append(time.monotonic())
        answer("401 Unauthorized")(client)

    retry = Retry(first_wait_s=0.01, longest_wait_s=0.4, jitter=0)
    assert list(source_of(f"http://{serve(refuse)}/1", Count(most_retries=2), retry=retry)) == []
    assert len(attempts) >= 2
    assert attempts[-1] - attempts[0] >= 0.4


def test_no_password_is_in_what_is_logged_or_shown(
    serve: Callable[[Conversation], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"http://me:s3cret@{serve(answer('403 Forbidden'))}/1?token=s3cret"
    source = source_of(url, Count(most_retries=2))
    assert list(source) == []
    shown = caplog.text + repr(source)
    assert "127.0.0.1" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    "url",
    ["ftp://me:s3cret@cam.example/1", "video.mp4", "rtsp:///1", "rtsp://me:s3/cret@cam.example/1", "/dev/sda1"],
)
def test_an_address_that_cannot_be_a_camera_is_refused_at_once_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="expected rtsp://host") as caught:
        source_of(url)
    assert "s3" not in str(caught.value)


def test_a_webcam_that_is_not_there_has_failed() -> None:
    count = Count()
    with pytest.raises(SourceError, match="camera door: /dev/video99") as caught:
        list(source_of("/dev/video99", count))
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert count.states == [SourceState.CONNECTING]


def send_sound(client: socket.socket) -> None:
    """Half a second of silence, and no video."""
    content = io.BytesIO()
    with av.open(content, "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        file.mux(stream.encode(frame))
    send_file(client, content.getvalue())


def send_file(client: socket.socket, content: bytes) -> None:
    client.recv(4096)
    client.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + content)
    client.shutdown(socket.SHUT_RDWR)


def test_a_camera_without_video_that_can_be_decoded_has_failed(serve: Callable[[Conversation], str]) -> None:
    count = Count()
    with pytest.raises(SourceError, match="no video in it") as caught:
        list(source_of(f"http://{serve(send_sound)}/sound", count))
    assert caught.value.code is ErrorCode.CODEC
    assert count.states == [SourceState.CONNECTING]


def test_a_camera_that_has_given_frames_is_tried_again_whatever_it_gives_then(
    serve: Callable[[Conversation], str],
) -> None:
    connections = itertools.count()

    def images_then_sound(client: socket.socket) -> None:
        send_images(client) if next(connections) == 0 else send_sound(client)

    count = Count(most_retries=3)
    frames = list(source_of(f"http://{serve(images_then_sound)}/mjpeg", count))
    assert len(frames) == 9
    # On a busy machine the sound may come too late as well.
    assert count.errors.keys() == {ErrorCode.TIMEOUT, ErrorCode.CODEC}
    assert count.errors.total() == 3


def send_images(client: socket.socket) -> None:
    """What cameras call MJPEG: ten images in one answer without end, the sixth of them broken."""
    client.recv(4096)
    client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=next\r\n\r\n")
    for index in range(10):
        image = cv2.imencode(".jpg", np.full((48, 64, 3), index * 20, np.uint8))[1].tobytes()
        content = b"broken" if index == 5 else image
        head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
        client.sendall(head.encode() + content + b"\r\n")


def test_images_over_http_are_frames_and_a_broken_one_is_dropped_and_counted(
    serve: Callable[[Conversation], str],
) -> None:
    count = Count(most_retries=1)
    source = source_of(f"http://{serve(send_images)}/mjpeg", count)
    levels = [(frame.index, round(frame.image.mean() / 20)) for frame in source]
    assert levels == [(index, index) for index in (0, 1, 2, 3, 4, 6, 7, 8, 9)]
    assert count.errors == {ErrorCode.TIMEOUT: 1}
    assert count.drops == {DropCause.CORRUPT: 1}


@pytest.fixture
def playlist(tmp_path: Path) -> Iterator[str]:
    """An HLS recording of one second over HTTP."""
    with av.open(str(tmp_path / "live.m3u8"), "w", format="hls", options={"hls_time": "0.4"}) as video:
        stream = video.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"g": "10", "tune": "zerolatency"}
        for level in range(25):
            image = np.full((48, 64, 3), level * 8, np.uint8)
            video.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        video.mux(stream.encode())
    handler = functools.partial(QuietFiles, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/live.m3u8"
        server.shutdown()


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_a_recording_over_hls_plays_at_its_own_speed_and_ends(playlist: str) -> None:
    count = Count()
    start_s = time.monotonic()
    frames = list(source_of(playlist, count))
    assert [frame.index for frame in frames] == list(range(25))
    assert {frame.clock for frame in frames} == {"receive"}
    assert frames[-1].time_s - frames[0].time_s > 0.6
    assert time.monotonic() - start_s >= 24 / 25
    assert count.states == [SourceState.CONNECTING, SourceState.STREAMING]
    assert count.drops == Counter()


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[str]:
    """Thirty images over HTTP, a key frame each tenth; the fifth and the last but three lack one of their slices."""
    soft = cv2.resize(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8), (160, 120))
    with av.open(str(tmp_path / "damaged.mkv"), "w") as video:
        stream = video.add_stream("libx264", rate=100)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.options = {"tune": "zerolatency", "x264-params": "keyint=10:min-keyint=10:scenecut=0:slices=4"}
        for index in range(30):
            image = np.roll(soft, 3 * index, axis=1).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")):
                video.mux(without_a_slice(packet) if index in (4, 26) else packet)
    handler = functools.partial(QuietFiles, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/damaged.mkv"
        server.shutdown()


def without_a_slice(packet: "Packet[VideoStream]") -> "Packet[Any]":
    """The same packet as if the network had lost its second slice."""
    start = b"\0\0\1"
    units = bytes(packet).split(start)
    rest = Packet(start.join(units[:-3] + units[-2:]))
    rest.pts, rest.dts, rest.time_base, rest.stream = packet.pts, packet.dts, packet.time_base, packet.stream
    return rest


def test_images_that_lost_packets_smear_are_dropped_up_to_a_whole_key_frame_and_counted(damaged: str) -> None:
    count = Count(most_retries=1)
    indices = [frame.index for frame in source_of(damaged, count)]
    assert indices == [*range(4), *range(10, 26)]
    assert count.drops == {DropCause.CORRUPT: 10}
