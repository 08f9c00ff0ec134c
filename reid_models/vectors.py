"""Arithmetic that every encoder ends with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.adopt import summary
from reid_runtime.card import ClipSpec, ModelCard


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) -> the same directions with length 1, float32.

    Raises:
        ValueError: if a row has no direction: zero, or not finite.
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ValueError("expected vectors with a direction, found one that is zero or not finite")
    return np.asarray(rows / lengths, np.float32)


def directions(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """As `unit_rows`, but a row that has no direction is NaN throughout: the others of its batch are none the worse."""
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        lengths[~(np.isfinite(lengths) & (lengths > 0))] = np.nan
        return np.asarray(rows / lengths, np.float32)


def has_direction(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N,): which rows of an encoder, (N, D), are vectors; the others are NaN."""
    return np.asarray(np.isfinite(vectors).all(axis=1))


def vector_length(card: ModelCard) -> int | None:
    """D of what a network yields, (B, D); None where its file leaves that open."""
    shape = card.outputs[0].shape
    return shape[1] if len(shape) == 2 else None


def check_clips(clips: NDArray[np.uint8], spec: ClipSpec) -> None:
    """Raises ValueError unless the clips are (B, T, H, W, 3) uint8 with B > 0 and the sizes of `spec`."""
    expected = (spec.frames, spec.height, spec.width, 3)
    if clips.dtype != np.uint8 or clips.ndim != 5 or not len(clips) or clips.shape[1:] != expected:
        raise ValueError(
            f"expected clips (B, {', '.join(map(str, expected))}) uint8, found {clips.shape} {clips.dtype}"
        )


def check_vectors(output: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raises ValueError unless what a network made of an input of that shape are vectors, one for each row."""
    if output.ndim < 2 or len(output) != shape[0] or not np.isfinite(output).all() or not output.any():
        raise ValueError(f"expected one finite vector per row, ({shape[0]}, D), found {summary(output)}")
