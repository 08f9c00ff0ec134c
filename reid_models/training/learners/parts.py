"""Who learns when: a learner is brought down whole, or in parts, one after the other, as adversaries do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """
    Attributes:
        name: what the learner is told; stands before the names of its losses.
        learns: beginnings of the names of the parameters that learn.
    """

    name: str = ""
    learns: tuple[str, ...] = ("",)


WHOLE = (Part(),)
"""Of a learner without adversaries."""
