"""A configuration, built and ready to run: its cameras in this process or in several, and who takes what they see."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Self

from prometheus_client import CollectorRegistry

from pipeline.build import build_plan, build_stages
from pipeline.config import PipelineConfig, RedisConfig
from pipeline.deployment.local import Process
from pipeline.deployment.processes import Children, ChildrenSupervisor
from pipeline.deployment.recorders import open_camera_observers
from pipeline.deployment.supervisor import Supervisor
from pipeline.events.sink import EventSink
from pipeline.events.sparing import EventLeftOut
from pipeline.images import ImageDesk
from pipeline.matching.erasing import MemoryErasures
from pipeline.matching.identity_loop import DecidedWindow, run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.verdicts import VerdictDesk
from pipeline.records import EmbeddedWindow
from pipeline.scheduling.threads import usable_cores
from pipeline.sources.source import SourceObserver
from pipeline.store.client import SiteStore
from pipeline.store.embedding_stream import EmbeddingWriter, EntryWaits, MessagesLost
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import CameraLog, DetectCounter, MatchCounter, SourceCounter

Running = Supervisor | ChildrenSupervisor
"""What has a `run` and a `stop`."""


class Deployment:
    """Cameras that are ready to run: everything that it owns is closed with it.

    Attributes:
        health: what it tells of itself.
    """

    def __init__(
        self, config: PipelineConfig, *, emits_empty_windows: bool = False, desk: ImageDesk | None = None
    ) -> None:
        """Looks into the recordings and loads the networks; nothing is written yet.

        Args:
            config: checked.
            emits_empty_windows: hand on empty windows too, as a worker does.
            desk: takes images for the view; None: none are made.

        Raises:
            SourceError: if there is no such recording, or none of them can be read.
            ConfigError: if the address is none that a stream can have.
            ArtefactError: if a network cannot be used.
            CalibrationError: if the calibration cannot be used with the encoder.
        """
        self.health = Health(needs_all=config.http.ready == "all")
        self._metrics = Metrics()
        self._config = config
        self._desk = desk
        cores = usable_cores()
        self._plan = build_plan(config, allows_damage=True)
        self._owned = ExitStack()
        with ExitStack() as unless_built:
            unless_built.push(self._owned)
            self._cameras = self._build(cores, emits_empty_windows=emits_empty_windows)
            unless_built.pop_all()

    def _build(self, cores: int, *, emits_empty_windows: bool) -> Process | Children:
        config, metrics, owned = self._config, self._metrics, self._owned
        count, prefetches = config.processes(cores), config.has_spare_core(cores)
        if count == 1:
            observers: list[SourceObserver] = [SourceCounter(metrics, self.health), CameraLog()]
            detect_observers = [DetectCounter(metrics)]
            stages = build_stages(config, owned, observers, detect_observers, prefetches=prefetches)
            return Process(
                config,
                stages,
                metrics,
                self.health,
                open_observers=partial(open_camera_observers, config, owned, self._desk),
                emits_empty_windows=emits_empty_windows,
            )
        return owned.enter_context(
            Children(
                config,
                count,
                config.at_once(cores),
                metrics,
                self.health,
                prefetches=prefetches,
                emits_empty_windows=emits_empty_windows,
                desk=self._desk,
            )
        )

    @property
    def lengths(self) -> dict[str, int | None]:
        """Frames of each camera's recording; None for a live stream, and where the container does not say."""
        return self._plan.lengths

    @property
    def model_id(self) -> str:
        """Of the network behind the embeddings."""
        return self._plan.encoder.model_id

    @property
    def registry(self) -> CollectorRegistry:
        """All that is counted."""
        return self._cameras.registry

    def frames(self, camera: str) -> int:
        """How many frames of a camera went through so far; of another process as it last said."""
        return int(self.registry.get_sample_value("reid_frames_total", {"camera": camera}) or 0)

    def close(self) -> None:
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(
        self,
        sink: EventSink,
        *,
        observers: Sequence[Callable[[DecidedWindow], None]] = (),
        verdicts: VerdictDesk | None = None,
        erasures: MemoryErasures | None = None,
    ) -> Running:
        """What runs it, with events going to `sink`, which stays the caller's.

        Args:
            sink: takes the events.
            observers: are told of each window after it was decided.
            verdicts: of operators, which are carried out.
            erasures: of persons, which are carried out between two windows.
        """
        matching = self._config.matching
        gallery = MemoryGallery(sink, matching.retention)
        plan = self._plan
        matcher = Matcher(
            gallery,
            self._config.site,
            plan.params,
            plan.calibration,
            matching.merge_split,
            matching.adaptation,
            verdicts,
        )
        counter = MatchCounter(self._metrics, gallery.known)

        def take(windows: Iterable[EmbeddedWindow]) -> None:
            kept = windows if erasures is None else erasures.without_erased(windows, gallery)
            run_identity_loop(kept, matcher, observers=[counter, *observers])

        return self.supervisor(take)

    def connect_stream(self, store: SiteStore, limits: RedisConfig) -> Running:
        """What runs it as a worker, with embeddings going into the stream of its site."""
        cameras = [camera.name for camera in self._config.cameras]
        writer = EmbeddingWriter(
            store,
            "+".join(sorted(cameras)),
            cameras,
            model_id=self._plan.encoder.model_id,
            order=self._config.order,
            limits=limits,
            observers=[self._note_writing],
        )
        return self.supervisor(writer.write_all)

    def supervisor(self, take: Callable[[Iterable[EmbeddedWindow]], None]) -> Running:
        """What runs it, with windows of embeddings going to `take`."""
        return self._cameras.supervisor(take)

    def count_left_out(self, _: EventLeftOut) -> None:
        self._metrics.dead_letters.inc()

    def _note_writing(self, what: EntryWaits | MessagesLost) -> None:
        """A process that waits for others is alive."""
        match what:
            case EntryWaits():
                self._metrics.stream_waits.inc()
                self.health.beat()
            case MessagesLost():
                self._metrics.store_losses.inc()
