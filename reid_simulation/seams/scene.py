"""What stands still: floor, walls, things, light."""

from dataclasses import dataclass
from typing import Literal

from reid_simulation.seams.identity import Colour

Material = Literal[
    "concrete", "tiles", "wood", "carpet", "asphalt", "grass", "paving", "brick", "plaster", "glass", "metal", "shelves"
]


@dataclass(frozen=True, slots=True)
class Box:
    """A wall, pillar, desk, shelf or parked thing, standing on the floor or above it.

    Attributes:
        x_m, y_m: centre of its footprint.
        width_m, depth_m, height_m: along its own x, y and z.
        turn: radians of its x axis from the world's.
        bottom_m: height of its underside.
        material: of its sides.
        colour: ground colour.
        is_round: a cylinder of diameter `width_m`.
    """

    x_m: float
    y_m: float
    width_m: float
    depth_m: float
    height_m: float
    turn: float = 0.0
    bottom_m: float = 0.0
    material: Material = "plaster"
    colour: Colour = (180, 180, 175)
    is_round: bool = False


@dataclass(frozen=True, slots=True)
class Light:
    """A sun (or a row of lamps) and the light from all around.

    Attributes:
        azimuth, elevation: radians; where the sun stands.
        sun: strength of the direct light; 0 on a grey day or indoors far from windows.
        ambient: strength of the light from above and all around.
        sun_tint, ambient_tint: factors on red, green and blue.
    """

    azimuth: float = 0.8
    elevation: float = 0.9
    sun: float = 0.7
    ambient: float = 0.5
    sun_tint: tuple[float, float, float] = (1.0, 0.97, 0.9)
    ambient_tint: tuple[float, float, float] = (0.92, 0.96, 1.0)


@dataclass(frozen=True, slots=True)
class Scene:
    """
    Attributes:
        floor: what people walk on.
        floor_colour: its ground colour.
        boxes: all that stands on it.
        light: see there.
        is_indoors: a ceiling instead of a sky.
        seed: of textures.
    """

    floor: Material = "tiles"
    floor_colour: Colour = (150, 146, 140)
    boxes: tuple[Box, ...] = ()
    light: Light = Light()
    is_indoors: bool = True
    seed: int = 0
