"""What holds for every source of frames."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from random import Random

import av
import cv2
import numpy as np
import pytest

from pipeline.records import Frame
from pipeline.sources.files import FileSource
from pipeline.sources.folders import FolderSource
from pipeline.sources.pacing import Chunks, DropOldest, Prefetch, RateLimit
from pipeline.sources.simulated import SimulatedSource
from pipeline.sources.source import ChunkSource, FrameSource
from pipeline.sources.streams import StreamSource
from testing.simulation.capsule import capsule_man
from testing.simulation.room import ROOM, scenario

PATIENCE_S = 10.0
FRAMES = 20
Make = Callable[[Path, ExitStack], FrameSource]


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def write_video(path: Path) -> Path:
    with av.open(str(path), "w") as video:
        stream = video.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(FRAMES):
            video.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
        video.mux(stream.encode())
    return path


def video(folder: Path, _: ExitStack) -> FrameSource:
    return FileSource("door", write_video(folder / "video.mp4"))


def images(folder: Path, _: ExitStack) -> FrameSource:
    for index in range(FRAMES):
        cv2.imwrite(str(folder / f"{index}.png"), np.zeros((48, 64, 3), np.uint8))
    return FolderSource("door", folder, frame_rate=25)


def stream(folder: Path, stack: ExitStack) -> FrameSource:
    write_video(folder / "video.m3u8")
    files = functools.partial(QuietFiles, directory=str(folder))
    server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), files))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
    return StreamSource("door", f"http://127.0.0.1:{server.server_port}/video.m3u8", random=Random(0))


def simulated(_: Path, __: ExitStack) -> FrameSource:
    small = {"name": "door", "width": 64, "height": 48}
    door = ROOM.cameras[0].model_copy(update=small)
    return SimulatedSource(door.camera(seed=0), ROOM, scenario(), capsule_man)


class OneByOne:
    """The frames of chunks: what holds for frames holds for them, but for the rest of a chunk that was begun."""

    def __init__(self, source: ChunkSource) -> None:
        self._source = source
        self._is_closed = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        for chunk in self._source:
            for frame in chunk:
                if self._is_closed.is_set():
                    return
                yield frame

    def close(self) -> None:
        self._is_closed.set()
        self._source.close()


SOURCES: dict[str, Make] = {
    "video": video,
    "images": images,
    "stream": stream,
    "simulated": simulated,
    "newest of a stream": lambda folder, stack: DropOldest(stream(folder, stack)),
    "a video in chunks": lambda folder, stack: OneByOne(Chunks(video(folder, stack))),
    "a video prefetched": lambda folder, stack: OneByOne(Prefetch(Chunks(video(folder, stack)))),
    "a video at a limited rate": lambda folder, stack: RateLimit(video(folder, stack), 5),
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FrameSource]:
    with ExitStack() as stack:
        yield SOURCES[request.param](tmp_path, stack)


def test_frames_come_in_order_with_increasing_times(source: FrameSource) -> None:
    frames = list(source)
    assert frames
    assert all(a.index < b.index and a.time_s < b.time_s for a, b in pairwise(frames))
    assert frames[-1].index < FRAMES
    for frame in frames:
        assert frame.camera == "door"
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous


def test_a_source_closed_before_it_began_has_no_frames(source: FrameSource) -> None:
    source.close()
    source.close()
    assert list(source) == []


def test_closing_from_another_thread_ends_the_iteration(source: FrameSource) -> None:
    frames = iter(source)
    next(frames)
    other = threading.Thread(target=source.close)
    other.start()
    other.join(PATIENCE_S)
    assert not other.is_alive()
    assert list(frames) == []
