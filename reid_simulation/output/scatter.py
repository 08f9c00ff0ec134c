"""People scattered before random cameras in random scenes: variety without measure, for training.

Published work found that what carries over to real cameras is variety of bodies, clothes, viewpoints, light and
backgrounds more than polish; so nothing here tries to be a likely place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reid_simulation.people.figure import Figure
from reid_simulation.people.people import Population
from reid_simulation.render.background import background
from reid_simulation.render.render import COARSE, Dressed, Figures
from reid_simulation.render.stage import Rendered, Stage
from reid_simulation.render.things import hides, things_of
from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.identity import Fabric, Identity, Pattern
from reid_simulation.seams.scene import Box, Scene
from reid_simulation.seams.stance import Stance
from reid_simulation.world.rooms import random_room
from reid_simulation.world.surroundings import any_colour, random_camera, random_scene

PATTERNS: tuple[Pattern, ...] = (
    "plain", "plain", "plain", "stripes", "checks", "print", "logo", "denim", "leather", "knit",
)  # fmt: skip
WILD = 3
HEAD_M = 1.55
"""Whose head a thing hides is not drawn: most of such people would not be seen at all."""
SHOULDER_M = 0.35
"""No nearer to a thing or to each other do people stand."""


@dataclass(frozen=True, slots=True)
class ScatterParams:
    """
    Attributes:
        cameras: how many, each in a scene of its own; a background takes seconds, so that they come again.
        frames: from each camera for each group of people.
        group: people who are drawn from at a time; their figures stay in memory.
        most_people: in a frame.
        least_px: nobody is farther away than where a person is so many pixels tall.
        width, height: of a frame, pixels.
        rooms: share of the scenes that are rooms; the others are open places and halls.
        seed: of everything.
    """

    cameras: int = 60
    frames: int = 4
    group: int = 200
    most_people: int = 14
    least_px: float = 60.0
    width: int = 640
    height: int = 480
    rooms: float = 0.0
    seed: int = 0


def scattered_frames(
    figures: Figures, persons: NDArray[np.int64], params: ScatterParams
) -> Iterator[tuple[int, Rendered]]:
    """Number of the camera and its image, before its sensor: group by group, all cameras see people of the group."""
    rng = np.random.default_rng(params.seed)
    sets = [_random_set(rng, number, params) for number in range(params.cameras)]
    for start in range(0, len(persons), params.group):
        group, dressed = persons[start : start + params.group], Dressed(figures)
        for number, each in enumerate(sets):
            for _ in range(params.frames):
                who = rng.choice(group, min(len(group), int(rng.integers(1, params.most_people + 1))), replace=False)
                stances = scatter_people(rng, each.camera, each.scene, who, least_px=params.least_px)
                yield number, each.stage.draw([dressed.pose(stance, COARSE) for stance in stances])


@dataclass(frozen=True, slots=True, eq=False)
class _Set:
    scene: Scene
    camera: Camera
    stage: Stage


def _random_set(rng: np.random.Generator, number: int, params: ScatterParams) -> _Set:
    name = f"c{number}"
    if rng.random() < params.rooms:
        scene, camera = random_room(rng, name=name, width=params.width, height=params.height)
    else:
        scene = random_scene(rng)
        camera = random_camera(rng, name=name, width=params.width, height=params.height)
    return _Set(scene, camera, Stage(background(scene, camera)))


def anybody(seed: int) -> Figures:
    """People of every style; every third is dressed wildly."""
    population = Population(seed, style="any")

    def figure(number: int, detail: int) -> Figure:
        identity = population.identity(number)
        if number % WILD == 0:
            identity = dress_wildly(identity, np.random.default_rng((seed, number, 1)))
        return Figure(identity, detail)

    return figure


def dress_wildly(identity: Identity, rng: np.random.Generator) -> Identity:
    """The same body in the same cuts, of any cloth in any colours: what nobody wears, and what a dress code hides."""
    worn = tuple(replace(each, fabric=_wild_fabric(rng)) for each in identity.worn)
    carried = tuple(replace(each, fabric=_wild_fabric(rng)) for each in identity.carried)
    return replace(identity, worn=worn, carried=carried)


def _wild_fabric(rng: np.random.Generator) -> Fabric:
    return Fabric(
        pattern=PATTERNS[rng.integers(len(PATTERNS))],
        colours=tuple(any_colour(rng, least=5, most=250) for _ in range(3)),
        scale_m=float(np.exp(rng.uniform(np.log(0.01), np.log(0.25)))),
        wear=rng.uniform(0, 0.6),
        seed=int(rng.integers(1 << 30)),
    )


def scatter_people(
    rng: np.random.Generator, camera: Camera, scene: Scene, persons: NDArray[np.int64], *, least_px: float
) -> list[Stance]:
    """Where these people stand or walk, in the image or at its edge; who finds no room in 40 tries stays away.

    Args:
        rng: of all that is drawn.
        camera: who looks.
        scene: whose things are in the way.
        persons: numbers of the identities.
        least_px: nobody is farther away than where a person is so many pixels tall.
    """
    farthest_m = camera.focal_px * 1.7 / least_px
    things = things_of(scene)
    placed: list[Stance] = []
    for person in persons.tolist():
        for _ in range(40):
            point = _floor_point(rng, camera, farthest_m)
            if point is None or hides(things, camera.position_m, np.array([*point, HEAD_M])):
                continue
            if _is_free(point, scene, placed):
                placed.append(_stance(rng, person, point))
                break
    return placed


def _floor_point(rng: np.random.Generator, camera: Camera, farthest_m: float) -> NDArray[np.float64] | None:
    """A place on the floor at a distance drawn so that near and far people are equally likely; None: out of view."""
    low, high = np.log(max(1.2, 0.4 * camera.height_m)), np.log(farthest_m)
    distance_m = np.exp(rng.uniform(low, max(high, low + 0.1)))
    angle = camera.pan + rng.uniform(-0.55, 0.55) * camera.fov
    point = camera.position_m[:2] + distance_m * np.array([np.cos(angle), np.sin(angle)])
    pixels, depth = camera.project(np.array([[*point, 0.9]]))
    is_seen = depth[0] > 0.5 and -0.1 < pixels[0, 1] / camera.height < 1.1
    return point if is_seen else None


def _is_free(point: NDArray[np.float64], scene: Scene, placed: list[Stance]) -> bool:
    if any(np.hypot(point[0] - one.x_m, point[1] - one.y_m) < SHOULDER_M for one in placed):
        return False
    return not any(_is_in(point, box) for box in scene.boxes if box.bottom_m < 2.0)


def _is_in(point: NDArray[np.float64], box: Box) -> bool:
    x, y = point[0] - box.x_m, point[1] - box.y_m
    cos, sin = np.cos(box.turn), np.sin(box.turn)
    along, across = abs(x * cos + y * sin), abs(y * cos - x * sin)
    return bool(along < box.width_m / 2 + SHOULDER_M and across < box.depth_m / 2 + SHOULDER_M)


def _stance(rng: np.random.Generator, person: int, point: NDArray[np.float64]) -> Stance:
    stands = rng.random() < 0.25
    return Stance(
        person=person,
        x_m=float(point[0]),
        y_m=float(point[1]),
        heading=rng.uniform(-np.pi, np.pi),
        travelled_m=rng.uniform(0, 100),
        speed_mps=0.0 if stands else rng.uniform(0.5, 1.6),
        action="stand" if stands else "walk",
        time_s=rng.uniform(0, 1000),
    )
