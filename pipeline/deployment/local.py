"""The cameras of a configuration in this process: joined from what they run on, which the caller has built."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry

from pipeline.build import Stages
from pipeline.config import CameraConfig, PipelineConfig
from pipeline.deployment.supervisor import SupervisedCamera, Supervisor
from pipeline.ordering.channel import Channel
from pipeline.records import EmbeddedWindow, Tracklet, Window
from pipeline.sources.errors import SourceError
from pipeline.sources.source import SourceState, name_session
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import EncodeCounter, SourceCounter, StepCounter
from pipeline.tracking.camera_loop import CameraLoop, Watcher
from pipeline.tracking.encode_loop import EncodeLoop
from pipeline.tracking.tracklets import TrackletBuffer


class Process:
    """Cameras that are ready to run, once. The only place where what a camera runs on is joined."""

    def __init__(
        self,
        config: PipelineConfig,
        stages: Stages,
        metrics: Metrics,
        health: Health,
        *,
        open_watchers: Callable[[], Mapping[str, Sequence[Watcher]]] = dict,
        emits_empty_windows: bool = False,
    ) -> None:
        """Starts nothing.

        Args:
            config: checked; all its cameras run here.
            stages: what they run on; stays the caller's.
            metrics, health: what is told.
            open_watchers: those who watch each camera beside the counters, opened when it all begins.
            emits_empty_windows: for whoever must say how far this process is.
        """
        self._config = config
        self._stages = stages
        self._metrics = metrics
        self._open_watchers = open_watchers
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

    def supervisor(self, take: Callable[[Iterable[EmbeddedWindow]], None]) -> Supervisor:
        """What runs them, with windows of embeddings going to `take`."""
        stages, watchers = self._stages, self._open_watchers()
        encode_loop = EncodeLoop(stages.encoder, batch=stages.encode_batch, watch=EncodeCounter(self._metrics))
        cameras = [self._camera(camera, watchers.get(camera.name, ())) for camera in self._config.cameras]
        return Supervisor(cameras, self._channel, encode_loop, take, on_end=self._note_end)

    def _camera(self, camera: CameraConfig, watchers: Sequence[Watcher]) -> SupervisedCamera:
        stages = self._stages.cameras[camera.name]
        session = name_session(camera.source.get_secret_value())
        buffer = TrackletBuffer(camera.name, session, self._stages.encoder.clip, self._config.tracklets)
        loop = CameraLoop(
            stages.source,
            stages.detector,
            stages.tracker,
            buffer,
            self._channel.lane(camera.name),
            region=camera.region,
            watchers=[StepCounter(self._metrics, camera.name, buffer), *watchers],
        )
        return SupervisedCamera(camera.name, loop)

    def _note_end(self, camera: str, error: SourceError | None) -> None:
        state = SourceState.ENDED if error is None else SourceState.FAILED
        self._listener.entered(camera, state, None if error is None else error.code)
