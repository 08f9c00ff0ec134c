"""What an artefact expects, what it yields, and which weights it is: a JSON file beside it.

Weights never travel without their card: sizes, colours and normalisation are never guessed from a file name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """The clips that an encoder takes.

    Attributes:
        frames: T, crops in a clip.
        height: of a crop, pixels.
        width: of a crop, pixels.
    """

    frames: int
    height: int
    width: int
