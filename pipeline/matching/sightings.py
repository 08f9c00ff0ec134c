"""The tracks that a gallery remembers, as arrays side by side: what the policy reads and search multiplies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from passerby_events.tracks import Clock, TrackKey
from pipeline.records import GOOD_QUALITY, Embedding

NOBODY = -1
"""Number of the person of a track that has not been decided."""
POOR_EXTRA = 0.05
"""Cosine that is demanded beyond the threshold of a track of which nothing can be seen, and the less of it the more can
be. Without it as many are joined on PETS and in the demo, with 0.2 fewer."""


NEW_PERSON_QUALITY = 0.16
"""Of a track that is poor to the end: less are false detections as often as people."""
LEAST_WEIGHT = 1e-3
"""Of a tracklet among those of its track; one that is all there is must have a direction."""
ALL = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One track as far as it is known.

    Attributes:
        track: which track.
        person: who it is; None while that is open.
        total: (D,) float64, sum of the embeddings of its tracklets, of poor ones a part; its direction is the
            descriptor.
        quality: of its best tracklet, as `Embedding.quality`.
        tracklet_index, box: the newest tracklet, and where the person stood in its best crop.
        start_s, end_s: first and last time seen, seconds since the epoch.
        is_open: True until the track has ended.
        clock: whose clock the times are.
        model_id: the network behind the embeddings.
        revision: how often it was said anew who it is.
    """

    track: TrackKey
    person: UUID | None
    total: NDArray[np.float64]
    quality: float
    tracklet_index: int
    box: NDArray[np.float32]
    start_s: float
    end_s: float
    is_open: bool
    clock: Clock
    model_id: str
    revision: int = 0

    @property
    def descriptor(self) -> NDArray[np.float32]:
        """(D,) float32 of length 1: the mean of the tracklets, as the papers average their clips."""
        return (self.total / math.sqrt(self.total.dot(self.total))).astype(np.float32)

    @property
    def may_be_new(self) -> bool:
        """Whether so much can be seen of it that, being like nobody known, it is somebody new. Else it is nobody: of
        such tracks some are no people, and most are known people in a moment in which they cannot be recognised."""
        return self.quality >= GOOD_QUALITY or (self.tracklet_index > 0 and self.quality >= NEW_PERSON_QUALITY)

    @property
    def extra(self) -> float:
        """Cosine that is demanded of it beyond the threshold, because so little can be seen of it; 0 if enough can."""
        return POOR_EXTRA * max(0.0, 1.0 - self.quality / GOOD_QUALITY)


def person_of(sighting: Sighting) -> UUID:
    """Who a track is that has been decided."""
    assert sighting.person is not None, f"{sighting.track} is not decided yet"
    return sighting.person


def start_sighting(embedding: Embedding) -> Sighting:
    """A track of which one tracklet is known."""
    return Sighting(
        track=embedding.track,
        person=None,
        total=_weighted(embedding),
        quality=embedding.quality,
        tracklet_index=embedding.tracklet_index,
        box=embedding.box,
        start_s=embedding.start_s,
        end_s=embedding.end_s,
        is_open=True,
        clock=embedding.clock,
        model_id=embedding.model_id,
    )


@dataclass(frozen=True, slots=True, eq=False)
class SightingArrays:
    """Tracks as arrays, one row each.

    Attributes:
        vectors: (N, D) float32, descriptors; a gallery's lie as `search` reads them fastest.
        persons: (N,) int64, numbers of persons; `NOBODY` while open.
        cameras: (N,) int64, numbers of cameras.
        extra: (N,) float64, `Sighting.extra`.
        start_s, end_s: (N,) float64.
        still_there: (N,) bool, tracks that have not ended.
    """

    vectors: NDArray[np.float32]
    persons: NDArray[np.int64]
    cameras: NDArray[np.int64]
    extra: NDArray[np.float64]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    still_there: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.persons)

    def take_rows(self, rows: NDArray[np.intp]) -> "SightingArrays":
        """Some rows, each vector's numbers side by side."""
        return SightingArrays(
            vectors=np.ascontiguousarray(self.vectors[rows]),
            persons=self.persons[rows],
            cameras=self.cameras[rows],
            extra=self.extra[rows],
            start_s=self.start_s[rows],
            end_s=self.end_s[rows],
            still_there=self.still_there[rows],
        )

    def followed_by(self, others: "SightingArrays") -> "SightingArrays":
        """These rows, and then those."""
        return SightingArrays(
            *(np.concatenate([getattr(self, field), getattr(others, field)]) for field in SightingArrays.__slots__)
        )


def are_lone(sightings: SightingArrays) -> NDArray[np.bool_]:
    """(N,): of which tracks the person has no other among these; nobody's are none of them."""
    persons = sightings.persons
    is_somebody = persons != NOBODY
    tracks_of = np.bincount(persons[is_somebody], minlength=1)
    is_lone: NDArray[np.bool_] = is_somebody & (tracks_of[np.where(is_somebody, persons, 0)] == 1)
    return is_lone


def extend_sighting(sighting: Sighting, embedding: Embedding) -> Sighting:
    """A track of which one more tracklet is known; a tracklet that is known already changes nothing."""
    if embedding.tracklet_index <= sighting.tracklet_index:
        return sighting
    return Sighting(
        track=sighting.track,
        person=sighting.person,
        total=sighting.total + _weighted(embedding),
        quality=max(sighting.quality, embedding.quality),
        tracklet_index=embedding.tracklet_index,
        box=embedding.box,
        start_s=sighting.start_s,
        end_s=max(sighting.end_s, embedding.end_s),
        is_open=sighting.is_open,
        clock=sighting.clock,
        model_id=sighting.model_id,
        revision=sighting.revision,
    )


def _weighted(embedding: Embedding) -> NDArray[np.float64]:
    """The vector as it counts beside others of its track: a poor one little, and the less the poorer."""
    weight = min(embedding.quality / GOOD_QUALITY, 1.0) ** 2
    return max(weight, LEAST_WEIGHT) * embedding.vector.astype(np.float64)


def demanded(
    thresholds: NDArray[np.float64], a: SightingArrays, b: SightingArrays, rows: NDArray[np.intp] | slice = ALL
) -> NDArray[np.float64]:
    """(A, B): the cosine from which on tracks are one person, some rows of `b` beside all of `a`.

    Args:
        thresholds: (C, C) float64, the same between two cameras, of tracks that can be seen well.
    """
    between: NDArray[np.float64] = thresholds[a.cameras[:, None], b.cameras[rows]]
    return between + np.maximum(a.extra[:, None], b.extra[rows])


def side_by_side(sightings: Sequence[Sighting], cameras: Sequence[str]) -> SightingArrays:
    """Tracks as arrays, their cameras numbered as in `cameras`; of nobody, whoever they are."""
    number = {camera: i for i, camera in enumerate(cameras)}
    return SightingArrays(
        vectors=np.stack([s.descriptor for s in sightings]),
        persons=np.full(len(sightings), NOBODY, np.int64),
        cameras=np.array([number[s.track.camera] for s in sightings], np.int64),
        extra=np.array([s.extra for s in sightings], np.float64),
        start_s=np.array([s.start_s for s in sightings], np.float64),
        end_s=np.array([s.end_s for s in sightings], np.float64),
        still_there=np.array([s.is_open for s in sightings]),
    )
