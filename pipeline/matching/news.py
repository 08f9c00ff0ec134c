"""What a window says that is new: the tracks as they are after it, and which of the known tracks are near them.

Every new descriptor is made once, and compared with all known tracks once: to decide who somebody is and to see whether
earlier decisions still hold are two questions, about the same products.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from passerby_events.tracks import TrackKey
from pipeline.matching.gallery import Known
from pipeline.matching.search import Question, answer
from pipeline.matching.sightings import Sighting, SightingArrays, extend_sighting, side_by_side, start_sighting
from pipeline.records import EmbeddedWindow


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """The tracks that a window says something new about, before anything is decided.

    Attributes:
        sightings: N tracks as they are after it, in order of time.
        arrays: the same side by side.
        near_open: rows of known tracks that are near any whose person is open; none left out.
        near_settled: rows of known tracks that are near any that may be looked at again; none left out.
    """

    sightings: tuple[Sighting, ...]
    arrays: SightingArrays
    near_open: NDArray[np.intp]
    near_settled: NDArray[np.intp]


def changed_by(window: EmbeddedWindow, known: Known) -> tuple[dict[TrackKey, Sighting], list[TrackKey]]:
    """The tracks that a window says something new about, as they are after it; and those of them that it ends.

    A tracklet or an end that comes a second time, from a worker that was started again, is no news.
    """
    changed: dict[TrackKey, Sighting] = {}
    gone: list[TrackKey] = []

    def so_far(track: TrackKey) -> Sighting | None:
        index = known.index(track)
        return changed.get(track) or (None if index is None else known.row(index))

    for embedding in window.embeddings:
        before = so_far(embedding.track)
        after = start_sighting(embedding) if before is None else extend_sighting(before, embedding)
        if after is not before:
            changed[embedding.track] = after
    for end in window.ended:
        sighting = so_far(end.track)
        if sighting is not None and sighting.is_open:
            changed[end.track] = replace(sighting, start_s=end.start_s, end_s=end.end_s, is_open=False)
            gone.append(end.track)
    return changed, gone


def as_of_now(known: Known, changed: Iterable[Sighting]) -> SightingArrays:
    """The known tracks with the times that a window brought; their vectors stay as they were committed."""
    arrays = known.arrays
    start_s, end_s, still_there = arrays.start_s.copy(), arrays.end_s.copy(), arrays.still_there.copy()
    for sighting in changed:
        index = known.index(sighting.track)
        if index is not None:
            start_s[index], end_s[index], still_there[index] = sighting.start_s, sighting.end_s, sighting.is_open
    return replace(arrays, start_s=start_s, end_s=end_s, still_there=still_there)


def look_up(
    known: Known,
    changed: Mapping[TrackKey, Sighting],
    cameras: Sequence[str],
    *,
    reach_open: float,
    reach_settled: float,
    least_tracklets: int | None,
) -> News:
    """The news of a window, with those known who are near.

    Args:
        known: the tracks before the window.
        changed: those that it says something about, one at least.
        cameras: names by number.
        reach_open: cosine from which on a known track matters to who somebody is.
        reach_settled: cosine from which on it matters to whether that still holds.
        least_tracklets: a track may be looked at again once so many tracklets of it are known, or when it has ended;
            None: none is.
    """
    sightings = tuple(sorted(changed.values(), key=lambda s: (s.start_s, s.track)))
    arrays = side_by_side(sightings, cameras)
    is_open = np.array([s.person is None for s in sightings])
    may_be_settled = np.array([least_tracklets is not None and is_settled(s, least_tracklets) for s in sightings])
    # Those that both questions are about stand between the others.
    groups = [is_open & ~may_be_settled, is_open & may_be_settled, ~is_open & may_be_settled]
    only_open, both, only_settled = (np.flatnonzero(group) for group in groups)
    queries = arrays.vectors[np.concatenate((only_open, both, only_settled))]
    near_open, near_settled = answer(
        queries,
        known.arrays.vectors,
        (
            Question(0, len(only_open) + len(both), reach_open),
            Question(len(only_open), len(queries), reach_settled),
        ),
    )
    return News(sightings, arrays, near_open, near_settled)


def is_settled(sighting: Sighting, least_tracklets: int) -> bool:
    """Enough of a track is known for who it was taken for to be looked at again."""
    return sighting.tracklet_index + 1 >= least_tracklets or not sighting.is_open
