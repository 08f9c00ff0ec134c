"""What is joined into windows is the same however it comes: from threads, from processes, or through a stream."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from passerby_events.tracks import TrackKey
from pipeline.ordering.channel import Channel, OrderParams
from pipeline.records import EmbeddedWindow, Embedding, StreamEntry, TrackEnd
from pipeline.store.embedding_messages import EmbeddingMessage, messages_of
from pipeline.store.window_join import WindowJoin

CAMERAS = ("door", "hall", "yard")
WINDOW_S = 0.5
Described = list[tuple[float, list[str], list[str]]]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What one frame of a camera led to."""

    time_s: float
    embeddings: tuple[Embedding, ...]
    ended: tuple[TrackEnd, ...]


Scene = Mapping[str, Sequence[Frame]]


def scene(seed: int) -> Scene:
    """Three cameras of different frame rates, one of which ends early; some of what is cut is cut at one time."""
    rng = random.Random(seed)
    return {
        camera: [frame(rng, camera, i / rate) for i in range(int(rate * seconds))]
        for camera, rate, seconds in zip(CAMERAS, (4.0, 10.0, 7.0), (12.0, 5.0, 12.0), strict=True)
    }


def frame(rng: random.Random, camera: str, time_s: float) -> Frame:
    embeddings = [
        embedding(camera, rng.randrange(9), rng.randrange(3), time_s) for _ in range(rng.choice((0, 0, 1, 3)))
    ]
    ended = [TrackEnd(TrackKey(camera, "r", rng.randrange(9)), time_s, 0.0, time_s, "container")] * rng.choice(
        (0, 0, 1)
    )
    return Frame(time_s, tuple(embeddings), tuple(ended))


def embedding(camera: str, track: int, number: int, cut_s: float) -> Embedding:
    key = TrackKey(camera, "r", track)
    return Embedding(
        key, number, cut_s, "container", 0.0, cut_s, 1.0, np.zeros(4, np.float32), np.ones(1, np.float32), "m@1"
    )


def describe(windows: Sequence[EmbeddedWindow]) -> Described:
    return [
        (
            w.end_s,
            [f"{e.track} {e.tracklet_index} {e.cut_s}" for e in w.embeddings],
            [f"{e.track} {e.cut_s}" for e in w.ended],
        )
        for w in windows
        if w.embeddings or w.ended
    ]


def channel(cameras: Sequence[str], *, emits_empty_windows: bool = False) -> Channel[Embedding, EmbeddedWindow]:
    params = OrderParams(window_s=WINDOW_S, lead_s=2 * WINDOW_S)
    return Channel(cameras, EmbeddedWindow, params, is_live=False, emits_empty_windows=emits_empty_windows)


def play(into: Channel[Embedding, EmbeddedWindow], camera: str, frames: Sequence[Frame]) -> None:
    lane = into.lane(camera)
    for each in frames:
        lane.put(each.embeddings, each.ended)
        lane.emit_watermark(each.time_s)
    lane.close()


def through_threads(cameras: Scene, *, emits_empty_windows: bool = False) -> list[EmbeddedWindow]:
    """All cameras in one process."""
    joined = channel(list(cameras), emits_empty_windows=emits_empty_windows)
    with ThreadPoolExecutor() as pool:
        for camera, frames in cameras.items():
            pool.submit(play, joined, camera, frames)
        return list(joined)


def windows_of_each(cameras: Scene) -> dict[str, list[EmbeddedWindow]]:
    """What a process of each camera hands on, empty windows included."""
    return {camera: through_threads({camera: frames}, emits_empty_windows=True) for camera, frames in cameras.items()}


def through_processes(cameras: Scene) -> list[EmbeddedWindow]:
    """A process of each camera, whose windows are joined again."""
    of_each = windows_of_each(cameras)
    frames = {
        camera: [Frame(window.end_s, window.embeddings, window.ended) for window in windows]
        for camera, windows in of_each.items()
    }
    return through_threads(frames)


def through_a_stream(cameras: Scene, rng: random.Random) -> list[EmbeddedWindow]:
    """A worker of each camera, whose messages arrive in an order drawn at random; windows are taken as they come."""
    to_come = {camera: messages(camera, windows) for camera, windows in windows_of_each(cameras).items()}
    join = WindowJoin(CAMERAS, window_s=WINDOW_S, is_live=False, idle_after_s=math.inf, decided_until_s=None, now_s=0.0)
    found: list[EmbeddedWindow] = []
    while to_come:
        worker = rng.choice(list(to_come))
        message = next(to_come[worker], None)
        if message is None:
            del to_come[worker]
            continue
        join.add(StreamEntry(b"1-0", worker), message, 0.0)
        while taken := join.take(0.0):
            found.append(taken)
    assert join.is_done
    return found


def messages(camera: str, windows: Sequence[EmbeddedWindow]) -> Iterator[EmbeddingMessage]:
    for window in windows:
        yield from messages_of(window, camera, (camera,))
    yield EmbeddingMessage(camera, (camera,), "closed")


@pytest.mark.parametrize("seed", range(8))
def test_the_same_is_in_the_same_windows_through_threads_processes_and_a_stream(seed: int) -> None:
    cameras = scene(seed)
    expected = describe(through_threads(cameras))
    assert sum(len(embeddings) for _, embeddings, _ in expected) == sum(
        len(each.embeddings) for frames in cameras.values() for each in frames
    )
    assert describe(through_processes(cameras)) == expected
    assert describe(through_a_stream(cameras, random.Random(seed))) == expected
