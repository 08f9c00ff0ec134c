"""Who learns when: a learner is brought down whole, or one after the other, as adversaries are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LearnerPhase:
    """
    Attributes:
        name: what the learner is told; stands before the names of its losses.
        learns: beginnings of the names of the parameters that learn.
    """

    name: str = ""
    learns: tuple[str, ...] = ("",)


WHOLE = (LearnerPhase(),)
"""Of a learner without adversaries."""
