from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_simulation.body import packed
from reid_simulation.people.figure import Figure
from reid_simulation.people.people import Population
from reid_simulation.seams.identity import Fabric, Identity, Worn
from reid_simulation.seams.stance import Action, Stance

CLOTH = Fabric("plain", ((90, 90, 120),))
MAN = Identity(
    1, 1.0, 30, 1.78, 0.0, 0.0, (0.1, 0.1, 0.8), (215, 170, 145), Worn("short02", CLOTH),
    tuple(Worn(kind, CLOTH) for kind in ("socks", "shoes-laced", "jeans", "tee-straight")),
)  # fmt: skip
PEOPLE = [Population(5, style="any").identity(number) for number in (3, 8, 13, 14, 17, 18)]
"""Men, women and a child, in all three pairs of shoes."""


def stance(travelled_m: float = 0.0, speed_mps: float = 0.0, action: Action = "walk", *, x_m: float = 0.0) -> Stance:
    return Stance(1, x_m, 0.0, 0.0, travelled_m, speed_mps, action, 0.0)


def shoes(person: Identity, detail: int, steps: int) -> NDArray[np.float32]:
    """(steps + 1, V, 3) over one cycle of a steady walk along x, the last step again the first."""
    figure = Figure(person, detail)
    template = figure.template
    roles = [surface.role for surface in template.surfaces]
    mine = np.unique(template.triangles[template.surface == roles.index("shoes")])
    way_m = np.arange(steps + 1) / steps * person.stride_m
    return np.stack([figure.pose(stance(m, person.pace_mps, x_m=m)).vertices[mine] for m in way_m])


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: f"{person.height_m:.2f}m")
def test_the_lowest_point_of_the_shoes_is_on_the_floor_all_the_way(person: Identity) -> None:
    for detail in (0, 1):
        lowest = shoes(person, detail, 24)[:, :, 2].min(axis=1)
        assert lowest.min() > -0.01
        assert lowest.max() < 0.01


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: f"{person.height_m:.2f}m")
def test_a_planted_shoe_does_not_slide(person: Identity) -> None:
    way = shoes(person, 1, 96)
    on_floor = way[:, :, 2] < 0.004
    slips = np.linalg.norm(np.diff(way[:, :, :2], axis=0), axis=2)
    slid_m = (slips * (on_floor[1:] & on_floor[:-1])).sum(axis=0)
    assert on_floor.any(axis=1).mean() > 0.9
    assert slid_m.max() < 0.02


def test_feet_swing_clear_of_the_floor_and_forward_by_a_stride() -> None:
    way = shoes(MAN, 1, 48)
    assert np.ptp(way[:, :, 2], axis=0).min() > 0.05
    np.testing.assert_allclose(way[-1] - way[0], np.broadcast_to([MAN.stride_m, 0, 0], way[0].shape), atol=1e-4)


def test_somebody_is_as_tall_as_they_are() -> None:
    for person in PEOPLE:
        barefoot = replace(person, worn=(), hair=None, carried=())
        height_m = np.ptp(Figure(barefoot, 0).pose(stance(action="stand")).vertices[:, 2])
        assert height_m == pytest.approx(person.height_m, abs=0.03)


def test_arms_hang_and_hands_are_beside_the_hips() -> None:
    for person in (MAN, replace(MAN, number=2), replace(MAN, sex=0.0)):
        vertices = Figure(replace(person, hair=None), 1).pose(stance(0.3, person.pace_mps)).vertices
        assert np.ptp(vertices[:, 1]) < 0.42 * person.height_m
        wide = np.abs(vertices[:, 1]) > 0.25
        assert vertices[wide, 2].max() < 0.86 * person.height_m


def test_who_sits_is_lower_and_rests_their_feet_on_the_floor() -> None:
    seated, standing = (Figure(MAN, 1).pose(stance(action=action)).vertices for action in ("sit", "stand"))
    assert seated[:, 2].max() == pytest.approx(standing[:, 2].max() - 0.42, abs=0.1)
    assert seated[:, 2].min() == pytest.approx(0, abs=0.01)


def test_a_slow_walker_is_between_standing_and_walking() -> None:
    figure = Figure(MAN, 1)
    speeds = (0.0, 0.1, 0.2, 0.35, 0.6, 1.35)
    steps = [np.ptp(figure.pose(stance(0.2, speed)).vertices[:, 0]) for speed in speeds]
    assert steps == sorted(steps)
    assert steps[0] < 0.5 * steps[-1]


def test_a_pose_turns_and_moves_with_its_stance() -> None:
    figure = Figure(MAN, 1)
    here = figure.pose(stance(0.3, 1.3)).vertices
    there = figure.pose(replace(stance(0.3, 1.3, x_m=4.0), y_m=-2.0, heading=np.pi / 2)).vertices
    np.testing.assert_allclose(there, np.stack([4 - here[:, 1], here[:, 0] - 2, here[:, 2]], axis=1), atol=1e-4)


def test_normals_are_of_unit_length_and_point_outwards() -> None:
    figure = Figure(replace(MAN, hair=None), 0)
    mesh = figure.pose(stance(action="stand"))
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
    is_trunk = (np.abs(mesh.vertices[:, 1]) < 0.12) & (np.abs(mesh.vertices[:, 2] - 1.2) < 0.2)
    assert (mesh.normals[is_trunk, 0] * mesh.vertices[is_trunk, 0] > 0).mean() > 0.9


@pytest.mark.parametrize(("detail", "fewest", "most"), [(0, 5500, 9000), (1, 1700, 3000)])
def test_triangles_are_few_enough_and_refer_to_vertices(detail: int, fewest: int, most: int) -> None:
    for person in PEOPLE:
        figure = Figure(person, detail)
        template, vertices = figure.template, figure.pose(stance()).vertices
        assert fewest < len(template.triangles) < most
        assert template.triangles.max() == len(vertices) - 1 == len(template.uv_m) - 1
        assert template.surface.max() < len(template.surfaces)
        assert np.isfinite(template.uv_m).all()
        assert np.isfinite(vertices).all()


@pytest.mark.parametrize("detail", [0, 1])
def test_things_are_carried_close_to_the_body_by_people_of_any_size_and_dress(detail: int) -> None:
    crowd = [Population(9, style=style).identity(number) for style in ("summer", "winter") for number in range(1, 9)]
    for person in crowd:
        for kind in ("backpack", "shoulder-bag"):
            carrier = replace(person, carried=(Worn(kind, CLOTH),))
            figure = Figure(carrier, detail)
            template, vertices = figure.template, figure.pose(stance()).vertices
            roles = [surface.role for surface in template.surfaces]
            thing = vertices[template.triangles[template.surface == roles.index("carried")]]
            assert np.isfinite(thing).all()
            assert np.abs(thing[..., :2]).max() < 0.55
            assert thing[..., 2].max() < person.height_m


def test_what_lies_under_cloth_is_not_there() -> None:
    def skin(*kinds: str) -> int:
        worn = tuple(Worn(kind, CLOTH) for kind in kinds)
        template = Figure(replace(MAN, worn=worn), 0).template
        roles = np.array([surface.role for surface in template.surfaces])
        return int((roles[template.surface] == "skin").sum())

    bare, shirt, coat = skin(), skin("jeans", "tee-straight"), skin("jeans", "tee-straight", "coat")
    assert bare > shirt + 500
    assert shirt > coat + 100


def test_a_pattern_is_as_large_on_a_sleeve_as_on_a_trunk() -> None:
    figure = Figure(replace(MAN, worn=(Worn("sweater", CLOTH),)), 0)
    template, vertices = figure.template, figure.pose(stance()).vertices
    roles = [surface.role for surface in template.surfaces]
    corners = template.triangles[template.surface == roles.index("upper")]
    a, b, c = (vertices[corners[:, corner]] for corner in range(3))
    flat = template.uv_m[corners]
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    first, second = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    drawn = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    assert np.median(drawn / area) == pytest.approx(0.95, abs=0.25)


def test_the_same_person_is_posed_alike_every_time() -> None:
    first, second = (Figure(PEOPLE[0], 0).pose(stance(0.7, 1.2)) for _ in range(2))
    assert (first.vertices == second.vertices).all()
    assert (first.normals == second.normals).all()


def test_an_unknown_garment_is_named() -> None:
    with pytest.raises(ValueError, match="nothing to wear is called 'toga'"):
        Figure(replace(MAN, worn=(Worn("toga", CLOTH),)), 0)


def test_the_packed_file_is_small_and_names_its_sources() -> None:
    assert packed.PATH.stat().st_size < 6_000_000
    notice = packed.PATH.with_name("NOTICE").read_text()
    assert "CC0" in notice
    assert "mocap.cs.cmu.edu" in notice
