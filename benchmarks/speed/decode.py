"""Frames per second of `FileSource` beside bare PyAV that converts to RGB, on the same videos, runs interleaved.

    python -m benchmarks.speed.decode

The videos are those of the folder PASSERBY_SHARED (by default ../shared). The limit is what PyAV needs to decode and
convert with one converter for all frames; `to_ndarray` is how most code does it. All decode on one thread. Each figure
is the best of 5 runs.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import av
from av.video.reformatter import VideoReformatter

from pipeline.sources.files import FileSource
from testing.paths import SHARED

VIDEOS = (
    "multicam/pets2009_s2l1/View_001.mp4",
    "multicam/caesar_edge/cam1.mp4",
    "video/intel/one-by-one-person-detection.mp4",
    "video/omz_street/video.avi",
)
RUNS = 5
Read = Callable[[Path], int]


def main() -> None:
    folder = SHARED / "data"
    print("| video | FileSource, frames/s | PyAV, one converter | ratio | PyAV, to_ndarray | ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    for video in VIDEOS:
        ours, limit, usual = best_rates(folder / video, [read_source, read_with_one_converter, read_with_to_ndarray])
        print(f"| {video} | {ours:.0f} | {limit:.0f} | {ours / limit:.2f} | {usual:.0f} | {ours / usual:.2f} |")


def best_rates(video: Path, ways: list[Read]) -> list[float]:
    """Frames per second of each way: the best of its runs, which take turns with those of the others."""
    best = [0.0] * len(ways)
    for _ in range(RUNS):
        for way, read in enumerate(ways):
            start_s = time.perf_counter()
            frames = read(video)
            best[way] = max(best[way], frames / (time.perf_counter() - start_s))
    return best


def read_source(video: Path) -> int:
    return count(FileSource("door", video))


def read_with_one_converter(video: Path) -> int:
    converter = VideoReformatter()
    with av.open(str(video)) as container:
        container.streams.video[0].thread_type = "SLICE"
        return count(converter.reformat(frame, format="rgb24").to_ndarray() for frame in container.decode(video=0))


def read_with_to_ndarray(video: Path) -> int:
    with av.open(str(video)) as container:
        container.streams.video[0].thread_type = "SLICE"
        return count(frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))


def count(frames: Iterable[object]) -> int:
    return sum(1 for _ in frames)


if __name__ == "__main__":
    main()
