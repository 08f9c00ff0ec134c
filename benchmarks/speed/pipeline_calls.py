"""What a run of the pipeline asks of its parts, recorded, so that each part can do the same work again alone."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.pipeline_parts import supervise
from detectors.detections import Detections
from pipeline.build import build_policy, build_source, build_stages, build_tracker, read_encoder_card
from pipeline.config import NetworkConfig, NetworkDetectorConfig, OutputConfig, PipelineConfig
from pipeline.deployment.deployment import Deployment
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.memory import MemorySink
from pipeline.matching.identity_loop import DecidedWindow
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.model_zoo import find_artefact
from pipeline.records import EmbeddedWindow, Frame
from pipeline.tracking.camera_loop import CameraNews, FrameStep
from pipeline.tracking.tracklets import TrackletBuffer
from reid_models.encoder import Encoder
from reid_runtime.card import ClipSpec
from reid_runtime.load import load_session
from trackers.tracks import Tracks

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds on the wall, and seconds of all cores."""

    wall_s: float
    cpu_s: float


class RecordingEncoder:
    """An encoder that keeps what it was asked. An `Encoder`."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.clips: list[NDArray[np.uint8]] = []

    @property
    def clip(self) -> ClipSpec:
        return self._encoder.clip

    @property
    def model_id(self) -> str:
        return self._encoder.model_id

    def encode(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.clips.append(clips)
        return self._encoder.encode(clips)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """One step of one camera."""

    frame: Frame
    detections: Detections
    tracks: Tracks


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """All that one run asked of its parts.

    Attributes:
        looked: steps of each camera, by its name.
        clips: one array for each call of the encoder.
        windows: what the matcher was given.
    """

    looked: dict[str, list[Looked]]
    clips: list[NDArray[np.uint8]] = field(default_factory=list)
    windows: list[EmbeddedWindow] = field(default_factory=list)

    def keep_window(self, decided: DecidedWindow) -> None:
        self.windows.append(decided.window)


class Bench:
    """One configuration with its networks loaded: runs it whole, or its parts alone on what a whole run asked."""

    def __init__(self, config: PipelineConfig, folder: Path, owned: ExitStack) -> None:
        """Loads the networks.

        Args:
            config: over recordings.
            folder: where whole runs write.
            owned: ends what this starts.
        """
        self._config = config.model_copy(update={"output": OutputConfig(directory=folder)})
        self._folder = folder
        self._stages = build_stages(config, owned)

    def record(self) -> Calls:
        """Runs it once in this process, and keeps every image and every clip."""
        calls = Calls({camera.name: [] for camera in self._config.cameras})
        encoder = RecordingEncoder(self._stages.encoder)

        def keep(what: CameraNews) -> None:
            if isinstance(what, FrameStep):
                calls.looked[what.frame.camera].append(Looked(what.frame, what.detections, what.tracks))

        stages, observers = replace(self._stages, encoder=encoder), {name: [keep] for name in calls.looked}
        with ExitStack() as owned:
            supervise(
                self._config,
                stages,
                owned,
                self._folder,
                observers=observers,
                window_observers=[calls.keep_window],
            ).run()
        calls.clips.extend(encoder.clips)
        return calls

    def whole(self) -> Took:
        """The whole pipeline as `reid-pipeline run` runs it, from the first frame to the last event."""
        with Deployment(self._config) as deployment, JsonLinesSink(self._folder / "events.jsonl") as sink:
            children = [child.pid for child in active_children() if child.pid]
            loading_s = sum(map(cpu_of_s, children))
            here = together([[deployment.connect(sink).run]])
            return Took(here.wall_s, here.cpu_s + sum(map(cpu_of_s, children)) - loading_s)

    def networks(self, calls: Calls) -> Took:
        """The same calls of the detector and of the encoder, each thread its own, as fast as it can."""
        cameras = self._detecting(calls)
        return together([*cameras, [partial(self._stages.encoder.encode, clips) for clips in calls.clips]])

    def bare(self, calls: Calls) -> Took:
        """As `networks`, but only the passes through the two networks, on inputs that are ready."""
        detect, encode = self.passes()
        cameras = [[detect] * self._count_passes(steps) for steps in calls.looked.values()]
        return together([*cameras, [encode] * sum(map(len, calls.clips))])

    def passes(self) -> tuple[Work, Work]:
        """One pass of the detector's network, for an image, and one of the encoder's, for a clip."""
        detector, encoder = self._config.detector, self._config.encoder
        assert isinstance(detector, NetworkDetectorConfig)
        assert isinstance(encoder, NetworkConfig)
        return self._pass(detector.model, 1), self._pass(encoder.model, self._stages.encoder.clip.frames)

    def stages(self, calls: Calls) -> dict[str, float]:
        """Seconds of all cores that each stage takes alone on what it was given, one thread."""
        detect, encode = self.passes()
        cameras = list(calls.looked.values())
        detect_s = cpu_s(work for camera in self._detecting(calls) for work in camera)
        detect_pass_s = cpu_s([detect] * sum(map(self._count_passes, cameras)))
        encode_s = cpu_s(partial(self._stages.encoder.encode, clips) for clips in calls.clips)
        encode_pass_s = cpu_s([encode] * sum(map(len, calls.clips)))
        return {
            "decode and RGB": cpu_s([self._decode]),
            "detector: letterbox, reading the output": detect_s - detect_pass_s,
            "detector: network": detect_pass_s,
            "track": cpu_s(partial(self._track, steps) for steps in cameras),
            "gate and crop": cpu_s(partial(self._gate, steps) for steps in cameras),
            "encoder: pixels, averaging": encode_s - encode_pass_s,
            "encoder: network": encode_pass_s,
            "match": cpu_s([partial(self._match, calls.windows)]),
        }

    def _detecting(self, calls: Calls) -> list[list[Work]]:
        """The calls of the detector that each camera made."""
        cameras = self._stages.cameras
        return [
            [partial(cameras[name].detector.detect, [step.frame.image]) for step in steps]
            for name, steps in calls.looked.items()
        ]

    def _count_passes(self, steps: Sequence[Looked]) -> int:
        """How many passes through the detector's network they took."""
        tiles = self._config.cameras[0].tiles
        parts = tiles.columns * tiles.rows
        return len(steps) * (parts + 1 if parts > 1 else 1)

    def _pass(self, model: str, rows: int) -> Work:
        compute = self._config.compute
        session = load_session(find_artefact(model), provider=compute.provider, threads=compute.threads)
        spec = session.card.inputs[0]
        inputs = {spec.name: np.full([size or rows for size in spec.shape], 114, spec.dtype)}
        return lambda: session.run(inputs)

    def _decode(self) -> None:
        for camera in self._config.cameras:
            for _ in build_source(camera, (), prefetches=False):
                pass

    def _track(self, steps: Sequence[Looked]) -> None:
        tracker = build_tracker(self._config)
        for step in steps:
            tracker.update(step.detections, step.frame.time_s)

    def _gate(self, steps: Sequence[Looked]) -> None:
        buffer = TrackletBuffer(steps[0].frame.camera, "benchmark", self._stages.encoder.clip, self._config.tracklets)
        for step in steps:
            buffer.add(step.frame, step.tracks)

    def _match(self, windows: Sequence[EmbeddedWindow]) -> None:
        policy = build_policy(self._config, read_encoder_card(self._config.encoder))
        matcher = Matcher(
            MemoryGallery(MemorySink()),
            self._config.site,
            *policy,
            self._config.matching.merge_split,
            self._config.matching.adaptation,
        )
        for window in windows:
            matcher.step(window)


def together(threads: Sequence[Sequence[Work]]) -> Took:
    """Does each sequence of work in a thread of its own, all at the same time."""
    started = [threading.Thread(target=_do, args=(work,)) for work in threads]
    wall_s, all_cores_s = time.perf_counter(), time.process_time()
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return Took(time.perf_counter() - wall_s, time.process_time() - all_cores_s)


def cpu_of_s(process: int) -> float:
    """Seconds of all cores that a process took so far; of one that has ended until it is waited for."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_s(work: Iterable[Work]) -> float:
    """Seconds of all cores that it takes, one after the other: unlike the wall's, the same on a busy machine."""
    started_s = time.process_time()
    _do(work)
    return time.process_time() - started_s


def _do(work: Iterable[Work]) -> None:
    for each in work:
        each()
