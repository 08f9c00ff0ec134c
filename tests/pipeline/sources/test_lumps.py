"""A real HLS server that hesitates, and whoever reads from it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from typing import cast

import av
import pytest

from pipeline.records import Frame
from pipeline.sources.decoding import Video, VideoPacket
from pipeline.sources.lumps import PACKET_BYTES, LumpyVideo, PacketBuffer
from pipeline.sources.pacing import DropOldest
from pipeline.sources.source import DropCause, FrameDropped, SourceChanged, SourceState
from pipeline.sources.streams import StreamSource
from testing.cameras.hls_server import FPS, LISTED, HlsCamera
from testing.waiting import until

HESITATES_FROM_S, HESITATES_FOR_S, GOES_ON_FOR_S = 4, 8, 8
OVER_S = LISTED + HESITATES_FROM_S + HESITATES_FOR_S
ENDS_S = OVER_S + GOES_ON_FOR_S


@pytest.fixture
def publish(tmp_path: Path) -> Iterator[Callable[[], HlsCamera]]:
    with ExitStack() as stack:

        def start() -> HlsCamera:
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            folder.mkdir()
            camera = HlsCamera(folder, seconds=ENDS_S + 2 * LISTED)
            stack.enter_context(camera.serve())
            return camera

        yield start


class Recorder:
    """What a source tells, and its frames with the age of the camera when they came."""

    def __init__(self, camera: HlsCamera) -> None:
        self._camera = camera
        self.states: list[SourceState] = []
        self.drops: Counter[DropCause] = Counter()
        self.frames: list[tuple[float, Frame]] = []

    def __call__(self, what: SourceChanged | FrameDropped) -> None:
        match what:
            case FrameDropped(cause=cause):
                self.drops[cause] += 1
            case SourceChanged(state=state):
                self.states.append(state)

    def record(self) -> None:
        stream = StreamSource("door", self._camera.url, random=Random(0), observers=[self])
        with closing(DropOldest(stream, observers=[self])) as source:
            for frame in source:
                self.frames.append((self._camera.age_s, frame))
                if self._camera.age_s > ENDS_S + LISTED:
                    return

    def positions(self) -> list[int]:
        """Of the frames that came after the hiccup: how many the camera had taken before."""
        return [frame.index + self._camera.asked[0] * FPS for age_s, frame in self.frames if age_s > OVER_S]


def read_bare(camera: HlsCamera, positions: list[int]) -> None:
    """As FFmpeg reads, which is as soon as a segment is there: where the frames after the hiccup lie."""
    with av.open(camera.url) as video:
        starts_s = None
        for frame in video.decode(video=0):
            starts_s = frame.time if starts_s is None else starts_s
            if camera.age_s > OVER_S:
                positions.append(round((frame.time - starts_s) * FPS) + camera.asked[0] * FPS)
            if camera.age_s > ENDS_S:
                return


@pytest.mark.slow
def test_after_a_hiccup_hls_is_at_the_live_edge_again_and_what_the_playlist_dropped_is_counted(
    publish: Callable[[], HlsCamera],
) -> None:
    camera, other = publish(), publish()
    for each in (camera, other):
        each.hesitate(HESITATES_FROM_S, HESITATES_FOR_S)
    recorder, bare_positions = Recorder(camera), list[int]()
    bare = threading.Thread(target=read_bare, args=(other, bare_positions))
    bare.start()
    recorder.record()
    bare.join()

    assert recorder.states == [SourceState.CONNECTING, SourceState.STREAMING]
    asked_later = [number for number in camera.asked if number > OVER_S]
    assert asked_later == list(range(OVER_S + 1, asked_later[-1] + 1))
    assert asked_later[-1] >= ENDS_S - 2
    positions = [position for position in recorder.positions() if position <= bare_positions[-1]]
    assert len(positions) >= 0.9 * len(bare_positions)

    never_asked = set(range(camera.asked[0], camera.asked[-1])) - set(camera.asked)
    assert recorder.drops[DropCause.MISSED] == pytest.approx(FPS * len(never_asked), abs=1)
    assert recorder.drops[DropCause.MISSED] > 3 * FPS
    _, last = recorder.frames[-1]
    assert last.index + 1 == len(recorder.frames) + sum(recorder.drops.values())
    assert recorder.positions()[-1] % 250 == pytest.approx(last.image.mean(), abs=2)


def test_who_is_slow_to_take_images_holds_up_no_segment(publish: Callable[[], HlsCamera]) -> None:
    camera = publish()
    with closing(Video(camera.url, "camera door")) as video, closing(LumpyVideo(video, 1.0).images()) as images:
        next(images)
        until(lambda: len(camera.asked) >= LISTED + 1, "a segment that was not listed yet is asked for")


@pytest.mark.parametrize("size", [100, 1, 0])
def test_a_full_buffer_holds_up_who_reads_until_it_is_emptied_or_closed(size: int) -> None:
    packet = cast(VideoPacket, av.Packet(size))
    buffer = PacketBuffer(2 * PACKET_BYTES + 2 * size)
    read = threading.Event()

    def fill() -> None:
        for _ in range(3):
            buffer.put(packet)
        read.set()
        while buffer.put(packet):
            pass
        buffer.finish()

    reader = threading.Thread(target=fill)
    reader.start()
    assert not read.wait(0.05)
    packets = iter(buffer)
    next(packets)
    assert read.wait(10)
    buffer.close()
    reader.join(10)
    assert not reader.is_alive()
