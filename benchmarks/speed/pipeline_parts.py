"""A run as `reid-pipeline run` joins it, with sources and networks of one's choice."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path

import av
from pydantic import SecretStr

from detectors.tiling import TilingParams
from pipeline.build import Stages, build_policy, read_encoder_card
from pipeline.config import CameraConfig, OutputConfig, PipelineConfig
from pipeline.deployment.local import Process
from pipeline.deployment.recorders import open_recorders
from pipeline.deployment.supervisor import Supervisor
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.matching.identity_loop import DecidedWindow, run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import MatchCounter
from pipeline.tracking.camera_loop import CameraObserver
from testing.paths import SHARED

VIEWS = ("View_001.mp4", "View_006.mp4")
FRAME_RATE = 7.0
"""The true rate of PETS2009 S2.L1, frames per second; its containers say 30."""


def pets(cameras: int, videos: Sequence[Path] | None = None, tiles: TilingParams | None = None) -> PipelineConfig:
    """So many cameras that see view 1 and view 6 by turns, or other videos in their place."""
    seen = videos or views()
    return PipelineConfig(
        cameras=tuple(
            CameraConfig(
                name=f"camera{i}",
                source=SecretStr(str(seen[i % len(seen)])),
                frame_rate=FRAME_RATE,
                tiles=tiles or TilingParams(),
            )
            for i in range(cameras)
        )
    )


def views() -> list[Path]:
    """The two videos; they lie in PASSERBY_SHARED (by default ../shared)."""
    folder = SHARED / "data/multicam/pets2009_s2l1"
    return [folder / name for name in VIEWS]


def beginning(video: Path, frames: int, folder: Path) -> Path:
    """The first frames of a video, as they were encoded, in a file of their own."""
    short = folder / video.name
    with av.open(str(video)) as source, av.open(str(short), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in islice(source.demux(video=0), frames):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return short


def video_of(camera: CameraConfig) -> Path:
    return Path(camera.source.get_secret_value())


def supervise(
    config: PipelineConfig,
    stages: Stages,
    owned: ExitStack,
    folder: Path,
    *,
    observers: Mapping[str, Sequence[CameraObserver]] | None = None,
    window_observers: Sequence[Callable[[DecidedWindow], None]] = (),
    metrics: Metrics | None = None,
) -> Supervisor:
    """What runs the stages, as a user's run: events and tracks go to `folder`, everything is counted.

    Args:
        config: of the run.
        stages: used once.
        owned: closes the files.
        folder: where they are written.
        observers: of each camera, beside the usual ones.
        window_observers: are told of each window once it is decided.
        metrics: what is counted.
    """
    config = config.model_copy(update={"output": OutputConfig(directory=folder)})
    metrics = metrics or Metrics()
    gallery = MemoryGallery(owned.enter_context(JsonLinesSink(folder / "events.jsonl")), config.matching.retention)
    counter = MatchCounter(metrics, gallery.known)

    def open_observers() -> dict[str, list[CameraObserver]]:
        recorders = open_recorders(config, owned)
        return {name: [*recorders[name], *(observers or {}).get(name, ())] for name in recorders}

    def observe(decided: DecidedWindow) -> None:
        counter(decided)
        for observer in window_observers:
            observer(decided)

    policy = build_policy(config, read_encoder_card(config.encoder))
    matcher = Matcher(gallery, config.site, *policy, config.matching.merge_split, config.matching.adaptation)
    process = Process(config, stages, metrics, Health(), open_observers=open_observers)
    return process.supervisor(partial(run_identity_loop, matcher=matcher, observers=[observe]))
