"""Frames of simulated people, with the truth as training wants it."""

from collections.abc import Iterable, Iterator

import numpy as np

from detectors.training.frames import LabelledFrame
from reid_simulation.render.stage import Rendered


def label_frames(frames: Iterable[Rendered]) -> Iterator[LabelledFrame]:
    """Each frame with the boxes of whole people, and how much of them is seen."""
    for frame in frames:
        yield LabelledFrame(
            image=frame.image,
            is_person=frame.person_pixels > 0,
            boxes=np.array([person.box for person in frame.people], np.float32).reshape(-1, 4),
            visibility=np.array([person.visibility for person in frame.people], np.float32),
        )
