"""How a person is called and coloured wherever people look: the same in every camera's video and in the report."""

import colorsys
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

NAME_DIGITS = 4
FIRST_HUE = 0.57
GOLDEN_SHARE = 0.381966
"""Hues that follow each other by this share of the circle never fall close together, however many there are."""
HUES = 8
"""So many are told apart in thin lines; then comes the next lightness."""
LIGHTNESS = (0.55, 0.38, 0.75)
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


def person_colours(persons: Iterable[UUID]) -> dict[UUID, Colour]:
    """A colour for everybody, by the order of appearance: who comes later changes nobody's colour.

    Args:
        persons: of the events of a run, in their order; one may come many times.
    """
    return {person: colour_of(number) for number, person in enumerate(dict.fromkeys(persons))}


def colour_of(number: int) -> Colour:
    """The colour of whoever came as that number, from 0."""
    hue = (FIRST_HUE + number * GOLDEN_SHARE) % 1
    red, green, blue = colorsys.hls_to_rgb(hue, LIGHTNESS[number // HUES % len(LIGHTNESS)], SATURATION)
    return Colour(round(255 * red), round(255 * green), round(255 * blue))
