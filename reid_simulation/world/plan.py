"""The floor as people use it: places to go to, walks between them, and the way from one place to another."""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reid_simulation.seams.scene import Box

Points = NDArray[np.float64]
"""(N, 2) metres on the floor."""

STEP_M = 0.4
"""Between two points of a path."""
CLEAR_M = 0.3
"""Half the width of a person: a path keeps so far from whatever stands on the floor."""
HEAD_M = 2.2
"""What hangs higher is in nobody's way."""


class PlanError(ValueError):
    """A plan that nobody can walk."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody can sit.

    Attributes:
        x_m, y_m: where they stand before they sit down, 0.4 m before the middle of the bench or chair.
        faces: degrees from the x axis, counter-clockwise.
    """

    x_m: float
    y_m: float
    faces: float


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go to, to come in by, or where walks meet.

    Attributes:
        name: for walks.
        x_m, y_m: its middle.
        radius_m: people stand within it.
        pull: how often people choose it, beside the others; 0: walks only meet here.
        is_entrance: people come and go here; it should lie out of every camera's sight.
        dwell_s: how long people stay, at least and at most.
        faces: x and y of what they look at; None: anything.
        seats: who stays sits down while there is one.
    """

    name: str
    x_m: float
    y_m: float
    radius_m: float = 1.0
    pull: float = 1.0
    is_entrance: bool = False
    dwell_s: tuple[float, float] = (4.0, 15.0)
    faces: tuple[float, float] | None = None
    seats: tuple[Seat, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    """A way between two places, either way; people keep to their right.

    Attributes:
        between: names of the places.
        width_m: of the way.
        via: points x and y that it leads over.
    """

    between: tuple[str, str]
    width_m: float = 2.0
    via: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A way through the graph.

    Attributes:
        points: from the middle of the first place to that of the last.
        width_m: of its narrowest walk.
    """

    points: tuple[tuple[float, float], ...]
    width_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A floor plan, checked when it is made.

    Attributes:
        places, walks: the graph.
        boxes: what is in the way.

    Raises:
        PlanError: in one line, if a walk leads nowhere or through a box, or a place cannot be reached.
    """

    places: tuple[Place, ...]
    walks: tuple[Walk, ...]
    boxes: tuple[Box, ...] = ()
    _routes: dict[tuple[str, str], Route] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        names = [place.name for place in self.places]
        if len(set(names)) != len(names):
            raise PlanError(f"places: expected names that differ, found {sorted(names)}")
        if not any(place.is_entrance for place in self.places):
            raise PlanError("places: expected an entrance, found none; set is_entrance on one")
        if not any(place.pull > 0 and not place.is_entrance for place in self.places):
            raise PlanError("places: expected somewhere to go to, found entrances and meeting points only")
        for walk in self.walks:
            self._check(walk, set(names))
        for place in self.places:
            self.route(names[0], place.name)

    def place(self, name: str) -> Place:
        """The place of that name."""
        return next(place for place in self.places if place.name == name)

    def route(self, start: str, end: str) -> Route:
        """The shortest way between two places.

        Raises:
            PlanError: if there is none.
        """
        if (start, end) not in self._routes:
            self._routes[start, end] = self._shortest(start, end)
        return self._routes[start, end]

    def is_clear(self, points: Points, *, clear_m: float = CLEAR_M) -> bool:
        """Whether somebody can stand at every one of the points, (N, 2) metres."""
        return all((distance_to(box, points) >= clear_m).all() for box in obstacles(self.boxes))

    def can_walk(self, start: Sequence[float], end: Sequence[float]) -> bool:
        """Whether the straight line is clear."""
        return self.is_clear(_between(start, end))

    def _check(self, walk: Walk, names: set[str]) -> None:
        unknown = set(walk.between) - names
        if unknown:
            raise PlanError(f"walks: expected names of places, found {sorted(unknown)[0]!r}")
        points = [_middle(self.place(walk.between[0])), *walk.via, _middle(self.place(walk.between[1]))]
        for start, end in pairwise(points):
            if not self.can_walk(start, end):
                raise PlanError(f"walk {' to '.join(walk.between)}: a box stands in its way; lead it round with `via`")

    def _shortest(self, start: str, end: str) -> Route:
        waiting: list[tuple[float, str, tuple[tuple[float, float], ...], float]] = [
            (0.0, start, (_middle(self.place(start)),), math.inf)
        ]
        done: set[str] = set()
        while waiting:
            length, name, points, width = heapq.heappop(waiting)
            if name == end:
                return Route(points, min(width, 10.0))
            if name in done:
                continue
            done.add(name)
            for walk in self.walks:
                if name in walk.between:
                    other = walk.between[1 - walk.between.index(name)]
                    via = walk.via if walk.between[0] == name else walk.via[::-1]
                    leg = (points[-1], *via, _middle(self.place(other)))
                    longer = length + sum(math.dist(a, b) for a, b in pairwise(leg))
                    heapq.heappush(waiting, (longer, other, points + leg[1:], min(width, walk.width_m)))
        raise PlanError(f"places: expected a way from {start} to {end}, found none; add walks")


def path_along(points: Sequence[tuple[float, float]], lane_m: float, *, is_shifted_at: tuple[bool, bool]) -> Points:
    """(P, 2) points every `STEP_M` along a way with rounded corners.

    Args:
        points: corners of the way.
        lane_m: how far to the right of it.
        is_shifted_at: whether its first and its last point are shifted too.
    """
    given = np.array(points, np.float64)
    corners: Points = given[np.append(True, np.hypot(*np.diff(given, axis=0).T) > 1e-6)]
    if len(corners) == 1:
        return corners
    ahead = np.diff(corners, axis=0)
    ahead /= np.hypot(*ahead.T)[:, None]
    right = np.stack((ahead[:, 1], -ahead[:, 0]), axis=1)
    at_corner = np.concatenate((right[:1], right[:-1] + right[1:], right[-1:]))
    at_corner /= np.maximum(np.hypot(*at_corner.T), 0.5)[:, None]
    at_corner[[0, -1]] *= np.array(is_shifted_at)[:, None]
    smooth = corners + lane_m * at_corner
    for _ in range(2):
        smooth = _rounded(smooth)
    return _evenly(smooth)


def obstacles(boxes: Sequence[Box]) -> list[Box]:
    """Those that nobody walks under."""
    return [box for box in boxes if box.bottom_m < HEAD_M]


def distance_to(box: Box, points: Points) -> NDArray[np.float64]:
    """(N,) metres from points to the footprint of a box; 0 within."""
    offset = points - np.array([box.x_m, box.y_m])
    if box.is_round:
        round_gap: NDArray[np.float64] = np.fmax(np.hypot(offset[:, 0], offset[:, 1]) - box.width_m / 2, 0.0)
        return round_gap
    cos, sin = math.cos(box.turn), math.sin(box.turn)
    along = np.abs(offset[:, 0] * cos + offset[:, 1] * sin) - box.width_m / 2
    across = np.abs(offset[:, 1] * cos - offset[:, 0] * sin) - box.depth_m / 2
    gap: NDArray[np.float64] = np.hypot(np.fmax(along, 0.0), np.fmax(across, 0.0))
    return gap


def _middle(place: Place) -> tuple[float, float]:
    return (place.x_m, place.y_m)


def _between(start: Sequence[float], end: Sequence[float]) -> Points:
    share = np.linspace(0.0, 1.0, max(2, math.ceil(math.dist(start, end) / 0.1)))[:, None]
    points: Points = (1 - share) * np.array(start) + share * np.array(end)
    return points


def _rounded(points: Points) -> Points:
    """Cuts every corner once, at most a metre from it (Chaikin's scheme)."""
    start, end = points[:-1], points[1:]
    length = np.maximum(np.hypot(*(end - start).T), 1e-9)
    cut = np.minimum(0.25, 1.0 / length)[:, None]
    inner = np.stack((start + cut * (end - start), end - cut * (end - start)), axis=1).reshape(-1, 2)
    return np.concatenate((points[:1], inner, points[-1:]))


def _evenly(points: Points) -> Points:
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    at = np.linspace(0.0, along[-1], max(2, round(along[-1] / STEP_M) + 1))
    return np.stack((np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])), axis=1)
