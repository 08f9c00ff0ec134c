"""Sightings in rows: an angle in degrees, a camera, a start and an end. A similarity is the cosine of an angle."""

from collections.abc import Sequence

import numpy as np

from pipeline.matching.sightings import NOBODY, SightingArrays
from pipeline.site import Site, Topology, Transit, topology

CAMERAS = ["door", "hall", "yard"]
SITE = Site(
    overlaps=(("door", "hall"),),
    transits=(Transit(between=("hall", "yard"), min_s=5, max_s=60),),
    unnamed_pairs="apart",
    clock_tolerance_s=0,
)
Row = tuple[float, str, float, float]
"""Angle in degrees, camera, start, end; an end of infinity is a track that has not ended."""


def arrays(rows: Sequence[Row], persons: Sequence[int] | None = None) -> SightingArrays:
    angles = np.radians([row[0] for row in rows])
    ends = np.array([row[3] for row in rows], float)
    starts = np.array([row[2] for row in rows], float)
    return SightingArrays(
        vectors=np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32),
        persons=np.array(persons if persons is not None else [NOBODY] * len(rows), np.int64),
        cameras=np.array([CAMERAS.index(row[1]) for row in rows], np.int64),
        extra=np.zeros(len(rows)),
        start_s=starts,
        end_s=np.where(np.isinf(ends), starts, ends),
        still_there=np.isinf(ends),
    )


def matrices(site: Site = SITE) -> Topology:
    return topology(site, CAMERAS)
