"""People scattered before random cameras in random scenes: variety without measure, for training.

Published work found that what carries over to real cameras is variety of bodies, clothes, viewpoints, light and
backgrounds more than polish; so nothing here tries to be a likely place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulation.background import background
from simulation.cameras import Camera
from simulation.figure import Figure
from simulation.identity import Fabric, Identity, Pattern
from simulation.people import Population
from simulation.render import COARSE, Dressed, Figures
from simulation.scene import Box, Light, Material, Scene
from simulation.stage import Rendered, Stage
from simulation.stance import Stance

FLOORS: tuple[Material, ...] = ("concrete", "tiles", "wood", "carpet", "asphalt", "grass", "paving")
SIDES: tuple[Material, ...] = ("concrete", "wood", "brick", "plaster", "glass", "metal", "shelves", "grass")
PATTERNS: tuple[Pattern, ...] = (
    "plain", "plain", "plain", "stripes", "checks", "print", "logo", "denim", "leather", "knit",
)  # fmt: skip
WILD = 3
REACH_M = 30.0
"""How far around the middle things stand."""
NO_WALL_M = 13.0
"""Nearer to the middle, where the cameras are, a wall would hide everybody."""
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
        seed: of everything.
    """

    cameras: int = 60
    frames: int = 4
    group: int = 200
    most_people: int = 14
    least_px: float = 60.0
    width: int = 640
    height: int = 480
    seed: int = 0


def scattered_frames(
    figures: Figures, persons: NDArray[np.int64], params: ScatterParams
) -> Iterator[tuple[int, Rendered]]:
    """Number of the camera and its picture, before its sensor: group by group, all cameras see people of the group."""
    rng = np.random.default_rng(params.seed)
    sets = [_random_set(rng, number, params) for number in range(params.cameras)]
    for start in range(0, len(persons), params.group):
        group, dressed = persons[start : start + params.group], Dressed(figures)
        for number, each in enumerate(sets):
            for _ in range(params.frames):
                who = rng.choice(group, min(len(group), int(rng.integers(1, params.most_people + 1))), replace=False)
                stances = scattered(rng, each.camera, each.scene, who, least_px=params.least_px)
                yield number, each.stage.draw([dressed.pose(stance, COARSE) for stance in stances])


@dataclass(frozen=True, slots=True, eq=False)
class _Set:
    scene: Scene
    camera: Camera
    stage: Stage


def _random_set(rng: np.random.Generator, number: int, params: ScatterParams) -> _Set:
    scene = random_scene(rng)
    camera = random_camera(rng, name=f"c{number}", width=params.width, height=params.height)
    return _Set(scene, camera, Stage(background(scene, camera)))


def anybody(seed: int) -> Figures:
    """People of every style; every third is dressed wildly."""
    population = Population(seed, style="any")

    def figure(number: int, detail: int) -> Figure:
        identity = population.identity(number)
        if number % WILD == 0:
            identity = wildly_dressed(identity, np.random.default_rng((seed, number, 1)))
        return Figure(identity, detail)

    return figure


def wildly_dressed(identity: Identity, rng: np.random.Generator) -> Identity:
    """The same body in the same cuts, of any cloth in any colours: what nobody wears, and what a dress code hides."""
    worn = tuple(replace(each, fabric=_wild_fabric(rng)) for each in identity.worn)
    carried = tuple(replace(each, fabric=_wild_fabric(rng)) for each in identity.carried)
    return replace(identity, worn=worn, carried=carried)


def _wild_fabric(rng: np.random.Generator) -> Fabric:
    return Fabric(
        pattern=PATTERNS[rng.integers(len(PATTERNS))],
        colours=tuple(_colour(rng, least=5, most=250) for _ in range(3)),
        scale_m=float(np.exp(rng.uniform(np.log(0.01), np.log(0.25)))),
        wear=rng.uniform(0, 0.6),
        seed=int(rng.integers(1 << 30)),
    )


def random_scene(rng: np.random.Generator) -> Scene:
    """Any floor, any things on it in any colour, any light."""
    return Scene(
        floor=FLOORS[rng.integers(len(FLOORS))],
        floor_colour=_colour(rng, least=40, most=220),
        boxes=tuple(_box(rng) for _ in range(rng.integers(2, 14))),
        light=_light(rng),
        is_indoors=bool(rng.random() < 0.5),
        seed=int(rng.integers(1 << 30)),
    )


def random_camera(rng: np.random.Generator, *, name: str, width: int, height: int) -> Camera:
    """A camera near the middle of the scene, at the height of an eye or of a lamp post, with any lens and sensor."""
    fov = rng.uniform(0.5, 1.5)
    height_m = float(np.exp(rng.uniform(np.log(1.2), np.log(6.5))))
    looks_at_m = np.exp(rng.uniform(np.log(3.0), np.log(30.0)))
    return Camera(
        name=name,
        x_m=rng.uniform(-6, 6),
        y_m=rng.uniform(-6, 6),
        height_m=height_m,
        pan=rng.uniform(-np.pi, np.pi),
        tilt=float(np.arctan2(height_m - 1.0, looks_at_m)),
        roll=rng.normal(0, 0.03),
        fov=fov,
        width=width,
        height=height,
        k1=rng.uniform(-0.12, 0.02),
        exposure=2 ** rng.uniform(-0.8, 0.6),
        cast=tuple((2 ** rng.normal(0, 0.12, 3)).tolist()),
        vignetting=rng.uniform(0, 0.4),
        noise=rng.uniform(0, 8),
        softness_px=rng.uniform(0, 1.0),
        seed=int(rng.integers(1 << 30)),
    )


def scattered(
    rng: np.random.Generator, camera: Camera, scene: Scene, persons: NDArray[np.int64], *, least_px: float
) -> list[Stance]:
    """Where these people stand or walk, in the picture or at its edge; who finds no room in 40 tries stays away.

    Args:
        rng: of all that is drawn.
        camera: who looks.
        scene: whose things are in the way.
        persons: numbers of the identities.
        least_px: nobody is farther away than where a person is so many pixels tall.
    """
    farthest_m = camera.focal_px * 1.7 / least_px
    placed: list[Stance] = []
    for person in persons.tolist():
        for _ in range(40):
            point = _floor_point(rng, camera, farthest_m)
            if point is not None and _is_free(point, scene, placed):
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


def _box(rng: np.random.Generator) -> Box:
    """A wall, a pillar, a shelf, a desk, or something parked."""
    is_wall, is_round = rng.random() < 0.4, rng.random() < 0.2
    angle, distance_m = rng.uniform(-np.pi, np.pi), rng.uniform(NO_WALL_M if is_wall else 1.5, REACH_M)
    return Box(
        x_m=float(distance_m * np.cos(angle)),
        y_m=float(distance_m * np.sin(angle)),
        width_m=rng.uniform(2.0, 12.0) if is_wall else rng.uniform(0.2, 2.0),
        depth_m=0.3 if is_wall else rng.uniform(0.2, 1.5),
        height_m=rng.uniform(2.0, 6.0) if is_wall else rng.uniform(0.4, 2.6),
        turn=rng.uniform(0, np.pi),
        material=SIDES[rng.integers(len(SIDES))],
        colour=_colour(rng, least=30, most=235),
        is_round=bool(is_round and not is_wall),
    )


def _light(rng: np.random.Generator) -> Light:
    sun = rng.uniform(0.0, 1.1)
    return Light(
        azimuth=rng.uniform(-np.pi, np.pi),
        elevation=rng.uniform(0.25, 1.4),
        sun=sun,
        ambient=rng.uniform(0.3, 0.8) + 0.2 * max(0.0, 0.6 - sun),
        sun_tint=_tint(rng),
        ambient_tint=_tint(rng),
    )


def _tint(rng: np.random.Generator) -> tuple[float, float, float]:
    warm = rng.normal(0, 0.12)
    return float(1 + warm), 1.0, float(1 - warm)


def _colour(rng: np.random.Generator, *, least: int, most: int) -> tuple[int, int, int]:
    """Mostly greyish, sometimes bright."""
    grey, spread = rng.uniform(least, most), rng.choice([8.0, 25.0, 70.0])
    red, green, blue = np.clip(grey + rng.normal(0, spread, 3), least, most).astype(int).tolist()
    return red, green, blue
