import numpy as np
import pytest

from reid_simulation.output.scatter import HEAD_M, ScatterParams, scatter_people, scattered_frames
from reid_simulation.render.things import hides, things_of
from reid_simulation.seams.scene import Box, Scene
from reid_simulation.world.rooms import random_room
from testing.simulation.capsule import capsule_man

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_camera_hangs_in_its_room_below_the_ceiling_and_looks_into_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene, camera = random_room(rng, name="any", width=320, height=240)
    walls = [box for box in scene.boxes if min(box.width_m, box.depth_m) == pytest.approx(0.2)]
    assert len(walls) >= 4
    assert camera.height_m < max(box.height_m for box in walls)
    reach = [max(abs(box.x_m), abs(box.y_m)) for box in walls]
    assert max(abs(camera.x_m), abs(camera.y_m)) < max(reach)
    towards_middle = -np.array([camera.x_m, camera.y_m])
    looks = np.array([np.cos(camera.pan), np.sin(camera.pan)])
    assert looks @ towards_middle / np.linalg.norm(towards_middle) > -0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_stands_where_a_wall_hides_the_head(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene, camera = random_room(rng, name="any", width=320, height=240)
    things = things_of(scene)
    for stance in scatter_people(rng, camera, scene, np.arange(1, 9), least_px=20.0):
        assert not hides(things, camera.position_m, np.array([stance.x_m, stance.y_m, HEAD_M]))


def test_most_people_in_rooms_are_seen() -> None:
    params = ScatterParams(
        cameras=10, frames=2, group=6, most_people=6, width=160, height=120, least_px=12.0, rooms=1.0, seed=2
    )
    frames = [frame for _, frame in scattered_frames(capsule_man, np.arange(1, 7, dtype=np.int64), params)]
    seen = [person.visibility for frame in frames for person in frame.people]
    assert len(seen) > 20
    assert np.mean(np.array(seen) > 0.35) > 0.75


def test_a_thing_hides_what_is_behind_it_and_below_its_top() -> None:
    things = things_of(Scene(boxes=(Box(x_m=2.0, y_m=0.0, width_m=0.2, depth_m=2.0, height_m=1.0),)))
    eye = np.array([0.0, 0.0, 1.5])
    assert hides(things, eye, np.array([4.0, 0.0, 0.2]))
    assert not hides(things, eye, np.array([4.0, 0.0, 1.5]))
    assert not hides(things, eye, np.array([1.0, 0.0, 0.2]))
    assert not hides(things, eye, np.array([4.0, 5.0, 0.2]))
