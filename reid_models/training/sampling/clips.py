"""Which frames of a tracklet a training step sees: each paper's rule, by name.

Every rule is a function of the tracklet's length L, the clip's length T and a generator, and returns (T,) indices.
"""

# L frames of a tracklet, T frames of a clip

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Rule = Literal["consecutive", "strided", "adjacent", "chunks", "snippet", "anywhere"]
STRIDE = 8
"""Of TKP and AP3D, frames."""
SNIPPET_STRIDE = 4
"""Between the starts of two snippets of CSA."""


def training_clip(rule: Rule, length: int, frames: int, rng: np.random.Generator) -> Indices:
    """(T,) indices within a tracklet of L frames.

    Args:
        rule: see the functions below.
        length: L, at least 1.
        frames: T.
        rng: of all that is drawn.
    """
    return _RULES[rule](length, frames, rng)


def consecutive(length: int, frames: int, rng: np.random.Generator) -> Indices:
    """T frames in a row (COSAM, Gao); those of a short tracklet come again from its start.

    The released code draws the start from 0 to L - T - 1, so the last window is never seen; so does this.
    """
    start = int(rng.integers(0, max(0, length - frames - 1) + 1))
    return np.resize(np.arange(start, min(start + frames, length)), frames).astype(np.int64)


def adjacent(length: int, frames: int, rng: np.random.Generator) -> Indices:
    """T frames in a row (GLTR, M3D), by the released code's start: the whole part of a draw from [0, L - T)."""
    start = int(rng.random() * max(0, length - frames))
    return np.resize(np.arange(start, min(start + frames, length)), frames).astype(np.int64)


def strided(length: int, frames: int, rng: np.random.Generator) -> Indices:
    """T frames, every eighth, from a random start (TKP, AP3D); of a tracklet that is too short for it any T in order,
    some of them twice where it has less than T."""
    span = frames * STRIDE
    if length >= span:
        return int(rng.integers(0, length - span + 1)) + STRIDE * np.arange(frames, dtype=np.int64)
    return np.sort(rng.choice(length, frames, replace=length < frames)).astype(np.int64)


def chunks(length: int, frames: int, rng: np.random.Generator) -> Indices:
    """One frame of each of T equal stretches (attribute-driven, section 4.1); of a short tracklet some stand twice."""
    edges = np.arange(frames + 1) * length / frames
    first = np.floor(edges[:-1]).astype(np.int64)
    after = np.maximum(np.ceil(edges[1:]).astype(np.int64), first + 1)
    return np.minimum(rng.integers(first, after), length - 1).astype(np.int64)


def snippet(length: int, frames: int, rng: np.random.Generator) -> Indices:
    """One of the snippets that a test would cut (CSA): T frames in a row from a multiple of 4."""
    starts = max(1, (length - frames) // SNIPPET_STRIDE + 1)
    start = int(rng.integers(0, starts)) * SNIPPET_STRIDE
    return np.resize(np.arange(start, min(start + frames, length)), frames).astype(np.int64)


def anywhere(length: int, frames: int, rng: np.random.Generator) -> Indices:
    """Any T frames in order of time, some twice where there are less (VRSTC does not say; the modern recipe)."""
    return np.sort(rng.choice(length, frames, replace=length < frames)).astype(np.int64)


_RULES: dict[Rule, Callable[[int, int, np.random.Generator], Indices]] = {
    "consecutive": consecutive,
    "strided": strided,
    "adjacent": adjacent,
    "chunks": chunks,
    "snippet": snippet,
    "anywhere": anywhere,
}
