"""What two networks make of the same people, in numbers, and the gate: how far they may lie apart."""

from dataclasses import dataclass

from reid_runtime.card import Precision

POINTS = 100.0
"""Of a percentage, in a share of 1."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Attributes:
        cosine: of each clip's two embeddings, at least.
        lost_points: of mAP, at most.
        found_again: share of the one detector's boxes that the other has too, at least, both ways.
        overlap: mean IoU of those, at least.
    """

    cosine: float
    lost_points: float
    found_again: float
    overlap: float


LIMITS: dict[Precision, Limits] = {
    "fp32": Limits(cosine=0.9999, lost_points=0.1, found_again=0.995, overlap=0.99),
    "fp16": Limits(cosine=0.999, lost_points=0.1, found_again=0.98, overlap=0.98),
    "int8": Limits(cosine=0.99, lost_points=0.5, found_again=0.95, overlap=0.90),
}
"""By the precision of the artefact that is held against another network."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How well people are found among labelled tracklets, as shares.

    Attributes:
        queries: how many were counted.
        rank1, mean_average_precision: theirs.
    """

    queries: int
    rank1: float
    mean_average_precision: float


@dataclass(frozen=True, slots=True)
class PeopleFigures:
    """Two encoders on the same clips.

    Attributes:
        clips: how many.
        least_cosine, mean_cosine: between the two embeddings of a clip.
        largest_difference: between two numbers of those, at length 1.
        before, after: of the one and the other; None where the tracklets show nobody twice.
    """

    clips: int
    least_cosine: float
    mean_cosine: float
    largest_difference: float
    before: Scores | None = None
    after: Scores | None = None

    @property
    def lost_points(self) -> float | None:
        """Of mAP, percentage points; less than 0 where the other finds more."""
        if self.before is None or self.after is None:
            return None
        return POINTS * (self.before.mean_average_precision - self.after.mean_average_precision)

    def faults(self, limits: Limits) -> tuple[str, ...]:
        """What is outside the limits, each in words; none where it is good."""
        found = []
        if not self.least_cosine >= limits.cosine:
            found.append(f"least cosine {self.least_cosine:.5f}, expected {limits.cosine:g} or more")
        if self.lost_points is not None and self.lost_points > limits.lost_points:
            found.append(f"mAP {self.lost_points:.2f} points less, expected {limits.lost_points:g} at most")
        return tuple(found)

    def numbers(self) -> dict[str, float]:
        """For the card."""
        found = {
            "clips": float(self.clips),
            "least_cosine": self.least_cosine,
            "mean_cosine": self.mean_cosine,
            "largest_difference": self.largest_difference,
        }
        for name, scores in (("before", self.before), ("after", self.after)):
            if scores is not None:
                found |= {f"R1_{name}": scores.rank1, f"mAP_{name}": scores.mean_average_precision}
        return found

    def line(self) -> str:
        """For people."""
        words = (
            f"cosine {self.least_cosine:.5f} at least, {self.mean_cosine:.5f} in the mean, of {self.clips} clips; "
            f"largest difference {self.largest_difference:.1e}"
        )
        if self.before is None or self.after is None:
            return f"{words}; nobody to find again: no mAP"
        return (
            f"{words}; R1 {self.before.rank1:.1%} -> {self.after.rank1:.1%}, mAP "
            f"{self.before.mean_average_precision:.2%} -> {self.after.mean_average_precision:.2%} of "
            f"{self.before.queries} queries"
        )


@dataclass(frozen=True, slots=True)
class BoxFigures:
    """Two detectors on the same images, both at the score that serving asks for.

    Attributes:
        images: how many.
        boxes: of the one, in all of them.
        found_again: share of those that the other has too, at an IoU of a half or more.
        confirmed: share of the other's boxes that the one has.
        overlap: mean IoU of the boxes that both have.
    """

    images: int
    boxes: int
    found_again: float
    confirmed: float
    overlap: float

    def faults(self, limits: Limits) -> tuple[str, ...]:
        """What is outside the limits, each in words; none where it is good."""
        found = []
        if not self.found_again >= limits.found_again:
            found.append(f"{self.found_again:.2%} of the boxes found again, expected {limits.found_again:.1%} or more")
        if not self.confirmed >= limits.found_again:
            found.append(f"{self.confirmed:.2%} of the boxes are right, expected {limits.found_again:.1%} or more")
        if not self.overlap >= limits.overlap:
            found.append(f"boxes overlap by {self.overlap:.3f} in the mean, expected {limits.overlap:g} or more")
        return tuple(found)

    def numbers(self) -> dict[str, float]:
        """For the card."""
        return {
            "images": float(self.images),
            "boxes": float(self.boxes),
            "found_again": self.found_again,
            "confirmed": self.confirmed,
            "overlap": self.overlap,
        }

    def line(self) -> str:
        """For people."""
        return (
            f"{self.found_again:.2%} of {self.boxes} boxes found again, {self.confirmed:.2%} of its own confirmed, "
            f"IoU {self.overlap:.4f} in the mean, {self.images} images"
        )


Figures = PeopleFigures | BoxFigures
