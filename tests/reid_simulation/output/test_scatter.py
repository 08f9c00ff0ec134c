import itertools

import numpy as np
import pytest

from reid_simulation.output.scatter import (
    SHOULDER_M,
    ScatterParams,
    dress_wildly,
    scatter_people,
    scattered_frames,
)
from reid_simulation.people.people import Population
from reid_simulation.world.rooms import random_room
from reid_simulation.world.surroundings import random_camera, random_scene
from testing.simulation.capsule import capsule_man

SMALL = ScatterParams(cameras=2, frames=2, group=3, most_people=3, width=96, height=72, least_px=20.0)


@pytest.mark.parametrize("seed", range(8))
def test_people_stand_in_view_apart_and_not_too_far(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    camera = random_camera(rng, name="any", width=640, height=480)
    placed = scatter_people(rng, camera, scene, np.arange(1, 9), least_px=50.0)
    assert len({stance.person for stance in placed}) == len(placed) > 0
    for one, other in itertools.combinations(placed, 2):
        assert np.hypot(one.x_m - other.x_m, one.y_m - other.y_m) >= SHOULDER_M
    for stance in placed:
        away_m = np.hypot(stance.x_m - camera.x_m, stance.y_m - camera.y_m)
        assert camera.focal_px * 1.7 / away_m > 49.0
        _, depth = camera.project(np.array([[stance.x_m, stance.y_m, 0.9]]))
        assert depth[0] > 0


def test_no_random_camera_folds_its_image() -> None:
    rng = np.random.default_rng(0)
    for _ in range(1000):
        random_camera(rng, name="any", width=640, height=480)
        random_room(rng, name="any", width=640, height=480)


def test_the_same_seed_gives_the_same_frames_from_every_camera() -> None:
    persons = np.arange(1, 6, dtype=np.int64)
    first, again = (list(scattered_frames(capsule_man, persons, SMALL)) for _ in range(2))
    assert [camera for camera, _ in first] == [0, 0, 1, 1, 0, 0, 1, 1]
    for (_, one), (_, other) in zip(first, again, strict=True):
        assert np.array_equal(one.image, other.image)
    seen = {person.person for _, frame in first for person in frame.people}
    assert seen <= set(persons.tolist())
    assert len(seen) > 2


def test_wild_clothes_leave_the_body_and_the_cuts() -> None:
    person = Population(1).identity(4)
    wild = dress_wildly(person, np.random.default_rng(0))
    assert (wild.height_m, wild.skin, wild.hair) == (person.height_m, person.skin, person.hair)
    assert [each.kind for each in wild.worn] == [each.kind for each in person.worn]
    assert all(one.fabric != other.fabric for one, other in zip(wild.worn, person.worn, strict=True))
