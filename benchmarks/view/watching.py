"""What it costs a pipeline of 16 cameras to be looked at, and to be ready for it while nobody looks.

    python -m benchmarks.view.watching [--cameras 16] [--frames 40] [--rounds 3]

Runs PETS2009 S2.L1, views 1 and 6 by turns, of the folder PASSERBY_SHARED (by default ../shared), with the networks
that come along, as `reid-pipeline run` does: without a view; with one that nobody opens; and with a wall of all cameras
open, in a process of its own, which fetches every frame that it is told of. They take turns; each ratio is that of a
round. Exits with 1 where watching costs a tenth of the frames per second or more.
"""

import argparse
import http.client
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Literal

from benchmarks.speed.pipeline_parts import beginning, pets, views
from detectors.tiling import TilingParams
from pipeline.config import NetworkConfig, NetworkDetectorConfig, PipelineConfig
from pipeline.config_view import ViewConfig
from pipeline.deployment.deployment import Deployment
from pipeline.events.fanout import FanoutSink
from pipeline.events.memory import MemorySink
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.telemetry.summary import StatusReader
from pipeline.view.alike import VectorShelf
from pipeline.view.run_site import BookSink, MemoryDesk, RunSite
from pipeline.view.server import ViewServer
from pipeline.view.viewed import card_of

LEAST = 0.9
SHIPPED = {
    "detector": NetworkDetectorConfig(model="passerby-detector"),
    "encoder": NetworkConfig(model="passerby-encoder"),
}
Way = Literal["without", "unwatched", "watched"]
WAYS: tuple[Way, ...] = ("without", "unwatched", "watched")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--frames", type=int, default=40, help="of each camera")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    keep_to_one_thread()
    if missing := [video for video in views() if not video.is_file()]:
        sys.exit(f"{missing[0]}: expected a video, found no such file: set PASSERBY_SHARED to the folder of real data")
    found: dict[Way, list[float]] = {way: [] for way in WAYS}
    fetched = 0
    with tempfile.TemporaryDirectory() as folder:
        videos = [beginning(video, asked.frames, Path(folder)) for video in views()]
        config = pets(asked.cameras, videos, TilingParams()).model_copy(update=SHIPPED)
        for _ in range(asked.rounds):
            for way in WAYS:
                rate, frames = run(config, way, Path(folder))
                found[way].append(rate)
                fetched += frames
    for way in WAYS:
        print(f"{way}: {statistics.median(found[way]):.1f} frames/s of {asked.cameras} cameras")
    unwatched, watched = (ratio(found, way) for way in ("unwatched", "watched"))
    print(f"beside a run without: unwatched {unwatched:.2f}, watched {watched:.2f} ({fetched} frames were fetched)")
    return int(watched < LEAST)


def ratio(found: dict[Way, list[float]], way: Way) -> float:
    return statistics.median(a / b for a, b in zip(found[way], found["without"], strict=True))


def run(config: PipelineConfig, way: Way, folder: Path) -> tuple[float, int]:
    """Frames per second of all cameras, and how many frames were fetched."""
    config = config.model_copy(
        update={
            "view": ViewConfig(port=0, images=True),
            "output": config.output.model_copy(update={"directory": folder / "out"}),
        }
    )
    with ExitStack() as stack:
        desk = MemoryDesk() if way != "without" else None
        deployment = stack.enter_context(Deployment(config, desk=desk))
        shelf = VectorShelf()
        site = RunSite(card_of(config), desk, shelf, StatusReader(deployment.health, deployment.registry).read)
        sinks = FanoutSink([MemorySink(), BookSink(site.book)])
        supervisor = deployment.connect(sinks, observers=[shelf.observe])
        counted = stack.enter_context(_watched(site, config)) if way == "watched" else None
        if way == "unwatched":
            stack.enter_context(ViewServer(site, config.view))
        started_s = time.perf_counter()
        assert supervisor.run() == {}
        took_s = time.perf_counter() - started_s
        frames = sum(deployment.frames(camera.name) for camera in config.cameras)
        return frames / took_s, counted.value if counted else 0


class _watched:  # noqa: N801 - a context
    """A wall that is open in another process.

    Attributes:
        value: frames that it fetched, once it is closed.
    """

    def __init__(self, site: RunSite, config: PipelineConfig) -> None:
        self._server = ViewServer(site, config.view)
        context = multiprocessing.get_context("spawn")
        self._is_over = context.Event()
        self._is_open = context.Event()
        self._count = context.Value("i", 0)
        names = [camera.name for camera in config.cameras]
        arguments = (self._server.port, names, self._is_open, self._is_over, self._count)
        self._process = context.Process(target=watch, args=arguments, daemon=True)

    @property
    def value(self) -> int:
        return int(self._count.value)

    def __enter__(self) -> "_watched":
        self._process.start()
        self._is_open.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._server.close()
        self._process.join(10)


def watch(port: int, cameras: list[str], is_open: Event, is_over: Event, count) -> None:  # type: ignore[no-untyped-def]
    """As the page does: listens, and fetches each frame that it is told of."""
    stream = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    stream.request("GET", f"/api/v1/stream?frames={','.join(cameras)}")
    lines = stream.getresponse()
    images = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    is_open.set()
    with suppress(OSError, http.client.HTTPException):  # the run is over first
        fetch_frames(lines, images, is_over, count)


def fetch_frames(lines, images, is_over: Event, count) -> None:  # type: ignore[no-untyped-def]
    kind = b""
    while not is_over.is_set() and (line := lines.readline()):
        if line.startswith(b"event: "):
            kind = line.split()[1]
        elif line.startswith(b"data: ") and kind == b"frame":
            frame = json.loads(line[6:])
            images.request("GET", f"/api/v1/cameras/{frame['camera']}/frame.jpg?name={frame['name']}")
            answer = images.getresponse()
            count.value += bool(answer.read()) and answer.status == 200


if __name__ == "__main__":
    sys.exit(main())
