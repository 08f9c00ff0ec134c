"""From tracks to tracklets: which images of a person are good enough, which to keep, and when to cut a stretch.

A track's life is divided into slots, and the best good crop of each slot is kept. A tracklet is cut when as many
slots are filled as a clip has frames. The slots of later tracklets are longer: a person who comes is recognised
soon, and one who stays costs less and less.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import clip
from passerby_events.tracks import Clock, TrackKey
from pipeline.records import Frame, TrackEnd, Tracklet
from pipeline.tracking.gate import GateParams, GateRefusal, GateVerdict, gate, sharpness
from reid_models.crops import fit, pixel_boxes, shrink
from reid_runtime.card import ClipSpec
from trackers.tracks import Tracks

WhyNotCut = Literal[GateRefusal, "too_short", "stream_ended"]
"""Why a track that ended left no tracklet: the gate refused most of its boxes, most often for this; else its good ones
were too few slots, because it was short, or because the stream ended before it was due."""


@dataclass(frozen=True, slots=True)
class TrackletParams:
    """
    Attributes:
        gate: which crops are good enough.
        slot_s: one crop is kept in each slot of this many seconds.
        slot_growth: each tracklet of a track has slots this much longer than the one before.
        max_slot_s: but never longer than this.
        min_crops: a track that ends leaves a last tracklet if it has this many crops.
    """

    gate: GateParams = field(default_factory=GateParams)
    slot_s: float = 0.25
    slot_growth: float = 2.0
    max_slot_s: float = 8.0
    min_crops: int = 2

    def __post_init__(self) -> None:
        if self.slot_s <= 0 or self.slot_growth < 1 or self.max_slot_s < self.slot_s or self.min_crops < 1:
            raise ValueError(
                "expected slot_s > 0, slot_growth >= 1, max_slot_s >= slot_s and min_crops >= 1, "
                f"found {self.slot_s}, {self.slot_growth}, {self.max_slot_s} and {self.min_crops}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Crop:
    """A person in a frame; `pixels` as `shrink` has them, because most crops are replaced before a tracklet is cut."""

    pixels: NDArray[np.uint8]
    time_s: float
    box: NDArray[np.float32]
    quality: float


@dataclass(slots=True, eq=False)
class _Life:
    """What the buffer holds of one track."""

    start_s: float
    end_s: float
    clock: Clock
    tracklet_index: int = 0
    tracklet_start_s: float = -np.inf
    slot_ends_s: float = -np.inf
    crops: list[_Crop] = field(default_factory=list)
    verdicts: Counter[GateVerdict] = field(default_factory=Counter)


class TrackletBuffer:
    """Collects crops of the tracks of one camera; one thread. Holds at most `clip.frames` crops of each track.

    Attributes:
        verdicts: how often the gate gave each verdict; boxes, not tracks.
        not_cut: tracks that ended without a tracklet, by reason.
    """

    def __init__(self, camera: str, session: str, clip: ClipSpec, params: TrackletParams | None = None) -> None:
        self._camera = camera
        self._session = session
        self._clip = clip
        self._params = params or TrackletParams()
        self._lives: dict[int, _Life] = {}
        self.verdicts: Counter[GateVerdict] = Counter(dict.fromkeys(get_args(GateVerdict), 0))
        self.not_cut: Counter[WhyNotCut] = Counter()

    def __len__(self) -> int:
        """Tracks that are held."""
        return len(self._lives)

    def add(self, frame: Frame, tracks: Tracks) -> tuple[list[Tracklet], list[TrackEnd]]:
        """Takes the tracks of a frame; returns what is cut by it: full tracklets, then those of ended tracks."""
        height, width = frame.image.shape[:2]
        boxes = clip(tracks.boxes, height=height, width=width)
        quality, reasons = gate(boxes, tracks.scores, (height, width), self._params.gate)
        cut_now: list[Tracklet] = []
        wanted: list[int] = []
        for i, track in enumerate(tracks.ids.tolist()):
            life = self._lives.get(track)
            if life is None:
                life = self._lives[track] = _Life(frame.time_s, frame.time_s, frame.clock)
            life.end_s = frame.time_s
            if life.crops and frame.time_s >= life.slot_ends_s and len(life.crops) == self._clip.frames:
                cut_now.append(self._cut(track, life, frame.time_s))
            verdict = reasons[i] or _surplus(life, frame.time_s, float(quality[i]))
            if verdict is None:
                wanted.append(i)
            else:
                self._note(life, verdict)
        self._crop(frame, tracks.ids[wanted], boxes[wanted], quality[wanted])
        last, ended = self.end(tracks.ended, frame.time_s)
        return cut_now + last, ended

    def end(
        self, tracks: NDArray[np.int64], time_s: float, *, with_the_stream: bool = False
    ) -> tuple[list[Tracklet], list[TrackEnd]]:
        """Ends tracks, perhaps because the stream has ended; returns their last tracklets, and an end for each."""
        last: list[Tracklet] = []
        ended: list[TrackEnd] = []
        for track in tracks.tolist():
            life = self._lives.pop(track)
            if len(life.crops) >= self._params.min_crops:
                last.append(self._cut(track, life, time_s))
            if life.tracklet_index == 0:
                self.not_cut[_why_not_cut(life, with_the_stream=with_the_stream)] += 1
            ended.append(TrackEnd(self._key(track), time_s, life.start_s, life.end_s, life.clock))
        return last, ended

    def _crop(
        self, frame: Frame, tracks: NDArray[np.int64], boxes: NDArray[np.float32], quality: NDArray[np.float32]
    ) -> None:
        """Cuts those people out of the frame who are sharp in it, and keeps the crops."""
        height, width = self._clip.height, self._clip.width
        places = pixel_boxes(frame.image, boxes).tolist()
        for track, (x1, y1, x2, y2), box, good in zip(tracks.tolist(), places, boxes, quality.tolist(), strict=True):
            life = self._lives[track]
            person = frame.image[y1:y2, x1:x2]
            if sharpness(person, height, width) < self._params.gate.min_sharpness:
                self._note(life, "blur")
                continue
            self._note(life, "kept")
            pixels = shrink(person, height=height, width=width)
            self._keep(life, _Crop(pixels, frame.time_s, box, good))

    def _note(self, life: _Life, verdict: GateVerdict) -> None:
        self.verdicts[verdict] += 1
        life.verdicts[verdict] += 1

    def _keep(self, life: _Life, crop: _Crop) -> None:
        """Puts it into its slot, in the place of a worse one."""
        if crop.time_s < life.slot_ends_s:
            life.crops[-1] = crop
            return
        life.crops.append(crop)
        slot_s = min(self._params.slot_s * self._params.slot_growth**life.tracklet_index, self._params.max_slot_s)
        life.slot_ends_s = crop.time_s + slot_s

    def _cut(self, track: int, life: _Life, time_s: float) -> Tracklet:
        crops, tracklet_index, start_s = life.crops, life.tracklet_index, max(life.start_s, life.tracklet_start_s)
        life.crops, life.tracklet_index, life.tracklet_start_s, life.slot_ends_s = (
            [],
            tracklet_index + 1,
            time_s,
            -np.inf,
        )
        return Tracklet(
            track=self._key(track),
            tracklet_index=tracklet_index,
            start_s=start_s,
            cut_s=time_s,
            clock=life.clock,
            crops=fit([crop.pixels for crop in crops], height=self._clip.height, width=self._clip.width),
            times_s=np.array([crop.time_s for crop in crops]),
            boxes=np.stack([crop.box for crop in crops]),
            quality=np.array([crop.quality for crop in crops], np.float32),
        )

    def _key(self, track: int) -> TrackKey:
        return TrackKey(self._camera, self._session, track)


def _why_not_cut(life: _Life, *, with_the_stream: bool) -> WhyNotCut:
    refused: Counter[GateRefusal] = Counter({why: life.verdicts[why] for why in get_args(GateRefusal)})
    if 2 * refused.total() > life.verdicts.total():
        return refused.most_common(1)[0][0]
    return "stream_ended" if with_the_stream else "too_short"


def _surplus(life: _Life, time_s: float, quality: float) -> GateVerdict | None:
    """Whether the slot has a better crop already."""
    return "surplus" if time_s < life.slot_ends_s and quality <= life.crops[-1].quality else None
