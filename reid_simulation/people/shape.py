"""From an identity to the points of a body: height, build, age, ancestry."""

import numpy as np
from numpy.typing import NDArray

from reid_simulation.body import packed
from reid_simulation.seams.identity import Identity

GROWN_AT_YEARS, CHILD_AT_YEARS = 17.0, 8.0
YOUNG_AT_YEARS, OLD_AT_YEARS = 25.0, 85.0
TYPICAL_M = (1.63, 1.76)
"""Height of the mean woman and man: what differs is shared between proportions and plain scale."""


def shape_body(identity: Identity) -> NDArray[np.float32]:
    """All points of the body (P, 3), float32 metres, feet bare on z = 0, as tall as the identity says."""
    body = packed.body()
    coefficients = _target_weights(identity) @ body.mixture
    points = body.mean + np.tensordot(coefficients, body.basis, axes=1)
    skin = points[packed.piece("skin", 0).points[:, 0]]
    scale = identity.height_m / (skin[:, 2].max() - skin[:, 2].min())
    points = points * scale
    points[:, 2] -= skin[:, 2].min() * scale
    placed: NDArray[np.float32] = points.astype(np.float32)
    return placed


def _target_weights(identity: Identity) -> NDArray[np.float32]:
    """(T,), in the order of `packed.TARGETS`."""
    old = float(np.clip((identity.age_years - YOUNG_AT_YEARS) / (OLD_AT_YEARS - YOUNG_AT_YEARS), 0, 1))
    child = float(np.clip((GROWN_AT_YEARS - identity.age_years) / (GROWN_AT_YEARS - CHILD_AT_YEARS), 0, 1))
    typical = TYPICAL_M[0] + (TYPICAL_M[1] - TYPICAL_M[0]) * identity.sex
    tall = float(np.clip((identity.height_m - typical) / 0.4, -0.6, 0.6)) * (1 - child)
    sexes, ages = np.array([1 - identity.sex, identity.sex]), np.array([1 - old, old])
    build = np.multiply.outer(
        np.multiply.outer(np.outer(sexes, ages), _three(identity.muscle)), _three(identity.weight)
    )
    heights = np.array([max(-tall, 0), max(tall, 0)])
    return np.concatenate(
        [
            np.multiply.outer(np.array(identity.ancestry), np.outer(sexes, ages)).ravel(),
            build.ravel(),
            np.multiply.outer(build, heights).ravel(),
            [child],
        ]
    ).astype(np.float32)


def _three(level: float) -> NDArray[np.float64]:
    """-1 to 1 as shares of minimum, average and maximum."""
    return np.array([max(-level, 0), 1 - abs(level), max(level, 0)])
