"""Who somebody is: what is the same in every camera."""

from dataclasses import dataclass
from typing import Literal

Colour = tuple[int, int, int]
"""sRGB, 0 to 255."""

Pattern = Literal["plain", "stripes", "checks", "print", "logo", "denim", "leather", "knit"]


@dataclass(frozen=True, slots=True)
class Fabric:
    """What a surface looks like; drawn by `textures.py`, the same in every camera.

    Attributes:
        pattern: see there.
        colours: the ground first, then what is drawn on it.
        scale_m: of one repeat of the pattern.
        wear: 0 as new, 1 worn: fading, folds, dirt.
        seed: of what is random in it.
    """

    pattern: Pattern
    colours: tuple[Colour, ...]
    scale_m: float = 0.05
    wear: float = 0.2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Worn:
    """A garment, a pair of shoes, a hair style or a thing that is carried.

    Attributes:
        kind: name of its geometry, among those that `wardrobe.py` knows.
        fabric: what it is made of.
    """

    kind: str
    fabric: Fabric


@dataclass(frozen=True, slots=True)
class Identity:
    """One person.

    Attributes:
        number: global id, from 1; the one that truth and data sets give.
        sex: 0 female to 1 male.
        age_years: 8 to 85.
        height_m: without shoes.
        weight: -1 thin to 1 heavy.
        muscle: -1 to 1.
        ancestry: mixture of the packed targets; adds up to 1.
        skin: colour of the skin.
        hair: style and colour; None for a bald head.
        beard: its colour; None for a shaven face.
        worn: garments from the inside to the outside, and shoes.
        carried: backpack, bag, hat, umbrella.
        stride_m: length of a full cycle of two steps at `pace_mps`.
        pace_mps: speed at which this person likes to walk.
        sway: how much of the gait's swing this person shows; 1 is as captured.
    """

    number: int
    sex: float
    age_years: float
    height_m: float
    weight: float
    muscle: float
    ancestry: tuple[float, ...]
    skin: Colour
    hair: Worn | None
    worn: tuple[Worn, ...]
    carried: tuple[Worn, ...] = ()
    stride_m: float = 1.4
    pace_mps: float = 1.35
    sway: float = 1.0
    beard: Colour | None = None
