"""How the skirt follows the legs. Only the pack script needs it."""

import numpy as np

from reid_simulation.body.sources import Obj, Rig

SEAM_M = 0.05
"""Half the width of the strip in the middle that follows both legs; wider, and knees come through the cloth."""


def part_skirt(base: Obj, rig: Rig) -> None:
    """Changes the weights of the skirt in place: each half follows the leg on its side."""
    skirt = np.unique(base.group("helper-skirt"))
    left = np.clip(0.5 + 0.5 * base.vertices[skirt, 1] / SEAM_M, 0, 1)
    for name in ("UpLeg", "Leg", "Foot"):
        columns = np.array([rig.names.index(side + name) for side in ("Left", "Right")])
        both = rig.weights[np.ix_(skirt, columns)].sum(axis=1)
        rig.weights[np.ix_(skirt, columns)] = np.stack([both * left, both * (1 - left)], axis=1)
