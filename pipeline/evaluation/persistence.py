"""For how long people keep the name that they were given: what an operator sees of switches and losses."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.evaluation.scoring import Comparison, matches


@dataclass(frozen=True, slots=True)
class Persistence:
    """Means over the true persons, over all cameras that they were seen in.

    Attributes:
        visible_s: how long a person can be seen.
        kept_s: how long of that with the one name that the person bears longest.
    """

    visible_s: float
    kept_s: float

    @property
    def share(self) -> float:
        """Of the time that people can be seen, how much they bear that name."""
        return self.kept_s / self.visible_s if self.visible_s else 0.0


def persistence(by_person: Mapping[str, Comparison], frame_s: Mapping[str, float]) -> Persistence:
    """How long true persons keep their names.

    Args:
        by_person: of each camera, with persons as ids.
        frame_s: from one frame to the next of each camera, seconds.
    """
    visible_s: dict[int, float] = defaultdict(float)
    named_s: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for camera, comparison in by_person.items():
        for truth_ids, found in zip(comparison.truth_ids, matches(comparison), strict=True):
            for person in truth_ids.tolist():
                visible_s[person] += frame_s[camera]
            for person, name in found.items():
                named_s[person][name] += frame_s[camera]
    count = max(1, len(visible_s))
    kept_s = sum(max(names.values()) for names in named_s.values())
    return Persistence(sum(visible_s.values()) / count, kept_s / count)
