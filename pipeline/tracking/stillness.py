"""Things that a detector takes for people: a box that never moves, and in it an image that never changes.

People who stand or sit still move all the same. In ten videos (PETS, a plaza, a street, the demo) the image in the
place of a person's first box differs soon by 0.6 deviations of its grey levels and more, in that of false boxes by
0.3 where people walk by, and where nobody is by 0.02 to 0.08; a person who sways by a hundredth of the height makes
0.1. So nothing is made of a track before it has moved or changed for the first time; one that has not for long is a
thing, and its place is remembered for the tracks that begin there later.
"""

import logging
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import iou
from reid_models.crops import pixel_boxes

logger = logging.getLogger(__name__)

MOVED = 0.25
"""Of the height of a box: its middle never strays so far from where it began, however doubtful the detector is."""
CHANGED = 0.1
"""Mean difference of grey levels, in deviations of them: a quarter of all looks at a person differ by more."""
QUANTILE = 0.75
"""Of the looks at a thing so many are undisturbed by who walks by."""
GLANCE_EVERY_S = 0.25
MOST_GLANCES = 64
"""Of one track; then every other is left out, and the next come half as often."""
GLANCE_SIZE = 16, 32
"""Width and height of a look: noise is averaged away."""
SAME_PLACE = 0.6
"""IoU of two boxes that are one place."""
MOST_PLACES = 100
MASK_MARGIN = 0.1
"""Of a box's width and height that the mask is larger on each side: the next box may lie a little beside."""


@dataclass(slots=True, eq=False)
class _Watch:
    """A track that has not moved so far.

    Attributes:
        box: where it began, (4,) xyxy pixels; `place`: the same in whole pixels.
        first: how it looked then.
        since_s, seen_s: when, and when it was looked at last.
        changes: of the later looks.
    """

    box: NDArray[np.float32]
    place: list[int]
    first: NDArray[np.float32]
    since_s: float
    seen_s: float
    every_s: float = GLANCE_EVERY_S
    next_s: float = -np.inf
    changes: list[float] = field(default_factory=list)

    def has_moved(self, box: NDArray[np.float32]) -> bool:
        """Whether the middle of the box has left the place."""
        way = np.hypot(*((box[:2] + box[2:]) - (self.box[:2] + self.box[2:]))) / 2
        return bool(way > MOVED * (self.box[3] - self.box[1]))

    def look(self, image: NDArray[np.uint8], time_s: float) -> None:
        """Compares the place with how it looked at first."""
        self.seen_s = time_s
        if time_s < self.next_s:
            return
        self.changes.append(float(np.abs(_look(image, self.place) - self.first).mean()))
        if len(self.changes) == MOST_GLANCES:
            self.changes, self.every_s = self.changes[::2], 2 * self.every_s
        self.next_s = time_s + self.every_s

    @property
    def is_still(self) -> bool:
        return bool(self.changes) and float(np.quantile(self.changes, QUANTILE)) < CHANGED


@dataclass(slots=True, eq=False)
class _Place:
    """Where a track was still to its end, and for how long all that were."""

    box: NDArray[np.float32]
    still_s: float
    is_logged: bool = False


class StillThings:
    """Tells things from people, for the tracks of one camera; one thread.

    Args:
        camera: its name, for the log.
        after_s: what is still for so long is a thing; 0: nothing is.
    """

    def __init__(self, camera: str, after_s: float) -> None:
        self._camera = camera
        self._after_s = after_s
        self._watched: dict[int, _Watch | None] = {}
        self._places: list[_Place] = []

    def see(self, track: int, image: NDArray[np.uint8], box: NDArray[np.float32], time_s: float) -> None:
        """Looks at the box of a track in a frame; costs nothing once it has moved."""
        if not self._after_s:
            return
        if track not in self._watched:
            place = pixel_boxes(image, box[None])[0].tolist()
            self._watched[track] = _Watch(
                box, place, _look(image, place), time_s, time_s, next_s=time_s + GLANCE_EVERY_S
            )
        watch = self._watched[track]
        if watch is None:
            return
        if watch.has_moved(box):
            self._watched[track] = None
            return
        watch.look(image, time_s)
        if self.is_thing(track):
            self._log(watch)

    def is_still(self, track: int) -> bool:
        """Whether it has neither moved nor changed so far."""
        watch = self._watched.get(track)
        return watch is not None and watch.is_still

    def is_thing(self, track: int) -> bool:
        """Whether it is still, and that for so long that it is nobody; earlier tracks of its place count."""
        watch = self._watched.get(track)
        if watch is None or not watch.is_still:
            return False
        place = self._place_of(watch.box)
        return watch.seen_s - watch.since_s + (place.still_s if place else 0.0) >= self._after_s

    def forget(self, track: int) -> None:
        """The track has ended; where it was still is remembered."""
        watch = self._watched.pop(track, None)
        if watch is not None and watch.is_still:
            self._remember(watch).still_s += watch.seen_s - watch.since_s

    def _remember(self, watch: _Watch) -> _Place:
        place = self._place_of(watch.box)
        if place is None:
            place = _Place(watch.box, 0.0)
            self._places = [*self._places[-MOST_PLACES + 1 :], place]
        return place

    def _place_of(self, box: NDArray[np.float32]) -> _Place | None:
        if not self._places:
            return None
        near = iou(box[None], np.stack([place.box for place in self._places]))[0]
        best = int(near.argmax())
        return self._places[best] if near[best] >= SAME_PLACE else None

    def _log(self, watch: _Watch) -> None:
        """Once for each place, with the mask that ends it."""
        place = self._remember(watch)
        if place.is_logged:
            return
        place.is_logged = True
        logger.warning(
            "camera %s: a box at %s has neither moved nor changed for %.0f s, and is nobody; "
            "`ignore: [%s]` in this camera's configuration ends it",
            self._camera,
            watch.place,
            self._after_s,
            mask_around(watch.box),
            extra={"camera": self._camera},
        )


def mask_around(box: NDArray[np.float32]) -> list[list[int]]:
    """The corners of a mask that holds a box, and those that lie a little beside it."""
    margin = MASK_MARGIN * (box[2:] - box[:2])
    x1, y1 = np.maximum(np.rint(box[:2] - margin), 0).astype(int).tolist()
    x2, y2 = np.rint(box[2:] + margin).astype(int).tolist()
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def _look(image: NDArray[np.uint8], place: list[int]) -> NDArray[np.float32]:
    """(32, 16) float32: how a place looks, whatever the light: grey levels about their mean, in deviations of them."""
    x1, y1, x2, y2 = place
    grey = cv2.cvtColor(image[y1:y2, x1:x2], cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, GLANCE_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    look: NDArray[np.float32] = (small - small.mean()) / (small.std() + 2.0)
    return look
