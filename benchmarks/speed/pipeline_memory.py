"""Memory of the whole pipeline over looped videos: a plot, and how fast it grows."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.speed.pipeline_parts import FRAME_RATE, pets, supervise, video_of
from pipeline.build import build_stages
from pipeline.config import MatchingConfig
from pipeline.deployment.supervisor import Supervisor
from pipeline.matching.memory import Retention
from pipeline.records import Frame, Image
from pipeline.sources.files import FileSource
from pipeline.sources.pacing import Chunks
from pipeline.telemetry.metrics import Metrics
from testing.paths import ROOT

PLOT = ROOT / "docs" / "memory.png"
CAMERAS = 2
KEEP_S = 60.0
"""Retention, so short that the gallery forgets as much as it learns within the run."""
SAMPLE_S = 1.0
WARM_UP = 0.5
"""Share of the run that the slope leaves out: allocators fill up first, in steps that become rarer."""
MIB = 1 << 20


class Looped:
    """One video over and over, at its own rate on the wall clock, while its time goes on. A `FrameSource`."""

    def __init__(self, camera: str, video: Path, *, frame_rate: float) -> None:
        self._camera = camera
        self._video = video
        self._frame_rate = frame_rate
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        started_s = time.monotonic()
        for index, image in enumerate(self._images()):
            time_s = index / self._frame_rate
            if self._closed.wait(max(0.0, started_s + time_s - time.monotonic())):
                return
            yield Frame(self._camera, index, time_s, "container", image)

    def close(self) -> None:
        self._closed.set()

    def _images(self) -> Iterator[Image]:
        while True:
            for frame in FileSource(self._camera, self._video):
                yield frame.image


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What was seen of a run.

    Attributes:
        minutes: (N,) since the start.
        resident_mib: (N,) memory of the process that is in RAM.
        tracks: (N,) tracks that the gallery remembered.
    """

    minutes: NDArray[np.float64]
    resident_mib: NDArray[np.float64]
    tracks: NDArray[np.float64]


def measure_memory(minutes: float, folder: Path) -> None:
    """Runs two cameras for so long, draws docs/memory.png, and prints how fast memory grows; events go to `folder`."""
    config = pets(CAMERAS).model_copy(update={"matching": MatchingConfig(retention=Retention(keep_s=KEEP_S))})
    metrics = Metrics()
    with ExitStack() as owned:
        stages = build_stages(config, owned)
        for camera in config.cameras:
            looped = Chunks(Looped(camera.name, video_of(camera), frame_rate=FRAME_RATE))
            stages.cameras[camera.name] = replace(stages.cameras[camera.name], source=looped)
        samples = sample(supervise(config, stages, owned, folder, metrics=metrics), metrics, 60 * minutes)
    slope, level = fit(samples)
    draw(samples, slope, level)
    names = [camera.name for camera in config.cameras]
    frames = sum(metrics.registry.get_sample_value("reid_frames_total", {"camera": name}) or 0 for name in names)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cores = (usage.ru_utime + usage.ru_stime) / (60 * minutes)
    print("| minutes | frames | cores used | MiB after warm-up | MiB at the end | largest | MiB per minute |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    resident = samples.resident_mib
    print(
        f"| {minutes:g} | {frames:.0f} | {cores:.2f} | {resident[int(WARM_UP * len(resident))]:.1f} | "
        f"{resident[-1]:.1f} | {resident.max():.1f} | {slope:+.3f} |"
    )


def sample(supervisor: Supervisor, metrics: Metrics, seconds: float) -> Samples:
    """Runs for so long, and looks at memory meanwhile."""
    rows: list[tuple[float, float, float]] = []

    def watch() -> None:
        started_s = time.monotonic()
        while (age_s := time.monotonic() - started_s) < seconds:
            tracks = sum(sample.value for of in metrics.gallery_tracks.collect() for sample in of.samples)
            rows.append((age_s / 60, resident_mib(), tracks))
            time.sleep(SAMPLE_S)
        supervisor.stop()

    watcher = threading.Thread(target=watch, name="memory")
    watcher.start()
    failed = supervisor.run()
    watcher.join()
    if failed:
        raise RuntimeError(f"expected every camera to run to the end, found {failed}")
    return Samples(*np.array(rows).T)


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def fit(samples: Samples) -> tuple[float, float]:
    """Slope in MiB per minute and level at the start, of the straight line through what came after the warm-up."""
    late = samples.minutes >= WARM_UP * samples.minutes[-1]
    slope, level = np.polyfit(samples.minutes[late], samples.resident_mib[late], 1)
    return float(slope), float(level)


def draw(samples: Samples, slope: float, level: float) -> None:
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(samples.minutes, samples.resident_mib, label="resident memory")
    late = samples.minutes[samples.minutes >= WARM_UP * samples.minutes[-1]]
    axes.plot(late, slope * late + level, "--", label=f"fit after the warm-up: {slope:+.3f} MiB per minute")
    axes.set(xlabel="minutes", ylabel="MiB", ylim=(0, 1.25 * samples.resident_mib.max()))
    beside = axes.twinx()
    beside.plot(samples.minutes, samples.tracks, color="grey", linewidth=0.8)
    beside.set(ylabel="tracks that the gallery remembers (grey)", ylim=(0, 3 * max(1.0, samples.tracks.max())))
    axes.set_title(f"{CAMERAS} cameras, looped video at {FRAME_RATE:g} frames/s, tracks remembered for {KEEP_S:g} s")
    axes.legend(loc="lower right")
    figure.savefig(PLOT, dpi=100)
