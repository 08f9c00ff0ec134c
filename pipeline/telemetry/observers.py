"""Those who observe the parts: counters and log lines."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from typing import get_args

import numpy as np

from detectors.batching import DetectedBatch
from passerby_events.schema import IdentityEvent, PersonAppeared, PersonMatched
from pipeline.matching.gallery import Known
from pipeline.matching.identity_loop import DecidedWindow
from pipeline.matching.sightings import are_lone
from pipeline.sources.source import FrameDropped, SourceChanged, SourceState
from pipeline.telemetry.health import Health
from pipeline.telemetry.logs import of_camera
from pipeline.telemetry.metrics import Metrics
from pipeline.tracking.camera_loop import CameraNews, FrameStep, StreamEnded
from pipeline.tracking.encode_loop import EncodedBatch, TracksEnded
from pipeline.tracking.gate import GateVerdict
from pipeline.tracking.tracklets import TrackletBuffer, WhyNotCut

logger = logging.getLogger(__name__)

COUNT_GALLERY_S = 1.0
"""Between two counts of all that is remembered: 2 ms for 100,000 tracks."""
NETWORK = "network"
"""Why a track was not encoded that had left tracklets; other reasons are in `WhyNotCut`."""


class SourceCounter:
    """Counts what the sources do, and tells health in which state they are."""

    def __init__(self, metrics: Metrics, health: Health) -> None:
        self._metrics = metrics
        self._health = health

    def __call__(self, what: SourceChanged | FrameDropped) -> None:
        match what:
            case SourceChanged():
                self._count_change(what)
            case FrameDropped(camera=camera, cause=cause):
                self._metrics.dropped.labels(camera=camera, cause=cause.value).inc()

    def _count_change(self, change: SourceChanged) -> None:
        camera, state = change.camera, change.state
        self._health.camera(camera, state.value)
        for each in SourceState:
            self._metrics.source_state.labels(camera=camera, state=each.value).set(each is state)
        if change.error is not None:
            self._metrics.source_errors.labels(camera=camera, code=change.error.value).inc()
        if state is SourceState.RETRYING:
            self._metrics.reconnects.labels(camera=camera).inc()


class CameraLog:
    """Says when a camera that was lost is back; that it is lost, and why, says its source."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lost_s: dict[str, float] = {}

    def __call__(self, what: SourceChanged | FrameDropped) -> None:
        match what:
            case SourceChanged(camera=camera, state=SourceState.RETRYING):
                self._lost_s.setdefault(camera, self._clock())
            case SourceChanged(camera=camera, state=SourceState.STREAMING) if camera in self._lost_s:
                away_s = self._clock() - self._lost_s.pop(camera)
                logger.info("camera %s is back after %.0f s", camera, away_s, extra=of_camera(camera))
            case _:
                return


class DetectCounter:
    """Counts how many images go through the detector together."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __call__(self, batch: DetectedBatch) -> None:
        self._metrics.detect_batch.observe(batch.images)


class StepCounter:
    """Counts what one start of one camera does."""

    def __init__(self, metrics: Metrics, camera: str, buffer: TrackletBuffer) -> None:
        self._buffer = buffer
        self._counted: Counter[GateVerdict] = Counter()
        self._not_cut: Counter[WhyNotCut] = Counter()
        self._frames = metrics.frames.labels(camera=camera)
        self._detections = metrics.detections.labels(camera=camera)
        self._tracks = metrics.tracks.labels(camera=camera)
        self._tracklets = metrics.tracklets.labels(camera=camera)
        self._ended = metrics.ended.labels(camera=camera)
        self._detect_s = metrics.detect_s.labels(camera=camera)
        self._track_s = metrics.track_s.labels(camera=camera)
        self._verdicts = {v: metrics.gate.labels(camera=camera, verdict=v) for v in buffer.verdicts}
        self._not_encoded = {why: metrics.not_encoded.labels(camera=camera, reason=why) for why in get_args(WhyNotCut)}
        # Of the encode loop, which meets a camera later: a share is of what is counted from the start.
        metrics.encoded.labels(camera=camera)
        metrics.not_encoded.labels(camera=camera, reason=NETWORK)

    def __call__(self, what: CameraNews) -> None:
        match what:
            case FrameStep():
                self._count_frame(what)
            case StreamEnded():
                self._tracks.set(0)
        self._count_tracks(what)

    def _count_frame(self, step: FrameStep) -> None:
        self._frames.inc()
        self._detections.inc(len(step.detections))
        self._tracks.set(len(self._buffer))
        self._detect_s.observe(step.detect_s)
        self._track_s.observe(step.track_s)
        for verdict, count in self._buffer.verdicts.items():
            if count != self._counted[verdict]:
                self._verdicts[verdict].inc(count - self._counted[verdict])
                self._counted[verdict] = count

    def _count_tracks(self, what: CameraNews) -> None:
        if what.tracklets:
            self._tracklets.inc(len(what.tracklets))
        if what.ended:
            self._ended.inc(len(what.ended))
            for why, count in (self._buffer.not_cut - self._not_cut).items():
                self._not_encoded[why].inc(count)
            self._not_cut = self._buffer.not_cut.copy()


class EncodeCounter:
    """Counts what the encode loop does."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __call__(self, what: EncodedBatch | TracksEnded) -> None:
        match what:
            case EncodedBatch():
                self._count_batch(what)
            case TracksEnded(encoded=encoded, not_encoded=not_encoded):
                for track in encoded:
                    self._metrics.encoded.labels(camera=track.camera).inc()
                for track in not_encoded:
                    self._metrics.not_encoded.labels(camera=track.camera, reason=NETWORK).inc()

    def _count_batch(self, batch: EncodedBatch) -> None:
        self._metrics.encode_batch.observe(len(batch.tracklets))
        self._metrics.encode_s.observe(batch.took_s)
        for tracklet in batch.dropped:
            self._metrics.unencoded.labels(camera=tracklet.track.camera).inc()


class MatchCounter:
    """Counts what the identity loop does.

    Args:
        known: what the gallery remembers.
    """

    def __init__(
        self, metrics: Metrics, known: Callable[[], Known], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._metrics = metrics
        self._known = known
        self._clock = clock
        self._counts_again_s = -math.inf

    def __call__(self, decided: DecidedWindow) -> None:
        m, outcome = self._metrics, decided.outcome
        m.match_s.observe(decided.took_s)
        for event in outcome.events:
            self._count_event(event)
        for name, tracks in (("waiting", outcome.waiting), ("nobody", outcome.nobody)):
            for track in tracks:
                m.outcomes.labels(camera=track.camera, outcome=name).inc()
        for camera, excess in outcome.rejected:
            m.rejected_excess.labels(camera=camera).observe(excess)
        m.merge_split.labels(kind="merged").inc(outcome.merged)
        m.merge_split.labels(kind="split").inc(outcome.split)
        if self._clock() >= self._counts_again_s:
            self._count_gallery()
            self._counts_again_s = self._clock() + COUNT_GALLERY_S
        now_s = time.time()
        for embedding in decided.window.embeddings:
            if embedding.clock != "container":
                m.delay_s.observe(now_s - embedding.end_s)

    def _count_event(self, event: IdentityEvent) -> None:
        m = self._metrics
        match event:
            case PersonAppeared():
                m.outcomes.labels(camera=event.seen.camera, outcome="appeared").inc()
            case PersonMatched():
                camera = event.seen.camera
                m.outcomes.labels(camera=camera, outcome="matched").inc()
                m.match_similarity.labels(camera=camera).observe(event.similarity)
                if event.margin is not None:
                    m.match_margin.labels(camera=camera).observe(event.margin)
            case _:
                return

    def _count_gallery(self) -> None:
        known = self._known()
        cameras, of = known.cameras, known.arrays.cameras
        tracks = np.bincount(of, minlength=len(cameras)).tolist()
        lone = np.bincount(of[are_lone(known.arrays)], minlength=len(cameras)).tolist()
        for camera, count, lone_count in zip(cameras, tracks, lone, strict=True):
            self._metrics.gallery_tracks.labels(camera=camera).set(count)
            self._metrics.lone_tracks.labels(camera=camera).set(lone_count)
