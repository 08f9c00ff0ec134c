"""Recordings whose people were found before: what comes behind the detector runs on them, unchanged or changed."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.pipeline_parts import supervise
from detectors.detections import Detections
from passerby_events.recordings import read_events
from passerby_events.schema import IdentityEvent
from pipeline.build import CameraStages, Stages, build_encoder, build_tracker
from pipeline.config import PipelineConfig
from pipeline.output.mot_files import MotTracks, read_tracks, tracks_path
from pipeline.records import Frame
from pipeline.sources.pacing import Chunks

Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A recording, decoded once, and who was found in each frame."""

    frames: Sequence[Frame]
    detections: Sequence[Detections]


class Replayed:
    """A `FrameSource` and the `Detector` of its frames, which are asked for in order; for one camera and one run.

    Args:
        found: the recording.
        change: what is done to each image.
        scale: of the changed images beside those that people were found in.
        every: one frame in so many is shown.
    """

    def __init__(
        self, found: Found, change: Change = lambda image: image, *, scale: float = 1.0, every: int = 1
    ) -> None:
        self._found, self._change, self._scale, self._every = found, change, scale, every
        self._waiting: deque[Detections] = deque()

    def __iter__(self) -> Iterator[Frame]:
        rows = zip(self._found.frames[:: self._every], self._found.detections[:: self._every], strict=True)
        for frame, people in rows:
            self._waiting.append(replace(people, boxes=people.boxes * np.float32(self._scale)))
            yield replace(frame, image=self._change(frame.image))

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self._waiting.popleft() for _ in images]

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a run wrote: events, and the tracks of each camera."""

    events: Sequence[IdentityEvent]
    tracks: Mapping[str, MotTracks]


def run_replayed(config: PipelineConfig, cameras: Mapping[str, Replayed], folder: Path) -> Outcome:
    """A run of all that comes behind the detector; `folder` is empty."""
    stages = {name: CameraStages(Chunks(each), each, build_tracker(config)) for name, each in cameras.items()}
    with ExitStack() as owned:
        built = Stages(stages, build_encoder(config.encoder, config.compute))
        supervise(config, built, owned, folder).run()
    tracks = {name: read_tracks(tracks_path(folder, name)) for name in cameras}
    return Outcome(list(read_events(folder / "events.jsonl")), tracks)
