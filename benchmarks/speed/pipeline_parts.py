"""One process as `pipeline.deployment.local.Process` joins it, with sources and networks of one's choice."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import av
from pydantic import SecretStr

from detectors.detector import Detector
from detectors.tiling import TilingParams
from pipeline.build import build_policy, build_tracker, tile_detector
from pipeline.config import CameraConfig, PipelineConfig
from pipeline.deployment.local import Watcher
from pipeline.deployment.supervisor import CameraRun, SupervisedCamera, Supervisor
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher, WindowOutcome
from pipeline.matching.memory import MemoryGallery
from pipeline.ordering.channel import Channel
from pipeline.output.mot_files import tracks_path
from pipeline.records import EmbeddedWindow, Tracklet, Window
from pipeline.sources.source import FrameSource
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import EncodeCounter, MatchCounter, StepCounter, TrackRecorder
from pipeline.tracking.camera_loop import CameraLoop
from pipeline.tracking.encode_loop import EncodeLoop
from pipeline.tracking.tracklets import TrackletBuffer
from reid_models.encoder import Encoder
from testing.paths import SHARED

VIEWS = ("View_001.mp4", "View_006.mp4")
FRAME_RATE = 7.0
"""The true rate of PETS2009 S2.L1, frames per second; its containers say 30."""
RUN = "benchmark"


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a run is made of.

    Attributes:
        detector, encoder: shared by all cameras, as in a process.
        threshold: what the encoder suggests.
        sources: one for each camera of the configuration, by name.
        watchers: of each camera, beside the usual counters.
        on_window: hears of each window once it is decided.
        metrics: what is counted.
    """

    detector: Detector
    encoder: Encoder
    threshold: float
    sources: Mapping[str, FrameSource]
    watchers: Mapping[str, Sequence[Watcher]] = field(default_factory=dict)
    on_window: Callable[[EmbeddedWindow], None] | None = None
    metrics: Metrics = field(default_factory=Metrics)


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


def supervise(config: PipelineConfig, parts: Parts, owned: ExitStack, folder: Path) -> Supervisor:
    """What runs the parts, as a user's run: events and tracks go to `folder`, everything is counted.

    Args:
        config: of the run.
        parts: used once.
        owned: closes the files.
        folder: where they are written.
    """
    channel = Channel[Tracklet, Window]([camera.name for camera in config.cameras], Window, is_live=False)
    gallery = MemoryGallery(owned.enter_context(JsonLinesSink(folder / "events.jsonl")), config.matching.retention)
    counter = MatchCounter(parts.metrics, lambda: len(gallery.known()))

    def watch(window: EmbeddedWindow, outcome: WindowOutcome, took_s: float) -> None:
        counter(window, outcome, took_s)
        if parts.on_window:
            parts.on_window(window)

    policy = build_policy(config, parts.encoder.model_id, parts.threshold)
    matcher = Matcher(gallery, config.site, *policy, config.matching.merge_split)
    return Supervisor(
        [_camera(config, camera, parts, channel, owned, folder) for camera in config.cameras],
        channel,
        EncodeLoop(parts.encoder, watch=EncodeCounter(parts.metrics)),
        partial(run_identity_loop, matcher=matcher, watch=watch),
    )


def _camera(
    config: PipelineConfig,
    camera: CameraConfig,
    parts: Parts,
    channel: Channel[Tracklet, Window],
    owned: ExitStack,
    folder: Path,
) -> SupervisedCamera:
    name = camera.name
    recorder = TrackRecorder(tracks_path(folder, name))
    owned.callback(recorder.close)

    def start() -> CameraRun:
        buffer = TrackletBuffer(name, RUN, parts.encoder.clip, config.tracklets)
        loop = CameraLoop(
            parts.sources[name],
            tile_detector(parts.detector, camera),
            build_tracker(config),
            buffer,
            channel.lane(name),
            watchers=[StepCounter(parts.metrics, name, buffer), recorder, *parts.watchers.get(name, ())],
            in_chunks=True,
        )
        return CameraRun(loop, parts.sources[name])

    return SupervisedCamera(name, False, start)
