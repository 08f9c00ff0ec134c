"""How a person is called and coloured wherever people look: the same in every camera's video and in the report."""

import colorsys
from typing import NamedTuple
from uuid import UUID

NAME_DIGITS = 4
HUES = 24
"""Fifteen degrees apart: the eye tells neighbours from each other in thin lines."""
LIGHTNESS = (0.75, 0.57, 0.38)
SATURATION = 0.8


class Colour(NamedTuple):
    """Red, green and blue from 0 to 255."""

    red: int
    green: int
    blue: int

    @property
    def css(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def is_bright(self) -> bool:
        """Black is the more readable ink on it (relative luminance by Rec. 709, halfway as eyes see it)."""
        return 0.2126 * self.red + 0.7152 * self.green + 0.0722 * self.blue > 127


UNIDENTIFIED = Colour(150, 150, 150)


def short_name(person: UUID) -> str:
    """The first digits of the person's id: enough to find it in the events."""
    return person.hex[:NAME_DIGITS]


def person_colour(person: UUID) -> Colour:
    """A colour that depends on the person's id alone."""
    tier, hue = divmod(person.int >> 96, HUES)
    red, green, blue = colorsys.hls_to_rgb(hue / HUES, LIGHTNESS[tier % len(LIGHTNESS)], SATURATION)
    return Colour(round(255 * red), round(255 * green), round(255 * blue))
