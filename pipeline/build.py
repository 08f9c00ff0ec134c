"""From a configuration to objects: the only place that chooses implementations."""

import time
import uuid
from dataclasses import replace
from pathlib import Path
from random import Random

from detectors.detector import Detector
from detectors.tiling import TilingDetector
from pipeline.config import (
    ByteTrackConfig,
    CameraConfig,
    ColourStripesConfig,
    ComputeConfig,
    HogConfig,
    NetworkConfig,
    OcSortConfig,
    PipelineConfig,
    UltralyticsConfig,
    YoloxConfig,
)
from pipeline.config_errors import ConfigError
from pipeline.matching.calibration import Calibration, read_calibration
from pipeline.matching.policy import USUAL_THRESHOLD, MatchParams
from pipeline.model_zoo import find_artefact
from pipeline.sources.source import FrameSource, SourceListener, Unheard, kind_of, run_id
from reid_models.encoder import Encoder
from trackers.tracker import Tracker

USUAL_RATE = 25.0
"""Images a second of a folder, where the configuration does not say."""


def build_detector(config: PipelineConfig) -> Detector:
    """The detector of a configuration; imports only what it needs."""
    compute = config.compute
    match config.detector:
        case YoloxConfig(model=model, params=params):
            from detectors.yolox import YoloxDetector
            from reid_runtime.load import load_session

            session = load_session(find_artefact(model), provider=compute.provider, threads=compute.threads)
            return YoloxDetector(session, replace(params, max_batch=compute.images_at_once))
        case HogConfig(params=hog):
            from detectors.hog import HogDetector

            return HogDetector(hog)
        case UltralyticsConfig(model=weights, params=ultralytics):
            from detectors.ultralytics_yolo import UltralyticsDetector

            return UltralyticsDetector(weights, ultralytics)


def needed_libraries(config: PipelineConfig) -> list[str]:
    """The modules that a configuration wants, of those that only an extra brings."""
    detector, encoder = config.detector, config.encoder
    runs_networks = isinstance(detector, YoloxConfig) or isinstance(encoder, NetworkConfig)
    wanted = {
        "ultralytics": isinstance(detector, UltralyticsConfig),
        "onnxruntime": runs_networks,
        "tensorrt": runs_networks and config.compute.provider == "tensorrt",
    }
    return [module for module, is_wanted in wanted.items() if is_wanted]


def tile_detector(detector: Detector, camera: CameraConfig) -> Detector:
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


def build_encoder(chosen: NetworkConfig | ColourStripesConfig, compute: ComputeConfig) -> tuple[Encoder, float]:
    """The encoder of a configuration, and the threshold that it suggests where nothing is calibrated."""
    match chosen:
        case ColourStripesConfig(frames=frames):
            from reid_models.colour_stripes import SUGGESTED_THRESHOLD, ColourStripesEncoder

            return ColourStripesEncoder(frames=frames), SUGGESTED_THRESHOLD
        case NetworkConfig(model=model, frames=frames):
            return _network_encoder(find_artefact(model), frames, compute)


def _network_encoder(path: Path, frames: int, compute: ComputeConfig) -> tuple[Encoder, float]:
    from reid_runtime.load import load_session

    session = load_session(path, provider=compute.provider, threads=compute.threads)
    batch = compute.clips_at_once
    suggested = session.card.threshold
    threshold = USUAL_THRESHOLD if suggested is None else suggested
    if session.card.clip is not None:
        from reid_models.clip_encoder import ClipEncoder

        return ClipEncoder(session, max_batch=batch), threshold
    from reid_models.crop_encoder import CropEncoder

    return CropEncoder(session, frames=frames, max_batch=batch), threshold


def build_policy(config: PipelineConfig, model_id: str, suggested: float) -> tuple[MatchParams, Calibration | None]:
    """How similar is similar enough; a calibration of another model than `model_id` is refused."""
    matching = config.matching
    params = matching.params
    if params.threshold is None:
        params = replace(params, threshold=suggested)
    if matching.calibration is None:
        return params, None
    return params, read_calibration(matching.calibration, model_id=model_id)


def build_source(camera: CameraConfig, listener: SourceListener, *, prefetches: bool) -> FrameSource:
    """The frames of a camera: every one of a file, the newest ones of a live stream.

    Args:
        camera: which.
        listener: hears of states and drops.
        prefetches: decode a recording in a thread of its own. That saves time where a core is left for it; else it
            costs some, because threads wait for each other.
    """
    source = _bare_source(camera, listener, prefetches=prefetches)
    if camera.max_fps is None:
        return source
    from pipeline.sources.pacing import RateLimit

    return RateLimit(source, camera.max_fps, listener=listener)


def _bare_source(camera: CameraConfig, listener: SourceListener, *, prefetches: bool) -> FrameSource:
    address = camera.source.get_secret_value()
    if kind_of(address) == "stream":
        return _live_source(camera, address, listener)
    from pipeline.sources.pacing import Prefetch

    recording = _recording(camera, Path(address), listener)
    return Prefetch(recording) if prefetches else recording


def _recording(camera: CameraConfig, path: Path, listener: SourceListener) -> FrameSource:
    from pipeline.sources.files import FileSource
    from pipeline.sources.folders import FolderSource

    starts_at_s = camera.starts_at.timestamp() if camera.starts_at else 0.0
    if path.is_dir():
        rate = camera.frame_rate or USUAL_RATE
        return FolderSource(camera.name, path, starts_at_s=starts_at_s, frame_rate=rate, listener=listener)
    return FileSource(camera.name, path, starts_at_s=starts_at_s, frame_rate=camera.frame_rate, listener=listener)


def _live_source(camera: CameraConfig, address: str, listener: SourceListener) -> FrameSource:
    from pipeline.sources.pacing import DropOldest
    from pipeline.sources.streams import StreamSource

    try:
        stream = StreamSource(camera.name, address, camera.stream, random=Random(), listener=listener)
    except ValueError as error:
        raise ConfigError(f"camera {camera.name}: {error}") from error
    return DropOldest(stream, listener=listener)


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
    from pipeline.sources.files import FileSource
    from pipeline.sources.folders import FolderSource

    match kind_of(address):
        case "file":
            return FileSource(camera.name, path).length()
        case "folder":
            return FolderSource(camera.name, path, frame_rate=USUAL_RATE).length()
        case "stream":
            _live_source(camera, address, Unheard())
    return None
