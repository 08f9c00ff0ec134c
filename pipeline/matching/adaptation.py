"""Thresholds that a site teaches, where two cameras overlap.

A cosine means one thing between two cameras that see alike, and another where one has a cast, or sees people from
behind; a threshold from elsewhere fits neither. But where cameras overlap, the run itself shows what it should be: of
the tracks that were there at one time, two that are each other's nearest are nearly always one person, seen twice; and
nearly all other pairs are strangers. The threshold goes to a stated place between the two.
"""

# C cameras, A and B tracks of two of them

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pipeline.matching.sightings import SightingArrays

LOW, MIDDLE = 0.05, 0.25
"""Quantiles by which strangers are measured: pairs of one person lie above them, even where few people are seen."""
CENTRE = float(ndtri(MIDDLE) / (ndtri(MIDDLE) - ndtri(LOW)))
"""Of a normal distribution: how far behind the middle quantile its centre is, in steps from there back to the low one;
below zero."""


@dataclass(frozen=True, slots=True)
class AdaptParams:
    """
    Attributes:
        place: of the threshold on the way from strangers (0) to the same person (1). Higher splits, lower joins.
        evidence: persons seen in both cameras at once after whom what was measured counts as much as the threshold that
            was given.
        tracks: the newest of these are looked at; the time for it grows with the square.
    """

    place: float = 0.6
    evidence: float = 1.0
    tracks: int = 200

    def __post_init__(self) -> None:
        if not 0 < self.place < 1:
            raise ValueError(f"expected a place above 0 and below 1, found {self.place}")
        if self.evidence <= 0 or self.tracks < 4:
            raise ValueError(
                f"expected evidence above 0 and tracks of at least 4, found {self.evidence} and {self.tracks}"
            )


def adapt(
    known: SightingArrays,
    given: NDArray[np.float64],
    overlaps: NDArray[np.bool_],
    params: AdaptParams,
) -> NDArray[np.float64]:
    """The cosine to demand between each two cameras.

    It follows from the tracks alone, whatever their order, so that a matcher that begins again asks what the one before
    it asked.

    Args:
        known: tracks, whoever they are.
        given: (C, C) float64, symmetric: what is demanded where nothing was learnt.
        overlaps: (C, C) bool, symmetric: cameras that see one place; only what is demanded between them changes.
        params: see there.

    Returns:
        (C, C) float64, symmetric.
    """
    pairs = np.argwhere(np.triu(overlaps, k=1)).tolist()
    if not pairs or len(known) < 4:
        return given
    tracks = known.take_rows(_newest(known, params.tracks))
    tracks = tracks.take_rows(np.flatnonzero(tracks.extra == 0))
    adapted = given.copy()
    for one, other in pairs:
        a, b = (np.flatnonzero(tracks.cameras == camera) for camera in (one, other))
        if len(a) < 2 or len(b) < 2:
            continue
        cosines = (tracks.vectors[a] @ tracks.vectors[b].T).astype(np.float64)
        same = _seen_twice(cosines, _at_once(tracks, a, b))
        if len(same) < 2:
            continue
        strangers = _centre_of_strangers(cosines)
        measured = strangers + params.place * (float(np.median(same)) - strangers)
        weight = len(same) / (len(same) + params.evidence)
        adapted[one, other] = adapted[other, one] = weight * measured + (1 - weight) * given[one, other]
    return adapted


def _newest(known: SightingArrays, count: int) -> NDArray[np.intp]:
    """Rows of the tracks seen last, in an order that does not depend on how they lie."""
    rows = np.arange(len(known))
    if len(rows) > count:
        least_s = np.partition(known.end_s, len(rows) - count - 1)[len(rows) - count - 1]
        rows = np.flatnonzero(known.end_s > least_s)
    order = np.lexsort((known.vectors[rows, 0], known.end_s[rows], known.start_s[rows]))
    return rows[order]


def _at_once(tracks: SightingArrays, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(A, B): whether there was a time at which both were there."""
    begins_s = np.maximum(tracks.start_s[a][:, None], tracks.start_s[b])
    at_once: NDArray[np.bool_] = begins_s <= np.minimum(tracks.end_s[a][:, None], tracks.end_s[b])
    return at_once


def _seen_twice(cosines: NDArray[np.float64], is_at_once: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Cosines of tracks, there at one time, that are each other's nearest of all who were."""
    there = np.where(is_at_once, cosines, -np.inf)
    nearest, back = there.argmax(axis=1), there.argmax(axis=0)
    rows = np.arange(len(there))
    mutual = rows[(back[nearest] == rows) & is_at_once[rows, nearest]]
    of_mutual: NDArray[np.float64] = there[mutual, nearest[mutual]]
    return of_mutual


def _centre_of_strangers(cosines: NDArray[np.float64]) -> float:
    low, middle = np.quantile(cosines, (LOW, MIDDLE)).tolist()
    return float(middle + CENTRE * (low - middle))
