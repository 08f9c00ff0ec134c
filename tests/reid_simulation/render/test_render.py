from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_simulation.render.background import background, part
from reid_simulation.render.render import COARSE, Dressed, Renderer
from reid_simulation.render.stage import Stage
from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.identity import Fabric
from reid_simulation.seams.mesh import Mesh, Surface, Template
from reid_simulation.seams.scene import Box, Light, Scene
from reid_simulation.seams.stance import Stance
from testing.simulation.capsule import CapsuleMan, capsule_man

CAMERA = Camera("c", 0.0, 0.0, 2.6, pan=0.0, tilt=0.2, fov=1.1, width=480, height=270, noise=3.0)
EMPTY = Scene(light=Light(sun=0.0), is_indoors=False)


def stance(person: int, x_m: float, y_m: float, heading: float = 0.3) -> Stance:
    return Stance(person, x_m, y_m, heading, 0.0, 1.3, "walk", 0.0)


CROWD = [stance(1, 6, 0.4), stance(2, 7, 0.6, 2), stance(3, 9, -3, 1), stance(4, 5, -1.5), stance(5, 15, 3.5)]


def slab_man(number: int, detail: int) -> CapsuleMan:
    """1.8 m tall, half a metre wide and a centimetre thick, looking along x."""
    corners = np.array([[x, y, z] for x in (-0.005, 0.005) for y in (-0.25, 0.25) for z in (0.0, 1.8)], np.float32)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([[(a, b, c), (a, c, d)] for a, b, c, d in quads], np.int32).reshape(-1, 3)
    surface = Surface("upper", Fabric("plain", ((200, 40, 40),)))
    template = Template(faces, np.zeros(len(faces), np.uint8), corners[:, 1:].copy(), (surface,))
    outwards = corners - corners.mean(axis=0)
    return CapsuleMan(Mesh(template, corners, outwards / np.linalg.norm(outwards, axis=1, keepdims=True)))


@pytest.mark.parametrize("k1", [0.0, -0.12])
def test_people_fill_the_boxes_of_their_projected_vertices(k1: float) -> None:
    camera = replace(CAMERA, k1=k1, roll=0.1)
    for each in CROWD:
        rendered = Renderer(camera, EMPTY, capsule_man).frame([each], 0.0)
        ys, xs = np.nonzero(rendered.person_pixels == each.person)
        pixels, _ = camera.project(capsule_man(each.person).pose(each).vertices.astype(np.float64))
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        seen = rendered.people[0].visible_box
        assert seen is not None
        np.testing.assert_allclose(rendered.people[0].box, [*low, *high], atol=0.01)
        assert (np.array(seen[:2]) >= low - 0.5).all()
        assert (np.array(seen[2:]) <= high + 0.5).all()
        np.testing.assert_allclose([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], [*low, *high], atol=1.0)
        np.testing.assert_allclose(seen, [*low, *high], atol=1.0)


def test_the_same_people_give_the_same_image_bit_for_bit() -> None:
    first, second = (Renderer(CAMERA, EMPTY, capsule_man) for _ in range(2))
    first.frame([stance(7, 5, 0), stance(8, 8, 1)], 0.1)
    one, other = first.frame(CROWD, 0.4), second.frame(CROWD[::-1], 0.4)
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.person_pixels, other.person_pixels)
    assert one.people == other.people


def test_noise_differs_from_frame_to_frame() -> None:
    renderer = Renderer(CAMERA, EMPTY, capsule_man)
    first, second = (renderer.frame([], time_s).image.astype(float) for time_s in (0.0, 0.04))
    spread = (first - second).std() / np.sqrt(2)
    assert 1.0 < spread < 6.0


def test_half_a_man_behind_a_wall_is_half_visible() -> None:
    camera = Camera("low", 0.0, 0.0, 0.9, tilt=0.0, fov=1.0, width=640, height=480)
    wall = Box(5.0, 0.0, 0.2, 6.0, 0.9)
    people = Renderer(camera, Scene(boxes=(wall,)), slab_man).frame([stance(1, 6, 0, 0)], 0.0).people
    assert people[0].visibility == pytest.approx(0.5, abs=0.01)
    assert people[0].visible_box is not None
    assert people[0].visible_box[3] == pytest.approx(240, abs=1)
    assert people[0].box[3] > 300


def test_half_a_man_beyond_the_edge_is_half_visible() -> None:
    camera = Camera("low", 0.0, 0.0, 0.9, tilt=0.0, fov=1.0, width=640, height=480)
    edge_m = 6.0 * np.tan(0.5)
    people = Renderer(camera, EMPTY, slab_man).frame([stance(1, 6, float(edge_m), 0)], 0.0).people
    assert people[0].visibility == pytest.approx(0.5, abs=0.02)
    assert people[0].box[0] < -20


def test_who_stands_behind_a_wall_is_not_seen_but_known() -> None:
    wall = Box(4.0, 0.0, 0.3, 8.0, 3.0)
    rendered = Renderer(CAMERA, Scene(boxes=(wall,), is_indoors=False), capsule_man).frame([stance(1, 6, 0)], 0.0)
    assert not rendered.person_pixels.any()
    assert rendered.people[0].visibility == 0.0
    assert rendered.people[0].visible_box is None


def test_the_nearer_hides_the_farther() -> None:
    people = Renderer(CAMERA, EMPTY, capsule_man).frame([stance(1, 9, 0.1), stance(2, 5, 0)], 0.0).people
    assert [each.person for each in people] == [2, 1]
    assert people[0].visibility == 1.0
    assert 0.0 < people[1].visibility < 0.6


def test_who_is_out_of_the_image_is_not_in_the_truth() -> None:
    beside, behind = stance(1, 5, 20), stance(2, -5, 0)
    assert Renderer(CAMERA, EMPTY, capsule_man).frame([beside, behind], 0.0).people == ()


def test_the_floor_is_darker_under_feet_and_away_from_the_sun() -> None:
    sun_in_the_west = Light(azimuth=np.pi, elevation=0.8, sun=1.0)
    camera = replace(CAMERA, noise=0.0, height_m=6.0, tilt=0.8)
    renderer = Renderer(camera, Scene(light=sun_in_the_west, is_indoors=False), capsule_man)
    change = renderer.frame([stance(1, 6, 0)], 0.0).image.astype(float) - renderer.frame([], 0.0).image
    shaded, sunny = (camera.project(np.array([[6.0 + dx, 0.0, 0.0]]))[0][0].astype(int) for dx in (0.8, -0.8))
    assert change[shaded[1], shaded[0]].mean() < -15
    assert abs(change[sunny[1], sunny[0]].mean()) < 2


def test_a_part_of_an_image_is_drawn_as_the_whole() -> None:
    camera = replace(CAMERA, noise=0.0, softness_px=0.0)
    wall = Box(7.0, 1.0, 0.5, 1.0, 2.0, material="brick")
    whole = background(Scene(boxes=(wall,), is_indoors=False), camera)
    people = [Dressed(capsule_man).pose(each, COARSE) for each in CROWD]
    frame = Stage(whole).draw(people)
    cut = Stage(part(whole, (150, 40, 350, 240), 200, 200)).draw(people)
    differing = np.abs(frame.image[40:240, 150:350].astype(int) - cut.image).max(axis=2) > 6
    assert differing.mean() < 0.01
    assert (frame.person_pixels[40:240, 150:350] != cut.person_pixels).mean() < 0.005
    doubled = Stage(part(whole, (150, 40, 350, 240), 400, 400)).draw(people)
    for one, two in zip(cut.people, doubled.people, strict=True):
        np.testing.assert_allclose(np.array(two.box), 2 * np.array(one.box), atol=0.05)
        assert two.visibility == pytest.approx(one.visibility, abs=0.03)


def test_a_long_shutter_smears_who_walks_along_their_way() -> None:
    camera = replace(CAMERA, noise=0.0, softness_px=0.0)
    across = stance(1, 5, 0, np.pi / 2)

    def change(shutter_s: float, each: Stance) -> NDArray[np.bool_]:
        slow = Renderer(replace(camera, shutter_s=shutter_s), EMPTY, capsule_man).frame([each], 0.0).image
        sharp = Renderer(replace(camera, shutter_s=0.0), EMPTY, capsule_man).frame([each], 0.0).image
        return np.asarray(np.abs(slow.astype(int) - sharp).sum(axis=2) > 30)

    assert not change(0.1, replace(across, speed_mps=0.0)).any()
    smeared = change(0.1, across)
    assert smeared.any()
    ys, xs = np.nonzero(smeared)
    box = Renderer(camera, EMPTY, capsule_man).frame([across], 0.0).people[0].box
    gone_px = 0.13 * camera.focal_px / 5
    assert box[0] - gone_px < xs.min() < box[0]
    assert box[2] <= xs.max() < box[2] + gone_px
    assert ys.min() >= box[1] - 1.5
