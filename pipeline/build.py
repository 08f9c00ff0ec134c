"""From a configuration to objects: the only place that chooses implementations."""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Self

from detectors.batching import BatchingDetector
from detectors.detector import Detector
from detectors.tiling import TilingDetector
from pipeline.camera_loop import CameraLoop, Step
from pipeline.channel import Channel, Lane
from pipeline.config import (
    ByteTrackConfig,
    CameraConfig,
    ComputeConfig,
    ConfigError,
    HogConfig,
    NetworkConfig,
    OcSortConfig,
    PipelineConfig,
    RedisConfig,
    StripesConfig,
    UltralyticsConfig,
    YoloxConfig,
)
from pipeline.embedding_stream import EmbeddingWriter
from pipeline.encode_loop import EncodeLoop
from pipeline.events.sink import EventSink
from pipeline.health import Health
from pipeline.identity_loop import run_identity_loop
from pipeline.matching.calibration import Calibration, read_calibration
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.policy import MatchParams
from pipeline.metrics import Metrics
from pipeline.models import find_artefact
from pipeline.mot_files import tracks_path
from pipeline.records import EmbeddedWindow
from pipeline.redis_store import SiteStore
from pipeline.site_matcher import SiteMatcherParams
from pipeline.sources import FrameSource, SourceListener, SourceState, Unheard, kind_of, run_id
from pipeline.supervisor import Camera, CameraRun, Supervisor
from pipeline.thumbnails import Thumbnails
from pipeline.tracklets import TrackletBuffer
from pipeline.watch import EncodeCounter, MatchCounter, SourceCounter, StepCounter, TrackRecorder
from reid_models.encoder import Encoder
from trackers.tracker import Tracker

Watcher = Callable[[Step], None]
USUAL_RATE = 25.0
"""Images a second of a folder, where the configuration does not say."""


class Process:
    """One process, built and ready to run: everything that it owns is closed with it.

    Attributes:
        metrics, health: what it tells of itself.
    """

    def __init__(
        self, config: PipelineConfig, *, watchers: Sequence[Watcher] = (), tells_progress: bool = False
    ) -> None:
        """Loads the networks; nothing is written yet.

        Args:
            config: checked.
            watchers: called after each frame, in the camera's thread.
            tells_progress: hand on empty windows too, as a worker does.

        Raises:
            ArtefactError: if a network cannot be used.
            CalibrationError: if the calibration cannot be used with the encoder.
        """
        self.metrics = Metrics()
        self.health = Health()
        self._config = config
        self._watchers = watchers
        self._owned = ExitStack()
        self._detector = self._build_detector()
        self._encoder, suggested = build_encoder(config.encoder, config.compute)
        self._params, self._calibration = build_policy(config, self._encoder.model_id, suggested)
        self._listener = SourceCounter(self.metrics, self.health)
        self._channel = Channel(
            [camera.name for camera in config.cameras],
            is_live=config.is_live,
            window_s=config.order.window_s,
            lead_s=config.order.lead_s,
            idle_after_s=config.order.idle_after_s,
            yields_empty=tells_progress,
            on_turn=self.health.turned,
        )
        self.metrics.waiting.set_function(self._channel.waiting)

    def close(self) -> None:
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self, sink: EventSink) -> Supervisor:
        """What runs it, with events going to `sink`, which stays the caller's."""
        gallery = MemoryGallery(sink, self._config.matching.retention)
        matcher = Matcher(
            gallery, self._config.site, self._params, self._calibration, self._config.matching.corrections
        )
        watch = MatchCounter(self.metrics, lambda: len(gallery.known()))
        return self.supervisor(partial(run_identity_loop, matcher=matcher, watch=watch))

    def connect_stream(self, store: SiteStore, limits: RedisConfig) -> Supervisor:
        """What runs it as a worker, with embeddings going into the stream of its site."""
        cameras = [camera.name for camera in self._config.cameras]
        writer = EmbeddingWriter(
            store,
            "+".join(sorted(cameras)),
            cameras,
            model_id=self._encoder.model_id,
            max_waiting=limits.max_waiting,
            patience_s=limits.patience_s,
            on_wait=self._waited,
        )
        return self.supervisor(writer.write_all)

    def supervisor(self, take: Callable[[Iterable[EmbeddedWindow]], None]) -> Supervisor:
        """What runs it, with windows of embeddings going to `take`."""
        return Supervisor(
            [self._camera(camera) for camera in self._config.cameras],
            self._channel,
            EncodeLoop(self._encoder, watch=EncodeCounter(self.metrics)),
            take,
            on_restart=lambda camera: self.metrics.restarts.labels(camera=camera).inc(),
            on_end=lambda camera: self._listener.entered(camera, SourceState.ENDED, None),
        )

    def _waited(self) -> None:
        """A process that waits for others is alive."""
        self.metrics.stream_waits.inc()
        self.health.turned()

    def _build_detector(self) -> Detector:
        compute = self._config.compute
        detector = build_detector(self._config)
        batch = compute.batch(compute.detect_batch, gpu=16)
        if batch == 1 or len(self._config.cameras) == 1:
            return detector
        return self._owned.enter_context(
            BatchingDetector(
                detector, max_batch=batch, wait_s=compute.detect_wait_s, on_batch=self.metrics.detect_batch.observe
            )
        )

    def _camera(self, camera: CameraConfig) -> Camera:
        lane, recorders = self._channel.lane(camera.name), self._recorders(camera)
        return Camera(camera.name, camera.is_live, lambda: self._start(camera, lane, recorders))

    def _start(self, camera: CameraConfig, lane: Lane, recorders: Sequence[Watcher]) -> CameraRun:
        source = build_source(camera, self._listener)
        if not camera.is_live:
            self._listener.entered(camera.name, SourceState.STREAMING, None)
        buffer = TrackletBuffer(camera.name, run_of(camera), self._encoder.clip, self._config.tracklets)
        loop = CameraLoop(
            source,
            tiled(self._detector, camera),
            build_tracker(self._config),
            buffer,
            lane,
            region=camera.region,
            watchers=[StepCounter(self.metrics, camera.name, buffer), *self._watchers, *recorders],
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


def build_detector(config: PipelineConfig) -> Detector:
    """The detector of a configuration; imports only what it needs."""
    compute = config.compute
    match config.detector:
        case YoloxConfig(model=model, params=params):
            from detectors.yolox import YoloxDetector
            from runtime.load import load_session

            session = load_session(find_artefact(model), provider=compute.provider, threads=compute.threads)
            return YoloxDetector(session, replace(params, max_batch=compute.batch(compute.detect_batch, gpu=16)))
        case HogConfig(params=hog):
            from detectors.hog import HogDetector

            return HogDetector(hog)
        case UltralyticsConfig(model=model, score=score, side_px=side_px, device=device):
            from detectors.ultralytics_yolo import UltralyticsDetector, UltralyticsParams

            return UltralyticsDetector(model, UltralyticsParams(score=score, side_px=side_px, device=device))


def tiled(detector: Detector, camera: CameraConfig) -> Detector:
    """The detector as one camera uses it."""
    if camera.tiles.columns * camera.tiles.rows == 1:
        return detector
    return TilingDetector(detector, camera.tiles)


def build_tracker(config: PipelineConfig) -> Tracker:
    """A new tracker; every start of a camera has its own."""
    match config.tracker:
        case ByteTrackConfig(params=params):
            from trackers.bytetrack import ByteTrack

            return ByteTrack(params)
        case OcSortConfig(params=params):
            from trackers.ocsort import OcSort

            return OcSort(params)


def build_encoder(chosen: NetworkConfig | StripesConfig, compute: ComputeConfig) -> tuple[Encoder, float]:
    """The encoder of a configuration, and the threshold that it suggests where nothing is calibrated."""
    match chosen:
        case StripesConfig(frames=frames):
            from reid_models.stripes import SUGGESTED_THRESHOLD, StripesEncoder

            return StripesEncoder(frames=frames), SUGGESTED_THRESHOLD
        case NetworkConfig(model=model, frames=frames):
            return _network_encoder(find_artefact(model), frames, compute)


def _network_encoder(path: Path, frames: int, compute: ComputeConfig) -> tuple[Encoder, float]:
    from runtime.load import load_session

    session = load_session(path, provider=compute.provider, threads=compute.threads)
    batch = compute.batch(compute.encode_batch, gpu=32)
    suggested = session.card.threshold
    threshold = MatchParams().threshold if suggested is None else suggested
    if session.card.clip is not None:
        from reid_models.clip_encoder import ClipEncoder

        return ClipEncoder(session, max_batch=batch), threshold
    from reid_models.crop_encoder import CropEncoder

    return CropEncoder(session, frames=frames, max_batch=batch), threshold


def site_matcher_params(config: PipelineConfig) -> SiteMatcherParams:
    """What a matcher process needs to know of a configuration."""
    return SiteMatcherParams(
        window_s=config.order.window_s,
        is_live=config.is_live,
        idle_after_s=config.order.idle_after_s,
        lease_s=config.redis.lease_s,
        max_outbox=config.redis.max_outbox,
        patience_s=config.redis.patience_s,
        delivery_patience_s=config.redis.delivery_patience_s,
    )


def build_policy(config: PipelineConfig, model_id: str, suggested: float) -> tuple[MatchParams, Calibration | None]:
    """How similar is similar enough; a calibration of another model than `model_id` is refused."""
    matching = config.matching
    params = MatchParams(
        threshold=suggested if matching.threshold is None else matching.threshold,
        same_camera_extra=matching.same_camera_extra,
        margin=matching.margin,
        hesitation=matching.hesitation,
        decide_after_parts=matching.decide_after_parts,
    )
    if matching.calibration is None:
        return params, None
    return params, read_calibration(matching.calibration, model_id=model_id)


def build_source(camera: CameraConfig, listener: SourceListener) -> FrameSource:
    """The frames of a camera: every one of a file, the newest ones of a live stream."""
    address = camera.source.get_secret_value()
    starts_at_s = camera.starts_at.timestamp() if camera.starts_at else 0.0
    match kind_of(address):
        case "file":
            from pipeline.pacing import Ahead
            from pipeline.video_files import FileSource

            source: FrameSource = Ahead(
                FileSource(camera.name, Path(address), starts_at_s=starts_at_s, frame_rate=camera.frame_rate)
            )
        case "folder":
            from pipeline.pacing import Ahead
            from pipeline.video_files import FolderSource

            rate = camera.frame_rate or USUAL_RATE
            source = Ahead(FolderSource(camera.name, Path(address), starts_at_s=starts_at_s, frame_rate=rate))
        case "stream":
            source = _live_source(camera, address, listener)
    if camera.max_fps is None:
        return source
    from pipeline.pacing import Throttled

    return Throttled(source, camera.max_fps, listener=listener)


def _live_source(camera: CameraConfig, address: str, listener: SourceListener) -> FrameSource:
    from pipeline.pacing import Newest
    from pipeline.streams import StreamSource

    try:
        stream = StreamSource(
            camera.name,
            address,
            random=Random(),
            transport=camera.transport,
            open_timeout_s=camera.open_timeout_s,
            read_timeout_s=camera.read_timeout_s,
            listener=listener,
        )
    except ValueError as error:
        raise ConfigError(f"camera {camera.name}: {error}") from error
    return Newest(stream, listener=listener)


def run_of(camera: CameraConfig) -> str:
    """Names one start of a camera: by its content for a recording, so that it is the same every time; else drawn."""
    if camera.is_live:
        return f"{int(time.time()):x}{uuid.uuid4().hex[:4]}"
    return run_id(Path(camera.source.get_secret_value()))


def source_length(camera: CameraConfig) -> int | None:
    """Frames of a recording, after looking into it; None for a live stream, and where the container does not say.

    Raises:
        SourceError: if there is no such recording, or it is none.
        ConfigError: if the address is none that a stream can have.
    """
    address, path = camera.source.get_secret_value(), Path(camera.source.get_secret_value())
    from pipeline.video_files import FileSource, FolderSource

    match kind_of(address):
        case "file":
            return FileSource(camera.name, path).length()
        case "folder":
            return FolderSource(camera.name, path, frame_rate=USUAL_RATE).length()
        case "stream":
            _live_source(camera, address, Unheard())
    return None
