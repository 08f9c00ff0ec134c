"""Colours as people wear them, and have them: much black, navy and grey, little that shines."""

import colorsys

import numpy as np

from reid_simulation.seams.identity import Colour

Weighted = tuple[tuple[float, Colour], ...]

UPPER: Weighted = (
    (24, (28, 28, 30)), (11, (32, 40, 66)), (8, (70, 72, 76)), (7, (150, 152, 155)), (14, (232, 231, 227)),
    (6, (52, 86, 150)), (6, (150, 180, 212)), (5, (205, 190, 160)), (4, (84, 88, 58)), (4, (105, 32, 44)),
    (4, (178, 36, 40)), (3, (42, 104, 66)), (3, (218, 148, 168)), (2, (226, 190, 62)), (2, (212, 110, 44)),
    (2, (104, 64, 128)), (2, (36, 122, 130)), (3, (98, 70, 50)), (1, (240, 214, 120)), (1, (70, 170, 120)),
)  # fmt: skip
LOWER: Weighted = (
    (30, (28, 28, 31)), (12, (34, 40, 62)), (11, (66, 68, 72)), (9, (186, 168, 132)), (5, (140, 141, 144)),
    (5, (82, 84, 58)), (4, (86, 62, 46)), (3, (226, 224, 218)), (2, (110, 34, 46)), (1, (176, 44, 48)),
    (1, (60, 96, 150)), (1, (214, 186, 96)),
)  # fmt: skip
DENIM: Weighted = (
    (32, (44, 58, 92)), (24, (72, 96, 138)), (14, (122, 148, 184)), (12, (34, 38, 52)), (8, (30, 30, 32)),
    (4, (166, 184, 206)), (3, (120, 120, 122)), (2, (222, 222, 220)),
)  # fmt: skip
OUTER: Weighted = (
    (34, (26, 26, 29)), (15, (30, 38, 62)), (10, (72, 74, 78)), (5, (140, 142, 144)), (8, (78, 82, 56)),
    (9, (188, 158, 116)), (5, (92, 64, 44)), (3, (104, 30, 42)), (4, (176, 36, 38)), (4, (48, 84, 148)),
    (2, (230, 228, 222)), (2, (222, 170, 50)), (1, (208, 104, 40)), (2, (40, 98, 70)), (1, (200, 130, 150)),
)  # fmt: skip
SHOES: Weighted = (
    (38, (28, 28, 30)), (14, (84, 58, 40)), (22, (226, 226, 222)), (8, (122, 124, 126)), (5, (38, 46, 74)),
    (6, (172, 140, 102)), (3, (168, 40, 42)), (2, (70, 110, 160)), (1, (210, 180, 60)), (1, (62, 120, 74)),
)  # fmt: skip
SOCKS: Weighted = ((5, (30, 30, 32)), (5, (228, 228, 224)), (2, (110, 110, 112)), (1, (150, 50, 56)))
BAG: Weighted = (
    (40, (28, 28, 30)), (14, (34, 42, 68)), (12, (96, 66, 46)), (10, (96, 98, 100)), (6, (180, 150, 112)),
    (5, (160, 40, 44)), (4, (64, 98, 150)), (3, (74, 96, 62)), (3, (226, 222, 214)), (2, (206, 130, 150)),
    (1, (222, 178, 60)),
)  # fmt: skip
DRESS: Weighted = (
    (24, (28, 28, 32)), (12, (36, 44, 80)), (8, (150, 38, 52)), (8, (226, 222, 214)), (6, (44, 100, 96)),
    (6, (206, 140, 156)), (6, (92, 110, 160)), (5, (204, 170, 110)), (5, (110, 60, 100)), (4, (80, 110, 70)),
    (3, (214, 120, 70)), (3, (226, 200, 110)),
)  # fmt: skip
UNIFORM: Weighted = (
    (1, (178, 30, 40)), (1, (24, 52, 110)), (1, (30, 92, 62)), (1, (28, 28, 30)), (1, (226, 148, 36)),
    (1, (96, 98, 102)),
)  # fmt: skip
HAIR: tuple[Weighted, Weighted, Weighted] = (
    ((80, (22, 19, 18)), (16, (40, 28, 22)), (4, (92, 58, 34))),
    ((78, (20, 18, 19)), (18, (42, 30, 24)), (4, (112, 72, 44))),
    (
        (14, (30, 24, 22)), (30, (58, 40, 28)), (24, (92, 66, 44)), (14, (136, 104, 68)), (12, (190, 158, 104)),
        (4, (134, 66, 36)), (2, (216, 196, 150)),
    ),
)  # fmt: skip
"""In the order of the ancestries."""
DYED: Weighted = ((3, (150, 40, 60)), (2, (70, 90, 170)), (2, (190, 120, 160)), (1, (90, 140, 110)))
GREY = (172, 170, 168)
SKIN: tuple[tuple[Colour, Colour], ...] = (
    ((74, 48, 36), (146, 100, 74)),
    ((188, 142, 110), (234, 196, 164)),
    ((196, 150, 122), (240, 204, 184)),
)
"""Darkest and lightest, in the order of the ancestries."""


def pick(colours: Weighted, rng: np.random.Generator, vary: float = 0.08) -> Colour:
    """One of them by weight, a little lighter or darker, warmer or cooler."""
    weights = np.array([weight for weight, _ in colours])
    colour = np.array(colours[rng.choice(len(colours), p=weights / weights.sum())][1], np.float64)
    return round_colour(colour * (1 + vary * rng.normal()) + 255 * vary * 0.25 * rng.normal(size=3))


def round_colour(colour: np.typing.ArrayLike) -> Colour:
    red, green, blue = (int(channel) for channel in np.clip(np.round(np.asarray(colour)), 6, 250))
    return red, green, blue


def between(first: Colour, second: Colour, share: float) -> Colour:
    return round_colour((1 - share) * np.array(first) + share * np.array(second))


def name_of(colour: Colour) -> str:
    """One of eleven names that data sets use."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in colour))
    degrees = hue * 360
    if value < 0.22 or (value < 0.32 and saturation < 0.25):
        return "black"
    if saturation < 0.16:
        return "white" if value > 0.78 else "gray"
    if value < 0.62 and 12 <= degrees < 48:
        return "brown"
    if degrees < 12 or degrees >= 345:
        return "pink" if saturation < 0.5 and value > 0.7 else "red"
    for end, name in ((40, "orange"), (70, "yellow"), (170, "green"), (262, "blue"), (310, "purple")):
        if degrees < end:
            return "yellow" if name == "orange" and saturation < 0.45 else name
    return "pink"
