"""Who is near: what cameras and the ways between them say of those whom the search has found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.matching.constraints import POSSIBLE, TOO_LATE, verdicts
from pipeline.matching.search import cosines, tracks_of
from pipeline.matching.sightings import NOBODY, SightingArrays, demanded
from pipeline.site import Topology


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Persons near anyone of a batch of Q tracks, and how near.

    Attributes:
        persons: (P,) their numbers, ascending.
        similarity: (Q, P) cosine to the person's nearest track.
        excess: (Q, P) by how much it exceeds what is demanded between the two cameras.
        verdict: (Q, P) `Verdict`, whether the track may be that person.
        row: (Q, P) that nearest track.
        decisive: (Q, P) the track whose verdict it is.
    """

    persons: NDArray[np.int64]
    similarity: NDArray[np.float64]
    excess: NDArray[np.float64]
    verdict: NDArray[np.int8]
    row: NDArray[np.intp]
    decisive: NDArray[np.intp]


def persons_near(
    batch: SightingArrays,
    known: SightingArrays,
    site: Topology,
    thresholds: NDArray[np.float64],
    found: NDArray[np.intp],
) -> Near:
    """The persons near a batch.

    A person near any of the batch is looked at in all tracks, and for all of the batch.

    Args:
        batch: Q tracks; their `persons` are not read.
        known: the tracks whose person is known (rows of `NOBODY` are passed over).
        site: matrices over the cameras' numbers, which both share.
        thresholds: (C, C) float64, the cosine demanded between two cameras.
        found: rows of `known` that are near any of the batch.
    """
    persons = np.array(sorted({*known.persons[found].tolist()} - {NOBODY}), np.int64)
    if not len(persons):
        return _nobody(len(batch))
    rows, starts = tracks_of(known.persons, persons)
    each = np.arange(len(batch))[:, None]
    least = demanded(thresholds, batch, known, rows)
    excess = cosines(batch.vectors, known.vectors[rows]) - least
    verdict = verdicts(batch, known, np.s_[:, None], rows, site)
    nearest = _nearest(excess, verdict == TOO_LATE, starts)
    person_excess = excess[each, nearest]
    similarity = person_excess + least[each, nearest]
    decisive = _decisive(verdict, nearest, starts)
    return Near(persons, similarity, person_excess, verdict[each, decisive], rows[nearest], rows[decisive])


def _nobody(queries: int) -> Near:
    none = np.empty((queries, 0))
    return Near(np.empty(0, np.int64), none, none, none.astype(np.int8), none.astype(np.intp), none.astype(np.intp))


def _nearest(excess: NDArray[np.float64], is_late: NDArray[np.bool_], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """(Q, P): which of a person's tracks, the first of which are `starts`, is nearest; the first of equals.

    A walk that took too long speaks against one track only: the person may have been seen elsewhere since.
    """
    if is_late.any():
        excess = np.where(is_late, excess - (1 + np.ptp(excess)), excess)
    nearest: NDArray[np.intp]
    if len(starts) == 1:
        nearest = excess.argmax(axis=1, keepdims=True)
        return nearest
    count = excess.shape[1]
    sizes = np.append(starts[1:], count) - starts
    best = np.maximum.reduceat(excess, starts, axis=1).repeat(sizes, axis=1)
    nearest = np.minimum.reduceat(np.where(excess == best, np.arange(count), count), starts, axis=1)
    return nearest


def _decisive(verdict: NDArray[np.int8], nearest: NDArray[np.intp], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """(Q, P): the track whose verdict is the person's: the nearest; but one that is impossible makes the person
    impossible."""
    is_hard = (verdict != POSSIBLE) & (verdict != TOO_LATE)
    if not is_hard.any():
        return nearest
    last = np.maximum.reduceat(np.where(is_hard, np.arange(verdict.shape[1]), -1), starts, axis=1)
    return np.where(last >= 0, last, nearest)
