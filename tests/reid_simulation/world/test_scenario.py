import math

import numpy as np
import pytest

from reid_simulation.seams.scene import Box
from reid_simulation.seams.stance import Stance
from reid_simulation.world.crowd import APART_M, WALL_M
from reid_simulation.world.plan import Place, Plan, PlanError, Seat, Walk, distance_to
from reid_simulation.world.scenario import Scenario, Traffic

SHELF = Box(x_m=6.0, y_m=6.0, width_m=0.6, depth_m=3.0, height_m=1.5)
PILLAR = Box(x_m=8.0, y_m=2.4, width_m=0.5, depth_m=0.5, height_m=3.0, is_round=True)
PLAN = Plan(
    places=(
        Place("west", 0.0, 2.0, is_entrance=True),
        Place("east", 14.0, 2.0, is_entrance=True),
        Place("middle", 6.0, 2.0, pull=0),
        Place("left", 3.5, 6.0, dwell_s=(2, 6)),
        Place("right", 9.0, 6.0, dwell_s=(2, 6), faces=(6.0, 6.0)),
    ),
    walks=(
        Walk(("west", "middle"), 3.0),
        Walk(("middle", "east"), 3.0, via=((8.0, 1.0),)),
        Walk(("middle", "left"), 2.0, via=((4.0, 4.0),)),
        Walk(("middle", "right"), 2.0, via=((8.0, 4.2),)),
    ),
    boxes=(SHELF, PILLAR),
)
BUSY = Traffic(arrivals_per_minute=14, group_share=0.3, return_share=0.6, return_after_s=(3, 8), warm_up_s=20, most=14)


def pace_of(number: int) -> float:
    return 1.0 + 0.1 * (number % 6)


def scenario(seed: int = 3, *, plan: Plan = PLAN, traffic: Traffic = BUSY) -> Scenario:
    return Scenario(plan, traffic, pace_of, seed)


@pytest.fixture(scope="module")
def minute() -> list[list[Stance]]:
    """80 s of the busy site, 20 moments a second."""
    busy = scenario()
    return [busy.stances(k / 20) for k in range(1600)]


def by_person(moments: list[list[Stance]]) -> dict[int, list[list[Stance]]]:
    """For each person, one list for each stay."""
    stays: dict[int, list[list[Stance]]] = {}
    for stances in moments:
        for stance in stances:
            of_person = stays.setdefault(stance.person, [])
            if not of_person or stance.time_s - of_person[-1][-1].time_s > 0.06:
                of_person.append([])
            of_person[-1].append(stance)
    return stays


def test_a_moment_is_the_same_whoever_asks_and_in_which_order() -> None:
    first, second = scenario(), scenario()
    second.stances(31.7)
    times = [0.0, 0.04, 7.03, 12.5, 31.7]
    for time_s in times:
        second.stances(time_s)
    assert [first.stances(time_s) for time_s in times] == [second.stances(time_s) for time_s in times]
    assert scenario(seed=4).stances(31.7) != first.stances(31.7)


def test_people_come_stay_leave_and_come_back_as_themselves(minute: list[list[Stance]]) -> None:
    stays = by_person(minute)
    returned = [of_person for of_person in stays.values() if len(of_person) > 1]
    assert len(stays) > 15
    assert returned
    for before, after in ((of_person[0][-1], of_person[1][0]) for of_person in returned):
        assert after.time_s - before.time_s > 3
        assert after.travelled_m == pytest.approx(before.travelled_m, abs=0.3)
    doors = np.array([[place.x_m, place.y_m] for place in PLAN.places if place.is_entrance])
    ends = [stay[-1] for of_person in stays.values() for stay in of_person if stay[-1].time_s < 79]
    assert ends
    for stance in ends:
        assert np.hypot(*(doors - [stance.x_m, stance.y_m]).T).min() < 2.5


def test_nobody_walks_through_anybody_or_anything(minute: list[list[Stance]]) -> None:
    for stances in minute:
        at = np.array([[stance.x_m, stance.y_m] for stance in stances]).reshape(-1, 2)
        gaps = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) + 9 * np.eye(len(at))
        assert gaps.min(initial=9.0) > APART_M - 0.01
        assert all(distance_to(box, at).min(initial=9.0) > WALL_M - 0.01 for box in (SHELF, PILLAR))


def test_people_move_where_they_face_at_their_own_pace_and_never_flip_round(minute: list[list[Stance]]) -> None:
    for of_person in by_person(minute).values():
        for stay in of_person:
            path = np.array([[s.x_m, s.y_m, s.heading, s.travelled_m, s.speed_mps] for s in stay])
            steps, moved = np.diff(path, axis=0), np.hypot(*np.diff(path[:, :2], axis=0).T)
            np.testing.assert_allclose(steps[:, 3], moved, atol=1e-3)
            turned = np.abs(np.remainder(steps[:, 2] + math.pi, 2 * math.pi) - math.pi)
            assert turned.max(initial=0.0) <= 2.0 / 20 + 1e-6
            assert np.abs(steps[:, 4]).max(initial=0.0) <= pace_of(stay[0].person) * 1.3
            ahead = np.stack((np.cos(path[1:, 2]), np.sin(path[1:, 2])), axis=1)
            sideways = np.abs(ahead[:, 0] * steps[:, 1] - ahead[:, 1] * steps[:, 0])
            assert sideways.max(initial=0.0) < 0.01


def test_walkers_get_on_although_others_are_in_the_way(minute: list[list[Stance]]) -> None:
    walking = [stance for stances in minute for stance in stances if stance.action == "walk"]
    share = np.mean([stance.speed_mps / pace_of(stance.person) for stance in walking])
    assert share > 0.7


def test_more_come_at_a_higher_rate() -> None:
    def persons(rate: float) -> int:
        quiet = scenario(traffic=Traffic(arrivals_per_minute=rate, group_share=0, return_share=0, warm_up_s=0, most=99))
        return len({stance.person for second in range(0, 90, 3) for stance in quiet.stances(second)})

    assert persons(3) < 10 < persons(16)


def test_who_finds_a_seat_turns_round_sits_down_on_it_and_gets_up_again() -> None:
    seat = Seat(x_m=4.0, y_m=6.5, faces=-90.0)
    hall = Plan(
        (Place("door", 0, 0, is_entrance=True), Place("bench", 4, 6, dwell_s=(8, 12), seats=(seat,))),
        (Walk(("door", "bench")),),
    )
    alone = Traffic(arrivals_per_minute=3, group_share=0, visits=(1, 1), return_share=0, warm_up_s=0)
    waiting_room = scenario(plan=hall, traffic=alone)
    seen = [stance for tick in range(900) for stance in waiting_room.stances(tick / 10)]
    seated = [stance for stance in seen if stance.action == "sit"]
    assert {stance.seated for stance in seated} >= {1.0}
    for stance in seated:
        at = (seat.x_m, seat.y_m + 0.4 * stance.seated**2 * (3 - 2 * stance.seated))
        assert math.dist((stance.x_m, stance.y_m), at) < 0.25
        assert math.cos(stance.heading - math.radians(seat.faces)) > 0.95
    of_first = [stance.seated for stance in seen if stance.person == seated[0].person and stance.action == "sit"]
    assert np.abs(np.diff(of_first)).max() < 0.1
    assert min(of_first[0], of_first[-1]) < 0.15


@pytest.mark.parametrize(
    ("places", "walks", "expected"),
    [
        ((Place("a", 0, 0), Place("b", 1, 0)), (), "expected an entrance"),
        ((Place("a", 0, 0, is_entrance=True), Place("b", 1, 0, pull=0)), (), "somewhere to go to"),
        ((Place("a", 0, 0, is_entrance=True), Place("a", 1, 0)), (), "names that differ"),
        ((Place("a", 0, 0, is_entrance=True), Place("b", 5, 0)), (Walk(("a", "c")),), "found 'c'"),
        ((Place("a", 0, 0, is_entrance=True), Place("b", 5, 0)), (), "a way from a to b"),
        ((Place("a", 0, 6, is_entrance=True), Place("b", 9, 6)), (Walk(("a", "b")),), "walk a to b: a box stands"),
    ],
)
def test_plans_that_nobody_can_walk_are_refused(
    places: tuple[Place, ...], walks: tuple[Walk, ...], expected: str
) -> None:
    with pytest.raises(PlanError, match=expected):
        Plan(places, walks, boxes=(SHELF,))


def test_there_is_nothing_before_the_start() -> None:
    with pytest.raises(ValueError, match="from 0 on, found -1"):
        scenario().stances(-1)
