"""The cameras of a configuration in this process: joined from what they run on, which the caller has built."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry

from pipeline.build import Stages
from pipeline.config import CameraConfig, PipelineConfig
from pipeline.deployment.supervisor import CameraEnded, SupervisedCamera, Supervisor
from pipeline.ordering.channel import Channel
from pipeline.records import EmbeddedWindow, Tracklet, Window
from pipeline.sources.source import SourceChanged, SourceState, name_session
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import EncodeCounter, SourceCounter, StepCounter
from pipeline.tracking.camera_loop import CameraLoop, CameraObserver
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
        open_observers: Callable[[], Mapping[str, Sequence[CameraObserver]]] = dict,
        emits_empty_windows: bool = False,
    ) -> None:
        """Starts nothing.

        Args:
            config: checked; all its cameras run here.
            stages: what they run on; stays the caller's.
            metrics, health: what is told.
            open_observers: those who observe each camera beside the counters, opened when it all begins.
            emits_empty_windows: for whoever must say how far this process is.
        """
        self._config = config
        self._stages = stages
        self._metrics = metrics
        self._open_observers = open_observers
        self._counter = SourceCounter(metrics, health)
        self._channel: Channel[Tracklet, Window] = Channel(
            [camera.name for camera in config.cameras],
            Window,
            config.order,
            is_live=config.is_live,
            emits_empty_windows=emits_empty_windows,
            observers=[lambda _: health.beat()],
        )
        metrics.waiting.set_function(self._channel.waiting)

    @property
    def registry(self) -> CollectorRegistry:
        """All that is counted."""
        return self._metrics.registry

    def supervisor(self, take: Callable[[Iterable[EmbeddedWindow]], None]) -> Supervisor:
        """What runs them, with windows of embeddings going to `take`."""
        stages, observers = self._stages, self._open_observers()
        encode_loop = EncodeLoop(stages.encoder, batch=stages.encode_batch, observers=[EncodeCounter(self._metrics)])
        cameras = [self._camera(camera, observers.get(camera.name, ())) for camera in self._config.cameras]
        return Supervisor(cameras, self._channel, encode_loop, take, observers=[self._note_end])

    def _camera(self, camera: CameraConfig, observers: Sequence[CameraObserver]) -> SupervisedCamera:
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
            masks=camera.masks,
            observers=[StepCounter(self._metrics, camera.name, buffer), *observers],
        )
        return SupervisedCamera(camera.name, loop)

    def _note_end(self, ended: CameraEnded) -> None:
        state = SourceState.ENDED if ended.error is None else SourceState.FAILED
        self._counter(SourceChanged(ended.camera, state, None if ended.error is None else ended.error.code))
