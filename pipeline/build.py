"""From a configuration to objects: the only place that chooses implementations."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from detectors.batching import BatchingDetector, DetectObserver
from detectors.detector import Detector
from detectors.tiling import TilingDetector
from pipeline.config import (
    ByteTrackConfig,
    CameraConfig,
    ColourStripesConfig,
    ComputeConfig,
    HogConfig,
    NetworkConfig,
    NetworkDetectorConfig,
    OcSortConfig,
    PipelineConfig,
    UltralyticsConfig,
)
from pipeline.config_errors import ConfigError
from pipeline.matching.calibration import Calibration, read_calibration
from pipeline.matching.policy import USUAL_THRESHOLD, MatchParams
from pipeline.model_zoo import find_artefact
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.source import CameraLook, ChunkSource, FrameSource, RecordedSource, SourceObserver, kind_of
from pipeline.tracking.camera_loop import require_region
from pipeline.tracking.masks import require_masks
from reid_models.attention import AttentionReader, attention_names
from reid_models.encoder import Encoder, EncoderCard, probe
from reid_runtime.card import ModelCard
from reid_runtime.session import Session
from trackers.tracker import Tracker

EncoderConfig = NetworkConfig | ColourStripesConfig
USUAL_RATE = 25.0
"""Images a second of a folder, where the configuration does not say."""


@dataclass(frozen=True, slots=True, eq=False)
class CameraStages:
    """What one camera runs on; for one run.

    Attributes:
        source: its frames.
        detector: shares its network with the other cameras of the process.
        tracker: its own.
    """

    source: ChunkSource
    detector: Detector
    tracker: Tracker


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """What the cameras of a process run on; for one run.

    Attributes:
        cameras: by name.
        encoder: of all of them.
        encode_batch: clips in one pass through it, at most.
    """

    cameras: dict[str, CameraStages]
    encoder: Encoder
    encode_batch: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is known of a run before anything of it is loaded.

    Attributes:
        lengths: frames of each camera's recording; None for a live stream, and where the container does not say.
        encoder: its card.
        params, calibration: how similar is similar enough.
    """

    lengths: dict[str, int | None]
    encoder: EncoderCard
    params: MatchParams
    calibration: Calibration | None


def build_plan(config: PipelineConfig, *, allows_damage: bool = False) -> Plan:
    """Looks into the recordings, and reads cards and the calibration.

    Args:
        allows_damage: leave recordings that cannot be read to their cameras, which fail alone, unless all are so.

    Raises:
        SourceError: if there is no such recording, or it is none.
        ConfigError: if the address is none that a stream can have.
        ArtefactError: if there is no such encoder.
        CalibrationError: if the calibration cannot be used with the encoder.
    """
    lengths = _lengths(config, allows_damage=allows_damage)
    card = read_encoder_card(config.encoder)
    return Plan(lengths, card, *build_policy(config, card))


def build_stages(
    config: PipelineConfig,
    owned: ExitStack,
    observers: Sequence[SourceObserver] = (),
    detect_observers: Sequence[DetectObserver] = (),
    *,
    prefetches: bool = False,
) -> Stages:
    """All that the cameras of a configuration run on, networks loaded; no source is opened yet.

    Args:
        config: checked; all its cameras run in this process.
        owned: ends what this starts.
        observers: are told what the sources do.
        detect_observers: are told how many images go through the detector together, where those of several cameras do.
        prefetches: decode recordings in threads of their own. That saves time where a core is left for each; else it
            costs some, because threads wait for each other.

    Raises:
        ArtefactError: if a network cannot be used.
    """
    detector = _share_detector(config, owned, detect_observers)
    cameras = {
        camera.name: CameraStages(
            build_source(camera, observers, prefetches=prefetches),
            tile_detector(detector, camera),
            build_tracker(config),
        )
        for camera in config.cameras
    }
    encoder, card = _load_encoder(config.encoder, config.compute)
    return Stages(cameras, encoder, card.batch or config.compute.clips_at_once)


def _share_detector(config: PipelineConfig, owned: ExitStack, observers: Sequence[DetectObserver]) -> Detector:
    """The detector that all cameras of a process ask: where it runs on a GPU, their images go through together."""
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
            observers=observers,
        )
    )


def build_detector(config: PipelineConfig) -> Detector:
    """The detector of a configuration; imports only what it needs."""
    compute = config.compute
    match config.detector:
        case NetworkDetectorConfig(model=model, params=params):
            from detectors.network_detector import NetworkDetector
            from reid_runtime.load import load_session

            session = load_session(find_artefact(model), provider=compute.provider, threads=compute.threads)
            return NetworkDetector(session, replace(params, max_batch=compute.images_at_once))
        case HogConfig(params=hog):
            from detectors.hog import HogDetector

            return HogDetector(hog)
        case UltralyticsConfig(model=weights, params=ultralytics):
            from detectors.ultralytics_yolo import UltralyticsDetector

            return UltralyticsDetector(weights, ultralytics)


def needed_libraries(config: PipelineConfig) -> list[str]:
    """The modules that a configuration wants, of those that only an extra brings."""
    detector, encoder = config.detector, config.encoder
    runs_networks = isinstance(detector, NetworkDetectorConfig) or isinstance(encoder, NetworkConfig)
    wanted = {
        "ultralytics": isinstance(detector, UltralyticsConfig),
        "onnxruntime": runs_networks and config.compute.provider not in ("openvino", "tensorrt-rtx"),
        "openvino": runs_networks and config.compute.provider == "openvino",
        "tensorrt": runs_networks and config.compute.provider == "tensorrt",
        "tensorrt_rtx_bindings": runs_networks and config.compute.provider == "tensorrt-rtx",
        "paho": config.events.mqtt is not None,
        "httpx": config.events.webhook is not None,
    }
    return [module for module, is_wanted in wanted.items() if is_wanted]


def tile_detector(detector: Detector, camera: CameraConfig) -> Detector:
    """The detector as one camera uses it."""
    if camera.tiles.columns * camera.tiles.rows == 1:
        return detector
    return TilingDetector(detector, camera.tiles)


def build_tracker(config: PipelineConfig) -> Tracker:
    """A new tracker; every camera has its own."""
    match config.tracker:
        case ByteTrackConfig(params=params):
            from trackers.bytetrack import ByteTrack

            return ByteTrack(params)
        case OcSortConfig(params=params):
            from trackers.ocsort import OcSort

            return OcSort(params)


def build_encoder(chosen: EncoderConfig, compute: ComputeConfig) -> Encoder:
    """The encoder of a configuration, its network loaded."""
    return _load_encoder(chosen, compute)[0]


def build_encoder_with_attention(
    chosen: EncoderConfig, compute: ComputeConfig
) -> tuple[Encoder, AttentionReader | None]:
    """The encoder of a configuration, and what says where its network looks; None: the file does not say."""
    if isinstance(chosen, ColourStripesConfig):
        return build_encoder(chosen, compute), None
    from reid_runtime.load import load_session

    session = load_session(find_artefact(chosen.model), provider=compute.provider, threads=compute.threads)
    encoder = encoder_of(session, frames=chosen.frames)
    return encoder, AttentionReader(session) if attention_names(session.card) else None


def read_attention_names(chosen: EncoderConfig) -> tuple[str, ...]:
    """What can be asked for of where the network looks, without loading it.

    Raises:
        ArtefactError: if there is no such network, or its card is of another file.
    """
    if isinstance(chosen, ColourStripesConfig):
        return ()
    from reid_runtime.card import read_card

    return attention_names(read_card(find_artefact(chosen.model)))


def _load_encoder(chosen: EncoderConfig, compute: ComputeConfig) -> tuple[Encoder, EncoderCard]:
    match chosen:
        case ColourStripesConfig(frames=frames):
            from reid_models.colour_stripes import ColourStripesEncoder, stripes_card

            return ColourStripesEncoder(frames=frames), stripes_card(frames=frames)
        case NetworkConfig(model=model, frames=frames):
            from reid_runtime.load import load_session

            session = load_session(find_artefact(model), provider=compute.provider, threads=compute.threads)
            return encoder_of(session, frames=frames), _encoder_card(session.card, frames=frames)


def encoder_of(session: Session, *, frames: int) -> Encoder:
    """The encoder that a network makes, after a look at what it makes of noise; so many crops are a clip.

    Raises:
        ArtefactError: if its card is of none that encodes, or nothing comes of it.
    """
    if session.card.clip is not None:
        from reid_models.clip_encoder import ClipEncoder

        encoder: Encoder = ClipEncoder(session)
    else:
        from reid_models.crop_encoder import CropEncoder

        encoder = CropEncoder(session, frames=frames)
    probe(encoder)
    return encoder


def read_encoder_card(chosen: EncoderConfig) -> EncoderCard:
    """What is known of the encoder of a configuration, without loading its network.

    Raises:
        ArtefactError: if there is no such network, or its card is of another file, or of none that encodes.
    """
    match chosen:
        case ColourStripesConfig(frames=frames):
            from reid_models.colour_stripes import stripes_card

            return stripes_card(frames=frames)
        case NetworkConfig(model=model, frames=frames):
            from reid_runtime.card import read_card

            return _encoder_card(read_card(find_artefact(model)), frames=frames)


def _encoder_card(card: ModelCard, *, frames: int) -> EncoderCard:
    from reid_models.clip_encoder import clip_encoder_card
    from reid_models.crop_encoder import crop_encoder_card

    return crop_encoder_card(card, frames=frames) if card.clip is None else clip_encoder_card(card)


def build_policy(config: PipelineConfig, card: EncoderCard) -> tuple[MatchParams, Calibration | None]:
    """How similar is similar enough; a calibration of another encoder is refused."""
    matching = config.matching
    params = matching.params
    if params.threshold is None:
        params = replace(params, threshold=USUAL_THRESHOLD if card.threshold is None else card.threshold)
    if card.likeness is not None and params.slope is None and params.even is None:
        params = replace(params, slope=card.likeness.slope, even=card.likeness.even)
    if matching.calibration is None:
        return params, None
    return params, read_calibration(matching.calibration, model_id=card.model_id)


def build_source(camera: CameraConfig, observers: Sequence[SourceObserver], *, prefetches: bool) -> ChunkSource:
    """The frames of a camera: every one of a file, the newest ones of a live stream; see `build_stages`."""
    from pipeline.sources.pacing import Chunks, Prefetch

    if camera.is_live:
        return Chunks(_limit_rate(_live_source(camera, observers), camera, observers), most_frames=1)
    chunks = Chunks(_limit_rate(_recording(camera, observers), camera, observers))
    return Prefetch(chunks) if prefetches else chunks


def _limit_rate(source: FrameSource, camera: CameraConfig, observers: Sequence[SourceObserver]) -> FrameSource:
    if camera.max_fps is None:
        return source
    from pipeline.sources.pacing import RateLimit

    return RateLimit(source, camera.max_fps, observers=observers)


def _recording(camera: CameraConfig, observers: Sequence[SourceObserver]) -> RecordedSource:
    from pipeline.sources.files import FileSource
    from pipeline.sources.folders import FolderSource

    path = Path(camera.source.get_secret_value())
    starts_at_s = camera.starts_at.timestamp() if camera.starts_at else 0.0
    if path.is_dir():
        rate = camera.frame_rate or USUAL_RATE
        return FolderSource(camera.name, path, starts_at_s=starts_at_s, frame_rate=rate, observers=observers)
    return FileSource(camera.name, path, starts_at_s=starts_at_s, frame_rate=camera.frame_rate, observers=observers)


def _live_source(camera: CameraConfig, observers: Sequence[SourceObserver]) -> FrameSource:
    from pipeline.sources.pacing import DropOldest
    from pipeline.sources.streams import StreamSource

    try:
        address = camera.source.get_secret_value()
        stream = StreamSource(camera.name, address, camera.stream, random=Random(), observers=observers)
    except ValueError as error:
        raise ConfigError(f"camera {camera.name}: {error}") from error
    return DropOldest(stream, observers=observers)


def _lengths(config: PipelineConfig, *, allows_damage: bool) -> dict[str, int | None]:
    """See `Plan.lengths`. Who names what is not there has mistyped, and hears so before anything runs."""
    lengths: dict[str, int | None] = {}
    failed: list[SourceError] = []
    for camera in config.cameras:
        try:
            lengths[camera.name] = _source_length(camera)
        except SourceError as error:
            if error.code is ErrorCode.NOT_FOUND or not allows_damage:
                raise
            failed.append(error)
            lengths[camera.name] = None
    if len(failed) == len(config.cameras):
        raise failed[0]
    return lengths


def _source_length(camera: CameraConfig) -> int | None:
    """See `Plan.lengths`."""
    if camera.is_live:
        _live_source(camera, ())
        return None
    return _recording(camera, ()).length()


def look_at_camera(camera: CameraConfig) -> CameraLook:
    """One look at what a camera sends; a live one is connected to once.

    Raises:
        SourceError: if nothing comes of it, or its region or masks do not lie within its image.
        ConfigError: if the address is none that a stream can have.
    """
    from pipeline.sources.look import look_at_file, look_at_folder, look_at_stream

    address = camera.source.get_secret_value()
    match kind_of(address):
        case "stream":
            _live_source(camera, ())
            look = look_at_stream(camera.name, address, camera.stream)
        case "folder":
            look = look_at_folder(camera.name, Path(address), camera.frame_rate or USUAL_RATE)
        case "file":
            look = look_at_file(camera.name, Path(address))
    if camera.region is not None:
        require_region(camera.name, camera.region, look.width, look.height)
    require_masks(camera.name, camera.masks, look.height, look.width)
    return look
