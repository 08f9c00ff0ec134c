"""Which clips describe a tracklet in a test: each paper's rule, by name; and what each clip weighs in the mean."""

# L frames of a tracklet, T frames of a clip

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reid_models.clips import spread
from reid_models.training.sampling.clips import SNIPPET_STRIDE

Indices = NDArray[np.int64]
TestRule = Literal["consecutive", "dense", "whole", "spread", "chunk-starts", "first", "snippets", "strided-start"]
Weigh = Literal["clips", "frames"]


@dataclass(frozen=True, slots=True)
class TestClips:
    """How a tracklet is cut in a test.

    Attributes:
        rule: consecutive: clips of T in a row, the last one filled up from its own start (COSAM, Gao). dense: the same
            without filling up (TKP, AP3D with T = 32). whole: all frames at once (GLTR). spread: one clip, evenly over
            the tracklet, as serving cuts it. chunk-starts: one clip, the first frame of each of T equal stretches
            (attribute-driven). first: the first frame alone (TKP's query image). snippets: T in a row, every 4 frames
            (CSA). strided-start: T frames from the first on, every 8th, 4th, 2nd or each (TKP's look while it trains).
        frames: T; whole and first do not look at it.
        weigh: whether each clip counts the same, or each frame (TKP, AP3D: a short last clip counts for less).
    """

    # pytest takes it for a test by its name.
    __test__ = False

    rule: TestRule
    frames: int
    weigh: Weigh = "clips"

    def cut(self, length: int) -> list[Indices]:
        """The clips of a tracklet of L frames, as indices."""
        return _RULES[self.rule](length, self.frames)


def _consecutive(length: int, frames: int) -> list[Indices]:
    return [np.resize(clip, frames).astype(np.int64) for clip in _dense(length, frames)]


def _dense(length: int, frames: int) -> list[Indices]:
    return [np.arange(start, min(start + frames, length), dtype=np.int64) for start in range(0, length, frames)]


def _whole(length: int, _frames: int) -> list[Indices]:
    return [np.arange(length, dtype=np.int64)]


def _spread(length: int, frames: int) -> list[Indices]:
    return [spread(length, frames).astype(np.int64)]


def _chunk_starts(length: int, frames: int) -> list[Indices]:
    return [np.arange(frames, dtype=np.int64) * length // frames]


def _first(_length: int, _frames: int) -> list[Indices]:
    return [np.zeros(1, np.int64)]


def _snippets(length: int, frames: int) -> list[Indices]:
    starts = range(0, max(1, length - frames + 1), SNIPPET_STRIDE)
    return [np.resize(np.arange(start, min(start + frames, length)), frames).astype(np.int64) for start in starts]


def _strided_start(length: int, frames: int) -> list[Indices]:
    stride = next((stride for stride in (8, 4, 2, 1) if length > (frames - 1) * stride), 1)
    return [np.resize(np.arange(0, min(length, frames * stride), stride), frames).astype(np.int64)]


_RULES: dict[TestRule, Callable[[int, int], list[Indices]]] = {
    "consecutive": _consecutive,
    "dense": _dense,
    "whole": _whole,
    "spread": _spread,
    "chunk-starts": _chunk_starts,
    "first": _first,
    "snippets": _snippets,
    "strided-start": _strided_start,
}
