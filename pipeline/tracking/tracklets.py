"""From tracks to tracklets: which images of a person to keep, and when to cut a stretch.

A track's life is divided into slots, and the best good crop of each slot is kept. A tracklet is cut when as many
slots are filled as a clip has frames. The slots of later tracklets are longer: a person who comes is recognised
soon, and one who stays costs less and less.

Crops that something speaks against have slots of their own, until there is something better: of a track that has no
other ones they make the tracklet, and its quality says so.

Of a track that has neither moved nor changed nothing is handed on before it does, or ends: it may be a thing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import clip
from passerby_events.tracks import Clock, TrackKey
from pipeline.records import GOOD_QUALITY, Frame, TrackEnd, Tracklet
from pipeline.tracking.gate import GateFault, GateParams, GateVerdict, Judged, gate, judge_sharpness, sharpness
from pipeline.tracking.stillness import StillThings
from reid_models.crops import fit, pixel_boxes, shrink
from reid_runtime.card import ClipSpec
from trackers.tracks import Tracks

WhyNotCut = Literal[GateFault, "still", "too_short", "stream_ended"]
"""Why a track that ended left no tracklet: it was a thing, which is still; something spoke against most of its boxes,
most often this; else they were too few slots, because it was short, or because the stream ended before it was due."""


@dataclass(frozen=True, slots=True)
class TrackletParams:
    """
    Attributes:
        gate: which crops are good, and which are refused.
        slot_s: one crop is kept in each slot of this many seconds.
        slot_growth: each tracklet of a track has slots this much longer than the one before.
        max_slot_s: but never longer than this.
        min_crops: a track that ends leaves a last tracklet if it has this many crops.
        still_after_s: what neither moves nor changes for so long is a thing, and leaves no tracklet; 0: nothing is.
    """

    gate: GateParams = field(default_factory=GateParams)
    slot_s: float = 0.25
    slot_growth: float = 2.0
    max_slot_s: float = 8.0
    min_crops: int = 2
    still_after_s: float = 10.0

    def __post_init__(self) -> None:
        if self.slot_s <= 0 or self.slot_growth < 1 or self.max_slot_s < self.slot_s or self.min_crops < 1:
            raise ValueError(
                "expected slot_s > 0, slot_growth >= 1, max_slot_s >= slot_s and min_crops >= 1, "
                f"found {self.slot_s}, {self.slot_growth}, {self.max_slot_s} and {self.min_crops}"
            )
        if self.still_after_s < 0:
            raise ValueError(f"expected still_after_s of at least 0, found {self.still_after_s}")


@dataclass(frozen=True, slots=True, eq=False)
class _Crop:
    """A person in a frame; `pixels` as `shrink` has them, because most crops are replaced before a tracklet is cut."""

    pixels: NDArray[np.uint8]
    time_s: float
    box: NDArray[np.float32]
    quality: float


@dataclass(slots=True, eq=False)
class _Slots:
    """The best crop of each slot, in order of time."""

    crops: list[_Crop] = field(default_factory=list)
    end_s: float = -np.inf

    def has_better(self, time_s: float, quality: float) -> bool:
        """Whether the slot of this time has a better crop already."""
        return time_s < self.end_s and quality <= self.crops[-1].quality

    def keep(self, crop: _Crop, slot_s: float) -> None:
        """Puts it into its slot, in the place of a worse one."""
        if crop.time_s < self.end_s:
            self.crops[-1] = crop
            return
        self.crops.append(crop)
        self.end_s = crop.time_s + slot_s

    def are_full(self, time_s: float, count: int) -> bool:
        """Whether so many slots are filled, and the last is over."""
        return len(self.crops) == count and time_s >= self.end_s


@dataclass(slots=True, eq=False)
class _Life:
    """What the buffer holds of one track."""

    start_s: float
    end_s: float
    clock: Clock
    tracklet_index: int = 0
    tracklet_start_s: float = -np.inf
    good: _Slots = field(default_factory=_Slots)
    poor: _Slots = field(default_factory=_Slots)
    held: list[_Crop] = field(default_factory=list)
    has_good_tracklet: bool = False
    verdicts: Counter[GateVerdict] = field(default_factory=Counter)

    def slots_of(self, judged: Judged) -> _Slots:
        return self.good if judged.fault is None else self.poor


class TrackletBuffer:
    """Collects crops of the tracks of one camera; one thread. Holds at most three times `clip.frames` crops of a track.

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
        self._still = StillThings(camera, self._params.still_after_s)
        self.verdicts: Counter[GateVerdict] = Counter(dict.fromkeys(get_args(GateVerdict), 0))
        self.not_cut: Counter[WhyNotCut] = Counter()

    def __len__(self) -> int:
        """Tracks that are held."""
        return len(self._lives)

    def add(self, frame: Frame, tracks: Tracks) -> tuple[list[Tracklet], list[TrackEnd]]:
        """Takes the tracks of a frame; returns what is cut by it: full tracklets, then those of ended tracks."""
        height, width = frame.image.shape[:2]
        boxes = clip(tracks.boxes, height=height, width=width)
        judged = gate(boxes, tracks.scores, (height, width), self._params.gate)
        cut_now: list[Tracklet] = []
        wanted: list[int] = []
        for i, track in enumerate(tracks.ids.tolist()):
            life = self._lives.get(track)
            if life is None:
                life = self._lives[track] = _Life(frame.time_s, frame.time_s, frame.clock)
            life.end_s = frame.time_s
            if not judged[i].is_refused:
                self._still.see(track, frame.image, boxes[i], frame.time_s)
            if self._is_due(life, frame.time_s):
                cut_now += self._cut_or_hold(track, life, frame.time_s)
            if self._wants(life, judged[i], frame.time_s):
                wanted.append(i)
            else:
                self._note(life, judged[i].fault or "surplus")
        self._crop(frame, tracks.ids[wanted], boxes[wanted], [judged[i] for i in wanted])
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
            is_thing = self._still.is_thing(track)
            if not is_thing and len(self._best(life)) >= self._params.min_crops:
                last.append(self._cut(track, life, time_s))
            if life.tracklet_index == 0:
                why = "still" if is_thing else _why_not_cut(life, with_the_stream=with_the_stream)
                self.not_cut[why] += 1
            self._still.forget(track)
            ended.append(TrackEnd(self._key(track), time_s, life.start_s, life.end_s, life.clock))
        return last, ended

    def _cut_or_hold(self, track: int, life: _Life, time_s: float) -> list[Tracklet]:
        """The tracklet that is due; of what may be a thing it is held, should the track end soon."""
        if not self._still.is_still(track):
            return [self._cut(track, life, time_s)]
        life.held, life.good, life.poor = self._best(life), _Slots(), _Slots()
        return []

    def _is_due(self, life: _Life, time_s: float) -> bool:
        """Whether a tracklet is to be cut: of good crops, or of poor ones where there are none."""
        full = self._clip.frames
        return life.good.are_full(time_s, full) or (not self._is_known(life) and life.poor.are_full(time_s, full))

    def _is_known(self, life: _Life) -> bool:
        """Whether enough of a track is good for it not to need poor crops."""
        return life.has_good_tracklet or len(life.good.crops) >= self._params.min_crops

    def _wants(self, life: _Life, judged: Judged, time_s: float) -> bool:
        """Whether a box is of use to its track, or may be as far as boxes tell."""
        if judged.is_refused or (judged.fault is not None and self._is_known(life)):
            return False
        return not life.slots_of(judged).has_better(time_s, judged.quality)

    def _crop(
        self, frame: Frame, tracks: NDArray[np.int64], boxes: NDArray[np.float32], judged: Sequence[Judged]
    ) -> None:
        """Cuts people out of the frame, and keeps those crops that are of use, sharp as they are."""
        height, width = self._clip.height, self._clip.width
        places = pixel_boxes(frame.image, boxes).tolist()
        for track, (x1, y1, x2, y2), box, by_box in zip(tracks.tolist(), places, boxes, judged, strict=True):
            life = self._lives[track]
            person = frame.image[y1:y2, x1:x2]
            found = judge_sharpness(by_box, sharpness(person), self._params.gate)
            if not self._wants(life, found, frame.time_s):
                self._note(life, found.fault or "surplus")
                continue
            self._note(life, found.fault or "kept")
            crop = _Crop(shrink(person, height=height, width=width), frame.time_s, box, found.quality)
            life.slots_of(found).keep(crop, self._slot_s(life))

    def _slot_s(self, life: _Life) -> float:
        return min(self._params.slot_s * self._params.slot_growth**life.tracklet_index, self._params.max_slot_s)

    def _note(self, life: _Life, verdict: GateVerdict) -> None:
        self.verdicts[verdict] += 1
        life.verdicts[verdict] += 1

    def _best(self, life: _Life) -> list[_Crop]:
        """What a tracklet that is cut now would have, in order of time: good crops, and poor ones where they must."""
        if self._is_known(life):
            return life.good.crops
        if life.held:
            return life.held
        lacking = self._clip.frames - len(life.good.crops)
        poor = sorted(life.poor.crops, key=lambda crop: -crop.quality)[:lacking]
        return sorted([*life.good.crops, *poor], key=lambda crop: crop.time_s)

    def _cut(self, track: int, life: _Life, time_s: float) -> Tracklet:
        crops, quality = self._best(life), np.array([crop.quality for crop in self._best(life)], np.float32)
        tracklet = Tracklet(
            track=self._key(track),
            tracklet_index=life.tracklet_index,
            start_s=max(life.start_s, life.tracklet_start_s),
            cut_s=time_s,
            clock=life.clock,
            crops=fit([crop.pixels for crop in crops], height=self._clip.height, width=self._clip.width),
            times_s=np.array([crop.time_s for crop in crops]),
            boxes=np.stack([crop.box for crop in crops]),
            quality=quality,
        )
        life.has_good_tracklet |= bool(quality.mean() >= GOOD_QUALITY)
        life.good, life.poor, life.held = _Slots(), _Slots(), []
        life.tracklet_index += 1
        life.tracklet_start_s = time_s
        return tracklet

    def _key(self, track: int) -> TrackKey:
        return TrackKey(self._camera, self._session, track)


def _why_not_cut(life: _Life, *, with_the_stream: bool) -> WhyNotCut:
    faults: Counter[GateFault] = Counter({fault: life.verdicts[fault] for fault in get_args(GateFault)})
    if 2 * faults.total() > life.verdicts.total():
        return faults.most_common(1)[0][0]
    return "stream_ended" if with_the_stream else "too_short"
