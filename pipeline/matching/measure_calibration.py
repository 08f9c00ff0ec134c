"""Measures on labelled tracklets what a similarity is worth: pairs of different cameras, of one person and of two."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from pipeline.matching.calibration import Calibration, CalibrationError, CameraPair, Curve, PairCurve

MIN_SAME_PAIRS = 30
"""Fewer give no curve."""
MIN_FALSE_MATCHES = 10
"""The rate must leave this many of the different pairs above a threshold: where fewer decide, it is an accident."""
MAX_DIFFERENT_PAIRS = 1_000_000
"""Of one pair of cameras: enough for a rate of 0.00001."""
BOOTSTRAP_ROUNDS = 100
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class LabelledVectors:
    """Embeddings of tracklets whose persons are known, one row each.

    Attributes:
        persons: (N,) int64.
        cameras: N names.
        vectors: (N, D) float32, rows of length 1.
    """

    persons: NDArray[np.int64]
    cameras: tuple[str, ...]
    vectors: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.vectors)
        if self.vectors.ndim != 2 or self.persons.shape != (n,) or len(self.cameras) != n:
            raise ValueError(
                f"persons {self.persons.shape}, {len(self.cameras)} cameras and vectors {self.vectors.shape} "
                "do not line up as (N,), N and (N, D)"
            )
        if n and np.abs(np.linalg.norm(self.vectors, axis=1) - 1).max() > UNIT_TOLERANCE:
            raise ValueError("expected vectors of length 1")


@dataclass(frozen=True, slots=True, eq=False)
class Similarities:
    """Cosines of pairs of tracklets from two cameras.

    Attributes:
        same: (S,) float32, pairs of one person.
        different: (D,) float32, pairs of two persons.
        first: (D,) int64, the person of the first tracklet of each different pair.
        second: (D,) int64, the person of the second.
    """

    same: NDArray[np.float32]
    different: NDArray[np.float32]
    first: NDArray[np.int64]
    second: NDArray[np.int64]


def compare(
    labelled: LabelledVectors, rng: np.random.Generator, *, max_different: int = MAX_DIFFERENT_PAIRS
) -> dict[CameraPair, Similarities]:
    """All pairs of tracklets from different cameras, by their cameras.

    Args:
        rng: draws among the different pairs where there are too many.
        max_different: keep so many different pairs of each pair of cameras.
    """
    cameras = np.array(labelled.cameras, np.str_)
    names = sorted(set(labelled.cameras))
    return {
        (a, b): _compare(labelled, np.flatnonzero(cameras == a), np.flatnonzero(cameras == b), rng, max_different)
        for a, b in combinations(names, 2)
    }


def pool(by_pair: Mapping[CameraPair, Similarities]) -> Similarities:
    """The similarities of all pairs of cameras as one.

    Raises:
        CalibrationError: if there is no pair of cameras.
    """
    if not by_pair:
        raise CalibrationError("expected labelled tracklets of two cameras or more, found fewer")
    every = list(by_pair.values())
    return Similarities(
        same=np.concatenate([each.same for each in every]),
        different=np.concatenate([each.different for each in every]),
        first=np.concatenate([each.first for each in every]),
        second=np.concatenate([each.second for each in every]),
    )


def measure_calibration(
    by_pair: Mapping[CameraPair, Similarities],
    *,
    model_id: str,
    false_match_rate: float,
    rng: np.random.Generator,
    prior: float = 0.5,
) -> Calibration:
    """Measures thresholds and curves: of all pairs of cameras together, and of each that has enough data.

    Args:
        by_pair: as `compare` gives them.
        model_id: of the encoder that made the vectors.
        false_match_rate: share of different pairs that may pass, in (0, 1).
        rng: draws the persons of the bootstrap.
        prior: probability that two compared sightings are one person before their similarity is known, in (0, 1).

    Raises:
        CalibrationError: if there are too few pairs for that rate, or same pairs are not the more similar ones.
    """
    everything = pool(by_pair)
    _check_enough(everything, false_match_rate)
    return Calibration(
        model_id=model_id,
        false_match_rate=false_match_rate,
        prior=prior,
        overall=_curve(everything, false_match_rate, rng),
        pairs=tuple(
            PairCurve(cameras=cameras, curve=_curve(similarities, false_match_rate, rng))
            for cameras, similarities in sorted(by_pair.items(), key=lambda item: item[0])
            if _is_enough(similarities, false_match_rate)
        ),
    )


def threshold_at(different: NDArray[np.float32], false_match_rate: float) -> float:
    """The lowest cosine that at most this share of the different pairs reach."""
    allowed = int(false_match_rate * len(different))
    highest_refused = np.partition(different, -allowed - 1)[-allowed - 1]
    return float(np.nextafter(highest_refused, np.float32(np.inf)))


def _compare(
    labelled: LabelledVectors, a: NDArray[np.intp], b: NDArray[np.intp], rng: np.random.Generator, max_different: int
) -> Similarities:
    cosines = labelled.vectors[a] @ labelled.vectors[b].T
    is_same = labelled.persons[a][:, None] == labelled.persons[b][None]
    different = np.flatnonzero(~is_same)
    if len(different) > max_different:
        different = np.sort(rng.choice(different, max_different, replace=False))
    rows, columns = np.divmod(different, len(b))
    return Similarities(
        cosines[is_same], cosines.ravel()[different], labelled.persons[a][rows], labelled.persons[b][columns]
    )


def _is_enough(similarities: Similarities, false_match_rate: float) -> bool:
    return (
        len(similarities.same) >= MIN_SAME_PAIRS and len(similarities.different) * false_match_rate >= MIN_FALSE_MATCHES
    )


def _check_enough(similarities: Similarities, false_match_rate: float) -> None:
    same, different = len(similarities.same), len(similarities.different)
    if same < MIN_SAME_PAIRS:
        raise CalibrationError(
            f"expected {MIN_SAME_PAIRS} or more pairs of one person in two cameras, found {same}; label more persons"
        )
    if not _is_enough(similarities, false_match_rate):
        raise CalibrationError(
            f"expected {MIN_FALSE_MATCHES / false_match_rate:.0f} or more pairs of different persons for a false-match "
            f"rate of {false_match_rate:g}, found {different}; label more persons, or ask for a higher rate"
        )


def _curve(similarities: Similarities, false_match_rate: float, rng: np.random.Generator) -> Curve:
    threshold = threshold_at(similarities.different, false_match_rate)
    line = _log_odds(similarities.same, similarities.different)
    return Curve(
        threshold=threshold,
        interval=_threshold_interval(similarities, false_match_rate, rng),
        true_match_rate=float((similarities.same >= threshold).mean()),
        slope=line[0],
        intercept=line[1],
        same_pairs=len(similarities.same),
        different_pairs=len(similarities.different),
    )


def _log_odds(same: NDArray[np.float32], different: NDArray[np.float32]) -> tuple[float, float]:
    """Slope and intercept of a logistic curve in which the same and the different pairs weigh alike.

    Targets are a little inside 0 and 1, as Platt (1999, eq. 8) has them: the curve stays finite where nothing overlaps.
    """
    cosines = np.concatenate((same, different)).astype(np.float64)
    targets = np.repeat([(len(same) + 1) / (len(same) + 2), 1 / (len(different) + 2)], [len(same), len(different)])
    weights = np.repeat([0.5 / len(same), 0.5 / len(different)], [len(same), len(different)])
    centre, spread = float(cosines.mean()), max(float(cosines.std()), UNIT_TOLERANCE)
    scaled = (cosines - centre) / spread

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = line[0] * scaled + line[1]
        errors = weights * (expit(odds) - targets)
        value = weights @ (np.logaddexp(0, odds) - targets * odds)
        return float(value), np.array([errors @ scaled, errors.sum()])

    slope, intercept = minimize(loss, np.zeros(2), jac=True, method="BFGS").x
    if slope <= 0:
        raise CalibrationError("expected one person's tracklets to be the more similar ones, found that they are not")
    return float(slope / spread), float(intercept - slope * centre / spread)


def _threshold_interval(
    similarities: Similarities, false_match_rate: float, rng: np.random.Generator
) -> tuple[float, float]:
    """95 % of the thresholds that other persons would have given.

    Persons, not pairs, are drawn: one person who resembles everybody is in hundreds of pairs.
    """
    order = np.argsort(-similarities.different)
    falling = similarities.different[order]
    persons, inverse = np.unique(np.stack((similarities.first, similarities.second)), return_inverse=True)
    first, second = inverse.reshape(2, -1)[:, order]
    found = []
    for _ in range(BOOTSTRAP_ROUNDS):
        drawn = np.bincount(rng.integers(len(persons), size=len(persons)), minlength=len(persons))
        passed = np.cumsum(drawn[first] * drawn[second])
        found.append(falling[min(np.searchsorted(passed, false_match_rate * passed[-1], "right"), len(falling) - 1)])
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)
