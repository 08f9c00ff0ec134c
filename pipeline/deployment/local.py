"""The cameras of a configuration in this process: sources, detector, trackers and encoder, built and joined."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext
from typing import Self

from prometheus_client import CollectorRegistry

from detectors.batching import BatchingDetector
from detectors.detector import Detector
from pipeline.build import build_detector, build_source, build_tracker, run_of, tile_detector
from pipeline.config import CameraConfig, PipelineConfig
from pipeline.deployment.supervisor import CameraRun, SupervisedCamera, Supervisor
from pipeline.ordering.channel import Channel, Lane
from pipeline.output.mot_files import tracks_path
from pipeline.output.thumbnails import Thumbnails
from pipeline.records import EmbeddedWindow, Tracklet, Window
from pipeline.scheduling.cpu_slots import CpuSlot
from pipeline.sources.source import SourceState
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import EncodeCounter, SourceCounter, StepCounter, TrackRecorder
from pipeline.tracking.camera_loop import CameraLoop, FrameStep
from pipeline.tracking.encode_loop import EncodeLoop
from pipeline.tracking.tracklets import TrackletBuffer
from reid_models.encoder import Encoder

Watcher = Callable[[FrameStep], None]


class Process:
    """Cameras that are ready to run: what this owns is closed with it."""

    def __init__(
        self,
        config: PipelineConfig,
        encoder: Encoder,
        metrics: Metrics,
        health: Health,
        *,
        prefetches: bool,
        emits_empty_windows: bool,
        cpu_slot: CpuSlot = nullcontext,
    ) -> None:
        """Loads the detector; nothing is written yet.

        Args:
            config: checked; all its cameras run here.
            encoder: as the configuration says.
            metrics, health: what is told.
            prefetches: see `build_source`.
            emits_empty_windows: hand on empty windows too, as who must say how far it is.
            cpu_slot: taken by who works with a network.

        Raises:
            ArtefactError: if the detector's network cannot be used.
        """
        self._config = config
        self._encoder = encoder
        self._metrics = metrics
        self._prefetches = prefetches
        self._cpu_slot = cpu_slot
        self._owned = ExitStack()
        self._detector = shared_detector(config, self._owned, metrics)
        self._listener = SourceCounter(metrics, health)
        self._channel: Channel[Tracklet, Window] = Channel(
            [camera.name for camera in config.cameras],
            Window,
            config.order,
            is_live=config.is_live,
            emits_empty_windows=emits_empty_windows,
            on_heartbeat=health.beat,
        )
        metrics.waiting.set_function(self._channel.waiting)

    @property
    def registry(self) -> CollectorRegistry:
        """All that is counted."""
        return self._metrics.registry

    def close(self) -> None:
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def supervisor(self, take: Callable[[Iterable[EmbeddedWindow]], None]) -> Supervisor:
        """What runs them, with windows of embeddings going to `take`."""
        return Supervisor(
            [self._camera(camera) for camera in self._config.cameras],
            self._channel,
            EncodeLoop(self._encoder, watch=EncodeCounter(self._metrics), cpu_slot=self._cpu_slot),
            take,
            on_restart=lambda camera: self._metrics.restarts.labels(camera=camera).inc(),
            on_end=lambda camera: self._listener.entered(camera, SourceState.ENDED, None),
        )

    def _camera(self, camera: CameraConfig) -> SupervisedCamera:
        lane, recorders = self._channel.lane(camera.name), self._recorders(camera)
        return SupervisedCamera(camera.name, camera.is_live, lambda: self._start(camera, lane, recorders))

    def _start(self, camera: CameraConfig, lane: Lane[Tracklet], recorders: Sequence[Watcher]) -> CameraRun:
        source = build_source(camera, self._listener, prefetches=self._prefetches)
        if not camera.is_live:
            self._listener.entered(camera.name, SourceState.STREAMING, None)
        buffer = TrackletBuffer(camera.name, run_of(camera), self._encoder.clip, self._config.tracklets)
        loop = CameraLoop(
            source,
            tile_detector(self._detector, camera),
            build_tracker(self._config),
            buffer,
            lane,
            region=camera.region,
            watchers=[StepCounter(self._metrics, camera.name, buffer), *recorders],
            in_chunks=not camera.is_live,
            cpu_slot=self._cpu_slot,
        )
        return CameraRun(loop, source)

    def _recorders(self, camera: CameraConfig) -> list[Watcher]:
        output = self._config.output
        recorders: list[Watcher] = []
        if not camera.is_live:
            recorder = TrackRecorder(tracks_path(output.directory, camera.name))
            self._owned.callback(recorder.close)
            recorders.append(recorder)
        if output.thumbnails:
            recorders.append(Thumbnails(output.directory / "thumbnails"))
        return recorders


def shared_detector(config: PipelineConfig, owned: ExitStack, metrics: Metrics) -> Detector:
    """The detector that all cameras of a process ask: where it runs on a GPU, their images go through together.

    Args:
        config: says which.
        owned: ends what it starts.
        metrics: hears of each batch.
    """
    compute, detector = config.compute, build_detector(config)
    batch = compute.images_at_once
    if batch == 1 or len(config.cameras) == 1:
        return detector
    return owned.enter_context(
        BatchingDetector(
            detector,
            max_batch=batch,
            wait_s=compute.detect_wait_s,
            callers=len(config.cameras),
            on_batch=metrics.detect_batch.observe,
        )
    )
