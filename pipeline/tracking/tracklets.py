"""From tracks to tracklets: which images of a person are good enough, which to keep, and when to cut a stretch.

A track's life is divided into slots, and the best good crop of each slot is kept. A tracklet is cut when as many
slots are filled as a clip has frames. The slots of later tracklets are longer: a person who comes is recognised
soon, and one who stays costs less and less.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import clip
from pipeline.records import Clock, Frame, TrackEnd, TrackKey, Tracklet
from reid_models.crops import fit, pixel_boxes
from reid_runtime.card import ClipSpec
from trackers.tracks import Tracks

GateVerdict = Literal["kept", "confidence", "size", "aspect", "edge", "overlap", "blur", "surplus"]
"""What the gate says of one box: kept, one reason against it, or surplus: good, but its slot has a better one."""


@dataclass(frozen=True, slots=True)
class TrackletParams:
    """
    Attributes:
        min_score: confidence of the detection; below it the box is often off the person.
        min_height_px: of the box; smaller people carry little to be recognised by.
        min_aspect, max_aspect: height over width of a box; others are parts of people, or two of them.
        edge_px: a box this close to the left, right or top edge of the image is cut by it; -1 accepts all.
        max_hidden: share of the box that boxes of people in front of it cover.
        min_sharpness: variance of the Laplacian, in grey levels squared (see `sharpness`); 0 accepts all. In four
            videos of PETS, a plaza and a room 99 in 100 people have more than 60.
        slot_s: one crop is kept in each slot of this many seconds.
        slot_growth: each tracklet of a track has slots this much longer than the one before.
        max_slot_s: but never longer than this.
        min_crops: a track that ends leaves a last tracklet if it has this many crops.
    """

    min_score: float = 0.5
    min_height_px: float = 48.0
    min_aspect: float = 1.2
    max_aspect: float = 5.0
    edge_px: float = 2.0
    max_hidden: float = 0.4
    min_sharpness: float = 50.0
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
    """A person as the image shows them, or as a clip does where that is smaller: many are replaced, few enlarged."""

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


class TrackletBuffer:
    """Collects crops of the tracks of one camera; one thread. Holds at most `clip.frames` crops of each track.

    Attributes:
        verdicts: how often the gate gave each verdict; boxes, not tracks.
    """

    def __init__(self, camera: str, run: str, clip: ClipSpec, params: TrackletParams | None = None) -> None:
        self._camera = camera
        self._run = run
        self._clip = clip
        self._params = params or TrackletParams()
        self._lives: dict[int, _Life] = {}
        self.verdicts: Counter[GateVerdict] = Counter(dict.fromkeys(get_args(GateVerdict), 0))

    def __len__(self) -> int:
        """Tracks that are held."""
        return len(self._lives)

    def add(self, frame: Frame, tracks: Tracks) -> tuple[list[Tracklet], list[TrackEnd]]:
        """Takes the tracks of a frame; returns what is cut by it: full tracklets, then those of ended tracks."""
        height, width = frame.image.shape[:2]
        boxes = clip(tracks.boxes, height=height, width=width)
        quality, reasons = gate(boxes, tracks.scores, (height, width), self._params)
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
                self.verdicts[verdict] += 1
        self._crop(frame, tracks.ids[wanted], boxes[wanted], quality[wanted])
        last, ended = self.end(tracks.ended, frame.time_s)
        return cut_now + last, ended

    def end(self, tracks: NDArray[np.int64], time_s: float) -> tuple[list[Tracklet], list[TrackEnd]]:
        """Ends tracks; returns their last tracklets, and an end for each."""
        last: list[Tracklet] = []
        ended: list[TrackEnd] = []
        for track in tracks.tolist():
            life = self._lives.pop(track)
            if len(life.crops) >= self._params.min_crops:
                last.append(self._cut(track, life, time_s))
            ended.append(TrackEnd(self._key(track), time_s, life.start_s, life.end_s, life.clock))
        return last, ended

    def _crop(
        self, frame: Frame, tracks: NDArray[np.int64], boxes: NDArray[np.float32], quality: NDArray[np.float32]
    ) -> None:
        """Cuts those people out of the frame who are sharp in it, and keeps the crops."""
        height, width = self._clip.height, self._clip.width
        places = pixel_boxes(frame.image, boxes).tolist()
        for track, (x1, y1, x2, y2), box, good in zip(tracks.tolist(), places, boxes, quality.tolist(), strict=True):
            person = frame.image[y1:y2, x1:x2]
            if sharpness(person, height, width) < self._params.min_sharpness:
                self.verdicts["blur"] += 1
                continue
            self.verdicts["kept"] += 1
            if person.size < height * width * 3:
                pixels = person.copy()
            else:
                pixels = np.empty((height, width, 3), np.uint8)
                fit(person, pixels)
            self._keep(self._lives[track], _Crop(pixels, frame.time_s, box, good))

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
        pixels = np.empty((len(crops), self._clip.height, self._clip.width, 3), np.uint8)
        for crop, fitted in zip(crops, pixels, strict=True):
            fit(crop.pixels, fitted)
        return Tracklet(
            track=self._key(track),
            tracklet_index=tracklet_index,
            start_s=start_s,
            cut_s=time_s,
            clock=life.clock,
            crops=pixels,
            times_s=np.array([crop.time_s for crop in crops]),
            boxes=np.stack([crop.box for crop in crops]),
            quality=np.array([crop.quality for crop in crops], np.float32),
        )

    def _key(self, track: int) -> TrackKey:
        return TrackKey(self._camera, self._run, track)


def _surplus(life: _Life, time_s: float, quality: float) -> GateVerdict | None:
    """Whether the slot has a better crop already."""
    return "surplus" if time_s < life.slot_ends_s and quality <= life.crops[-1].quality else None


def gate(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], size: tuple[int, int], params: TrackletParams
) -> tuple[NDArray[np.float32], list[GateVerdict | None]]:
    """Quality of each box, and the first reason against it (None: good, as far as boxes tell).

    Args:
        boxes: (M, 4) xyxy pixels, all people of one frame, cut to the frame.
        scores: (M,) confidence.
        size: height and width of the frame, pixels.
        params: see there.

    Returns:
        (M,) float32 in [0, 1]: confidence x visible share x height (256 px and more count as 1); and M reasons.
    """
    x1, y1, x2, y2 = boxes.T
    height, width = np.maximum(y2 - y1, 1e-3), np.maximum(x2 - x1, 1e-3)
    hidden = hidden_share(boxes)
    edge = params.edge_px
    against: dict[GateVerdict | None, NDArray[np.bool_]] = {
        "confidence": scores < params.min_score,
        "size": height < params.min_height_px,
        "aspect": (height < params.min_aspect * width) | (height > params.max_aspect * width),
        "edge": (x1 <= edge) | (y1 <= edge) | (x2 >= size[1] - 1 - edge) if edge >= 0 else np.zeros(len(boxes), bool),
        "overlap": hidden > params.max_hidden,
        None: np.ones(len(boxes), bool),
    }
    names = tuple(against)
    reasons = [names[first] for first in np.array(list(against.values())).argmax(axis=0).tolist()]
    quality = scores * (1 - hidden) * np.minimum(height / 256.0, 1.0)
    return quality.astype(np.float32), reasons


def hidden_share(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(M,) float32: the largest share of each box that one box in front of it covers.

    Whoever's feet are lower in the image stands in front.
    """
    x1, y1, x2, y2 = boxes.T
    width = np.minimum(x2[:, None], x2) - np.maximum(x1[:, None], x1)
    height = np.minimum(y2[:, None], y2) - np.maximum(y1[:, None], y1)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    in_front = y2[None, :] > y2[:, None]
    area = np.maximum((x2 - x1) * (y2 - y1), 1e-6)
    share: NDArray[np.float32] = (np.where(in_front, shared, 0.0) / area[:, None]).max(axis=1, initial=0.0)
    return np.minimum(share, 1.0)


def sharpness(person: NDArray[np.uint8], height: int, width: int) -> float:
    """Variance of the Laplacian of a person, grey levels squared; low where the image is blurred.

    Measured at the size of the crop, or in the image itself where the person is smaller there: a small person is not
    blurred, but enlarging makes it look so.

    Args:
        person: (h, w, 3) uint8 RGB, the part of the image that shows the person.
        height, width: of a crop, pixels.
    """
    grey = cv2.cvtColor(person, cv2.COLOR_RGB2GRAY)
    if len(person) > height:
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S, ksize=1))
    return float(deviation.item()) ** 2
