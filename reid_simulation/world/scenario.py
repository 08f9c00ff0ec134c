"""Who walks where and when: people come, go about, stand, sit, leave, and some of them come back.

The site is moved in even steps from before the first moment, whoever asks for which moments, so that cameras of all
frame rates see the same people in the same places.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_simulation.seams.stance import Action, Stance
from reid_simulation.world.crowd import STEP_S, empty_crowd, walls_of
from reid_simulation.world.plan import Place, Plan, Points, Seat, distance_to, obstacles, path_along

FREE_M = 1.0
"""Nobody comes in, or chooses a place to stand, so near to somebody else."""
ABREAST_M = 0.8
"""Between the lanes of two who walk side by side."""
EDGE_M = 0.25
"""Lanes keep so far from the edge of a walk."""
STUCK_S = 5.0
"""Who has not moved for so long, though on the way, goes another way."""
SIT_S = 1.2
"""To sit down, and to get up."""
SEAT_M = 0.4
"""From where somebody stands to where the pelvis is when they sit."""
TRIES = 30


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many come, and what they do.

    Attributes:
        arrivals_per_minute: mean of a Poisson process; of parties, one person or several.
        group_share: of the parties that are two or three people.
        visits: places that a party goes to, at least and at most.
        return_share: of the parties that come back, once.
        return_after_s: how long they stay away, at least and at most.
        warm_up_s: how long the site has been open when time begins.
        most: people on the floor at once; who comes then waits outside.
    """

    arrivals_per_minute: float = 8.0
    group_share: float = 0.25
    visits: tuple[int, int] = (1, 3)
    return_share: float = 0.3
    return_after_s: tuple[float, float] = (20.0, 60.0)
    warm_up_s: float = 60.0
    most: int = 30

    def __post_init__(self) -> None:
        low, high = self.visits
        if not (self.arrivals_per_minute > 0 and 1 <= low <= high and self.most > 0 and self.warm_up_s >= 0):
            raise ValueError(
                "expected arrivals_per_minute > 0, 1 <= visits in order, most > 0 and warm_up_s >= 0, "
                f"found {self.arrivals_per_minute}, {list(self.visits)}, {self.most} and {self.warm_up_s}"
            )


@dataclass(slots=True, eq=False)
class _Party:
    """Who came together, and goes about together.

    Attributes:
        persons: their numbers.
        comes_back: some time after the last of them has left.
        stays_until_s: for each of their visits, when it is over; set when the first of them arrives.
        inside: how many are on the floor.
    """

    persons: tuple[int, ...]
    comes_back: bool
    due_s: float
    number: int
    visits: tuple[str, ...] = ()
    leaves_by: str = ""
    stays_until_s: dict[int, float] | None = None
    inside: int = 0


@dataclass(slots=True, eq=False)
class _Person:
    """What one of the crowd is up to; beside the row there.

    Attributes:
        lane_m: to the right of the middle of a walk.
        here: the place that was left, or that this person is at.
        visit: index of the place that this person goes to or is at; all of them: leaves.
        spot: where in that place.
        seat: the spot has one.
        base: heading while standing, between glances to the sides.
        glance_until_s: when the next one is due.
        moved_s: when this person last moved.
        seated: see `Stance`.
    """

    number: int
    party: _Party
    lane_m: float
    here: str
    moved_s: float
    visit: int = -1
    spot: tuple[float, float] | None = None
    seat: Seat | None = None
    base: float = 0.0
    glance_until_s: float = -math.inf
    seated: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """All who are there, sorted by number.

    Attributes:
        numbers: (N,) int64.
        states: (N, 6) float64: x, y, heading, travelled, speed, and how far they are seated.
        actions: what each does.
    """

    numbers: NDArray[np.int64]
    states: NDArray[np.float64]
    actions: tuple[Action, ...]


class Scenario:
    """What happens on a floor plan; the same for the same seed, whoever asks and however often.

    Args:
        plan: where people can go.
        traffic: how many there are.
        pace_of: metres per second that a person likes to walk, by number.
        seed: of all that is random.
    """

    def __init__(self, plan: Plan, traffic: Traffic, pace_of: Callable[[int], float], seed: int) -> None:
        self._plan = plan
        self._traffic = traffic
        self._pace_of = pace_of
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._walls = walls_of(plan.boxes)
        self._crowd = empty_crowd()
        self._people: list[_Person] = []
        self._travelled_m: dict[int, float] = {}
        self._outside: list[_Party] = []
        self._parties = self._persons = self._steps = 0
        self._next_s = self._now_s = -traffic.warm_up_s
        self._moments: list[_Moment] = []

    def stances(self, time_s: float) -> list[Stance]:
        """Who is where at a moment, by number.

        Raises:
            ValueError: if the moment is before the start, 0.
        """
        if time_s < 0:
            raise ValueError(f"expected a time from 0 on, found {time_s}")
        step = math.floor(time_s / STEP_S)
        while len(self._moments) <= step + 1:
            self._advance()
        return _between(self._moments[step], self._moments[step + 1], time_s / STEP_S - step, time_s)

    def _advance(self) -> None:
        self._draw_arrivals()
        for party in [each for each in self._outside if each.due_s <= self._now_s]:
            if len(self._people) + len(party.persons) <= self._traffic.most and self._enter(party):
                self._outside.remove(party)
        for row in np.flatnonzero(self._crowd.has_arrived())[::-1].tolist():
            self._arrive(row)
        for row, person in enumerate(self._people):
            self._decide(row, person)
        if self._now_s > -STEP_S / 2:
            self._moments.append(self._moment())
        before = self._crowd.travelled.copy()
        self._crowd.step(self._walls)
        for row in np.flatnonzero(self._crowd.travelled > before).tolist():
            self._people[row].moved_s = self._now_s
        self._steps += 1
        self._now_s = self._steps * STEP_S - self._traffic.warm_up_s

    def _draw_arrivals(self) -> None:
        rng, traffic = self._rng, self._traffic
        while self._next_s <= self._now_s:
            self._next_s += rng.exponential(60.0 / traffic.arrivals_per_minute)
            size = int(rng.integers(2, 4)) if rng.random() < traffic.group_share else 1
            persons = tuple(range(self._persons + 1, self._persons + 1 + size))
            comes_back = bool(rng.random() < traffic.return_share)
            self._outside.append(_Party(persons, comes_back, self._next_s, self._parties))
            self._persons += size
            self._parties += 1

    def _enter(self, party: _Party) -> bool:
        """Puts a party before an entrance, one behind the other; False if somebody stands there."""
        door, leaves_by = (_choose(self._entrances(), self._rng).name for _ in range(2))
        visits = self._draw_visits()
        way = self._plan.route(door, visits[0])
        lanes = self._lanes(way.width_m, len(party.persons))
        paths = [path_along(way.points, lane, is_shifted_at=(True, False)) for lane in lanes]
        starts = [path[0] + _ahead(path) * (0.7 * (len(paths) - 1 - k)) for k, path in enumerate(paths)]
        if any((np.hypot(*(self._crowd.place - start).T) < FREE_M).any() for start in starts):
            return False
        party.visits, party.leaves_by = visits, leaves_by
        party.stays_until_s, party.inside = {}, len(party.persons)
        pace = min(self._pace_of(number) for number in party.persons)
        for number, lane, path, start in zip(party.persons, lanes, paths, starts, strict=True):
            heading = math.atan2(*_ahead(path)[::-1])
            travelled_m = self._travelled_m.get(number, 0.0)
            self._crowd.add(start.tolist(), heading, pace=pace, party=party.number, travelled_m=travelled_m)
            self._people.append(_Person(number, party, lane, door, self._now_s))
            self._crowd.speed[-1] = pace
            self._go_on(len(self._people) - 1)
        return True

    def _entrances(self) -> list[Place]:
        return [place for place in self._plan.places if place.is_entrance]

    def _draw_visits(self) -> tuple[str, ...]:
        places = [place for place in self._plan.places if place.pull > 0 and not place.is_entrance]
        count = int(self._rng.integers(self._traffic.visits[0], self._traffic.visits[1] + 1))
        visits: list[str] = []
        for _ in range(count):
            others = [place for place in places if not visits or place.name != visits[-1]]
            visits.append(_choose(others or places, self._rng).name)
        return tuple(visits)

    def _lanes(self, width_m: float, count: int) -> list[float]:
        """Lanes for people side by side, the first of them anywhere on the right."""
        half_m = max(width_m / 2 - EDGE_M, 0.0)
        first = self._rng.uniform(0.15, 1.0) * half_m
        return [max(first - ABREAST_M * k, -half_m) for k in range(count)]

    def _arrive(self, row: int) -> None:
        """Takes out who has left, and lets stand who has come to a place."""
        person = self._people[row]
        party = person.party
        if person.visit == len(party.visits):
            self._leave(row)
            return
        person.here = party.visits[person.visit]
        place = self._plan.place(person.here)
        stays = party.stays_until_s
        assert stays is not None
        if person.visit not in stays:
            stays[person.visit] = self._now_s + self._rng.uniform(*place.dwell_s)
        self._crowd.halt(row)
        person.base = self._base_heading(row, place)
        person.glance_until_s = self._now_s + self._rng.uniform(1.0, 3.0)
        self._crowd.face[row] = person.base

    def _leave(self, row: int) -> None:
        person = self._people.pop(row)
        party = person.party
        self._travelled_m[person.number] = float(self._crowd.travelled[row])
        self._crowd.remove(row)
        party.inside -= 1
        if party.inside == 0 and party.comes_back:
            due_s = self._now_s + self._rng.uniform(*self._traffic.return_after_s)
            self._outside.append(_Party(party.persons, False, due_s, self._parties))
            self._parties += 1

    def _decide(self, row: int, person: _Person) -> None:
        """What somebody who stands does next; and another way for who is stuck."""
        if self._crowd.walks[row]:
            if self._now_s - person.moved_s > STUCK_S:
                person.lane_m = -person.lane_m
                person.moved_s = self._now_s
                person.visit -= 1
                self._go_on(row)
            return
        stays = person.party.stays_until_s
        assert stays is not None
        if person.seat is not None:
            self._sit(row, person, stays[person.visit])
        if self._now_s >= stays[person.visit] and person.seated == 0:
            self._go_on(row)
        elif person.seat is None and self._now_s >= person.glance_until_s:
            person.glance_until_s = self._now_s + self._rng.uniform(2.0, 6.0)
            self._crowd.face[row] = person.base + self._rng.normal(0.0, 0.5)

    def _sit(self, row: int, person: _Person, until_s: float) -> None:
        """Lets somebody down onto a seat once they face away from it, and up again when it is time."""
        is_turned = abs(math.remainder(self._crowd.face[row] - self._crowd.heading[row], 2 * math.pi)) < 0.1
        is_down = is_turned and self._crowd.speed[row] == 0 and self._now_s < until_s
        change = STEP_S / SIT_S if is_down else -STEP_S / SIT_S
        person.seated = min(max(person.seated + change, 0.0), 1.0)

    def _go_on(self, row: int) -> None:
        """Sends somebody to the next place of the party where there is room, or out."""
        person = self._people[row]
        person.moved_s, person.spot, person.seat = self._now_s, None, None
        party = person.party
        person.visit += 1
        while person.visit < len(party.visits):
            place = self._plan.place(party.visits[person.visit])
            spot = self._find_spot(row, place)
            if spot is not None:
                person.spot = spot
                self._send(row, person, place.name, spot)
                return
            person.visit += 1
        self._send(row, person, party.leaves_by, None)

    def _send(self, row: int, person: _Person, target: str, spot: tuple[float, float] | None) -> None:
        here = (float(self._crowd.place[row, 0]), float(self._crowd.place[row, 1]))
        points = self._plan.route(person.here, target).points
        if len(points) > 1 and self._plan.can_walk(here, points[1]):
            points = points[1:]
        if spot is not None:
            before = points[-2] if len(points) > 1 else here
            points = (*(points[:-1] if self._plan.can_walk(before, spot) else points), spot)
        path = path_along((here, *points), person.lane_m, is_shifted_at=(False, spot is None))
        self._crowd.send(row, path, stops=spot is not None)

    def _find_spot(self, row: int, place: Place) -> tuple[float, float] | None:
        """A free seat, or somewhere to stand, away from all who stand there or are on their way to it."""
        taken = [each.spot for k, each in enumerate(self._people) if k != row and each.spot is not None]
        for seat in place.seats:
            if _is_free((seat.x_m, seat.y_m), taken, 0.3):
                self._people[row].seat = seat
                return (seat.x_m, seat.y_m)
        middle = np.array([place.x_m, place.y_m])
        for _ in range(TRIES):
            far_m, angle = place.radius_m * math.sqrt(self._rng.random()), self._rng.uniform(0, 2 * math.pi)
            spot = middle + far_m * np.array([math.cos(angle), math.sin(angle)])
            clear = all(distance_to(box, spot[None])[0] >= 0.4 for box in obstacles(self._plan.boxes))
            if (
                clear
                and _is_free((spot[0], spot[1]), taken, FREE_M)
                and self._plan.can_walk(middle.tolist(), spot.tolist())
            ):
                return (float(spot[0]), float(spot[1]))
        return None

    def _base_heading(self, row: int, place: Place) -> float:
        """To what the place is for, or to the others of the party, or wherever one happens to look."""
        person, (x, y) = self._people[row], self._crowd.place[row].tolist()
        if person.seat is not None:
            return math.radians(person.seat.faces)
        if place.faces is not None:
            return math.atan2(place.faces[1] - y, place.faces[0] - x)
        others = [
            self._crowd.place[k]
            for k, each in enumerate(self._people)
            if each.party is person.party and each is not person and each.here == person.here
        ]
        if others:
            dx, dy = np.mean(others, axis=0) - self._crowd.place[row]
            return math.atan2(dy, dx)
        return float(self._crowd.heading[row] + self._rng.normal(0.0, 0.9))

    def _moment(self) -> _Moment:
        crowd = self._crowd
        numbers = np.array([person.number for person in self._people], np.int64)
        order = np.argsort(numbers)
        seated = np.array([person.seated for person in self._people])
        states = np.column_stack((crowd.place, crowd.heading, crowd.travelled, crowd.speed, seated))
        back = SEAT_M * seated * seated * (3 - 2 * seated)
        states[:, 0] -= back * np.cos(crowd.heading)
        states[:, 1] -= back * np.sin(crowd.heading)
        actions = tuple(self._action(row) for row in order.tolist())
        return _Moment(numbers[order], states[order], actions)

    def _action(self, row: int) -> Action:
        if self._crowd.walks[row]:
            return "walk"
        return "sit" if self._people[row].seated > 0 else "stand"


def _between(first: _Moment, second: _Moment, share: float, time_s: float) -> list[Stance]:
    """Everybody who is there before and after, in between."""
    numbers, here, there = np.intersect1d(first.numbers, second.numbers, assume_unique=True, return_indices=True)
    change = second.states[there] - first.states[here]
    change[:, 2] = np.remainder(change[:, 2] + math.pi, 2 * math.pi) - math.pi
    states = (first.states[here] + share * change).tolist()
    return [
        Stance(number, x, y, heading, travelled_m, speed_mps, first.actions[row], time_s, seated)
        for number, (x, y, heading, travelled_m, speed_mps, seated), row in zip(
            numbers.tolist(), states, here.tolist(), strict=True
        )
    ]


def _choose(places: Sequence[Place], rng: np.random.Generator) -> Place:
    weights = np.array([max(place.pull, 1e-9) for place in places])
    return places[int(rng.choice(len(places), p=weights / weights.sum()))]


def _is_free(spot: tuple[float, float], taken: Sequence[tuple[float, float]], apart_m: float) -> bool:
    return all(math.dist(spot, other) >= apart_m for other in taken)


def _ahead(path: Points) -> Points:
    """Unit vector from the first point of a path to the second."""
    step = path[1] - path[0]
    unit: Points = step / np.hypot(*step)
    return unit
