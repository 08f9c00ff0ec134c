"""The configuration of a deployment: what its one YAML file may say."""

import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    Field,
    NonNegativeInt,
    model_validator,
)

from detectors.hog import HogParams
from detectors.network_params import NetworkParams
from detectors.tiling import TilingParams
from detectors.ultralytics_params import UltralyticsParams
from pipeline.config_errors import ConfigError
from pipeline.config_events import EventsConfig
from pipeline.config_values import Count, Positive, Secret, Strict
from pipeline.config_view import ViewConfig
from pipeline.matching.adaptation import AdaptParams
from pipeline.matching.memory import Retention
from pipeline.matching.merge_split import MergeSplitParams
from pipeline.matching.policy import MatchParams
from pipeline.ordering.channel import OrderParams
from pipeline.site import Site
from pipeline.sources.source import StreamParams, kind_of
from pipeline.tracking.masks import Masks
from pipeline.tracking.tracklets import TrackletParams
from reid_models.clips import USUAL_FRAMES
from trackers.bytetrack import ByteTrackParams
from trackers.ocsort import OcSortParams

MaskPolygon = Annotated[tuple[tuple[NonNegativeInt, NonNegativeInt], ...], Field(min_length=3)]
"""Corners x y in pixels of the whole image."""


class CameraConfig(Strict):
    """One camera.

    Attributes:
        name: appears in events, metrics and file names.
        source: a video file, a folder of images, an RTSP, HTTP or HLS address, or a webcam (/dev/video0).
        frame_rate: files and folders: the true rate, where the container's times are wrong; frames per second.
        starts_at: files and folders: when the first frame was taken, with its time zone; 1970 if not given.
        max_fps: look at no more frames than this per second.
        region: x1 y1 x2 y2 in pixels: look only there; the detector sees that part larger.
        ignore: polygons, each of corners x y in pixels: a box that lies in one for four fifths is no person, but a
            thing, a poster or a mirror.
        only: polygons: if there are any, people stand in them: the middle of a box's lower edge.
        tiles: look at parts of the image one by one, where people are small; takes as many passes, and one more.
        stream: live streams: how they are read.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    source: Secret
    frame_rate: Positive | None = None
    starts_at: AwareDatetime | None = None
    max_fps: Positive | None = None
    region: tuple[int, int, int, int] | None = None
    ignore: tuple[MaskPolygon, ...] = ()
    only: tuple[MaskPolygon, ...] = ()
    tiles: TilingParams = TilingParams()
    stream: StreamParams = StreamParams()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.region and not (0 <= self.region[0] < self.region[2] and 0 <= self.region[1] < self.region[3]):
            raise ValueError(f"region is x1 y1 x2 y2 with x1 < x2 and y1 < y2, found {list(self.region)}")
        if self.is_live and (self.frame_rate or self.starts_at):
            raise ValueError("frame_rate and starts_at are for files; a live stream brings its own time")
        return self

    @property
    def masks(self) -> Masks:
        return Masks(self.ignore, self.only)

    @property
    def is_live(self) -> bool:
        return kind_of(self.source.get_secret_value()) == "stream"


class NetworkDetectorConfig(Strict):
    """A network that finds people; its card says of which family it is, and how it is read.

    Attributes:
        model: a name that `reid-pipeline fetch` lists, or a file with its card.
        params: what is kept of what the network says.
    """

    kind: Literal["network"] = "network"
    model: str = "yolox-nano"
    params: NetworkParams = NetworkParams()


class HogConfig(Strict):
    """OpenCV's HOG: weak and slow, needs no download.

    Attributes:
        params: how closely it looks.
    """

    kind: Literal["hog"]
    params: HogParams = HogParams()


class UltralyticsConfig(Strict):
    """Ultralytics YOLO, the `yolo` extra (AGPL-3.0).

    Attributes:
        model: a .pt file, or one that Ultralytics exported.
        params: what counts as a person, and where the network runs.
    """

    kind: Literal["ultralytics"]
    model: Path
    params: UltralyticsParams = UltralyticsParams()


class ByteTrackConfig(Strict):
    """ByteTrack (Zhang et al., ECCV 2022): sure detections first, doubtful ones for tracks that are known.

    Attributes:
        params: its thresholds and patience.
    """

    kind: Literal["bytetrack"] = "bytetrack"
    params: ByteTrackParams = ByteTrackParams()


class OcSortConfig(Strict):
    """OC-SORT (Cao et al., CVPR 2023): led by what was observed, not by what was predicted.

    Attributes:
        params: its thresholds and patience.
    """

    kind: Literal["ocsort"]
    params: OcSortParams = OcSortParams()


class NetworkConfig(Strict):
    """A re-ID network for clips, or for crops whose embeddings are averaged; its card says which.

    Attributes:
        model: a name that `reid-pipeline fetch` lists, or a file with its card.
        frames: crops in a clip, where the network leaves that open.
    """

    kind: Literal["network"] = "network"
    model: str = "osnet-x0-25-msmt17"
    frames: Count = USUAL_FRAMES


class ColourStripesConfig(Strict):
    """Colour and texture in stripes of the body: weak, needs no weights.

    Attributes:
        frames: crops in a clip, over which the mean is taken.
    """

    kind: Literal["colour-stripes"]
    frames: Count = USUAL_FRAMES


class MatchingConfig(Strict):
    """How tracks become persons.

    Attributes:
        params: what a decision demands.
        calibration: file that `reid-pipeline calibrate` wrote; replaces the threshold, which is not adapted then.
        adaptation: how the threshold between cameras that overlap follows what is seen in both; `null`: it stays.
        merge_split: when decisions are taken back; `null`: never.
        retention: how long tracks are remembered.
    """

    params: MatchParams = MatchParams()
    calibration: Path | None = None
    adaptation: AdaptParams | None = AdaptParams()
    merge_split: MergeSplitParams | None = MergeSplitParams()
    retention: Retention = Retention()


class ComputeConfig(Strict):
    """Where the networks run.

    Attributes:
        provider: asked for and not there is an error, never a silent fall to the CPU.
        threads: of one pass through a network on the CPU; the cameras' passes run side by side.
        processes: that share the cameras, each with networks of its own; None: `run` takes on the CPU as many as there
            are cores for, because one interpreter lets one thread at a time through; on a GPU one, which batches all
            cameras. A worker is one.
        detect_batch: images of several cameras in one pass; None: 1 on the CPU (more gains nothing there), else 16.
        detect_wait_s: how long a batch waits for other cameras.
        encode_batch: clips in one pass; None: 1 on the CPU, else 32. A network whose file fixes the number takes that.
    """

    provider: Literal["cpu", "openvino", "cuda", "tensorrt", "tensorrt-rtx"] = "cpu"
    threads: Count = 1
    processes: Count | None = None
    detect_batch: Count | None = None
    detect_wait_s: Positive = 0.005
    encode_batch: Count | None = None

    @property
    def images_at_once(self) -> int:
        return self.detect_batch or (1 if self.is_on_processor else 16)

    @property
    def clips_at_once(self) -> int:
        return self.encode_batch or (1 if self.is_on_processor else 32)

    @property
    def is_on_processor(self) -> bool:
        return self.provider in ("cpu", "openvino")


class OutputConfig(Strict):
    """What is written, and where.

    Attributes:
        directory: events.jsonl, tracks/, and what is asked for below; what an earlier run left goes to earlier/.
        videos: an annotated video of each camera: of a recording, drawn after the run; of a live stream as it comes,
            `view: {frame_fps, frame_width}` of it, in files of ten minutes.
        mosaic: one video of all cameras side by side, likewise.
        report: report.html.
        thumbnails: keep an image of each tracklet, for the report. By default no image of anybody is kept.
        shared: other users of the machine may read what is written, as far as the umask lets them; otherwise new
            folders have mode 700 and files 600.
    """

    directory: Path = Path("out")
    videos: bool = False
    mosaic: bool = False
    report: bool = False
    thumbnails: bool = False
    shared: bool = False


class HttpConfig(Strict):
    """Metrics and health on one port.

    Attributes:
        port: no port, no listener; 0 takes any that is free.
        host: on this machine only unless it says otherwise; 0.0.0.0 lets other machines ask.
        ready: when `/readyz` is well: while `all` cameras stream (or have ended), or while `any` does.
    """

    port: int | None = Field(None, ge=0, le=65535)
    host: str = "127.0.0.1"
    ready: Literal["all", "any"] = "all"


class RedisConfig(Strict):
    """Where workers and matcher of a site meet, and how much may wait there.

    Attributes:
        url: `redis://`, `rediss://` (TLS) or `unix://`; may name environment variables in braces.
        url_env: the environment variable that holds the address where `url` does not.
        cluster: the address is that of a node of a cluster.
        lease_s: a matcher that does nothing for this long is taken for dead, and another takes over.
        max_waiting: messages of one worker that may wait to be decided; beyond, its cameras are slowed.
        max_outbox: events that may wait to be delivered; beyond, nothing is decided.
        start_patience_s: how long to try while Redis was never reached.
        patience_s: how long to wait for a Redis that was reached and has gone away, as when it is started again.
        delivery_patience_s: how long to try while events cannot be delivered.
    """

    url: Secret | None = None
    url_env: str = "REDIS_URL"
    cluster: bool = False
    lease_s: Positive = 10.0
    max_waiting: Count = 1024
    max_outbox: Count = 100_000
    start_patience_s: Positive = 10.0
    patience_s: Positive = 300.0
    delivery_patience_s: Positive = 3600.0

    def address(self) -> str:
        """The address, with its password.

        Raises:
            ConfigError: if neither the configuration nor the environment has one.
        """
        address = self.url.get_secret_value() if self.url else os.environ.get(self.url_env)
        if address is None:
            raise ConfigError(f"redis: expected a url, or the environment variable {self.url_env}; found neither")
        return address


class PipelineConfig(Strict):
    """One deployment: cameras, how they are looked at, and what comes out.

    Attributes:
        cameras: who is looked through; files and live streams do not mix.
        site: which cameras overlap, and how long people need from one to the next: what no network can know.
        detector: what finds people in frames.
        tracker: what follows them through one camera.
        tracklets: which of a track's boxes are good enough to be recognised by, and how many are kept.
        encoder: what makes a vector of a tracklet.
        matching: how tracks become persons.
        compute: where the networks run.
        order: how cameras are joined in stream time.
        output: what is written, and where.
        http: metrics and health.
        redis: where the processes of a site meet; `run` needs none of it.
        events: where events go beside the file and Kafka.
        view: what an operator sees of the site, and who may.
    """

    cameras: tuple[CameraConfig, ...] = Field(min_length=1)
    site: Site = Site()
    detector: NetworkDetectorConfig | HogConfig | UltralyticsConfig = Field(
        NetworkDetectorConfig(), discriminator="kind"
    )
    tracker: ByteTrackConfig | OcSortConfig = Field(ByteTrackConfig(), discriminator="kind")
    tracklets: TrackletParams = TrackletParams()
    encoder: NetworkConfig | ColourStripesConfig = Field(NetworkConfig(), discriminator="kind")
    matching: MatchingConfig = MatchingConfig()
    compute: ComputeConfig = ComputeConfig()
    order: OrderParams = OrderParams()
    output: OutputConfig = OutputConfig()
    http: HttpConfig = HttpConfig()
    redis: RedisConfig = RedisConfig()
    events: EventsConfig = EventsConfig()
    view: ViewConfig = ViewConfig()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        twice = [name for name, count in Counter(c.name for c in self.cameras).items() if count > 1]
        if twice:
            raise ValueError(f"camera names must differ, found {twice[0]!r} twice")
        unknown = self.site.cameras() - {camera.name for camera in self.cameras}
        if unknown:
            raise ValueError(f"the site names cameras that are not there: {', '.join(sorted(unknown))}")
        if self.is_live and not all(camera.is_live for camera in self.cameras):
            raise ValueError("files and live streams do not mix, their clocks have nothing in common: run them apart")
        return self

    @property
    def is_live(self) -> bool:
        return any(camera.is_live for camera in self.cameras)

    def processes(self, cores: int) -> int:
        """How many processes share the cameras, where so many cores may be used."""
        asked = self.compute.processes or (max(1, cores // self.compute.threads) if self._shares_cores else 1)
        return min(asked, len(self.cameras))

    def at_once(self, cores: int) -> int | None:
        """How many threads of several processes work with a network at a time, where so many cores may be used.

        None: as many as have work. A live frame waits for nobody, and a GPU takes the frames of all cameras together.
        """
        return max(1, cores // self.compute.threads) if self._shares_cores and not self.is_live else None

    @property
    def _shares_cores(self) -> bool:
        """Whether each pass through a network takes its own share of the cores: Ultralytics spreads it over all."""
        return self.compute.is_on_processor and self.detector.kind != "ultralytics"

    def has_spare_core(self, cores: int) -> bool:
        """Whether cores are left when every camera is busy with a network."""
        return not self.compute.is_on_processor or cores > len(self.cameras) * self.compute.threads
