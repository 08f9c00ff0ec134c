"""Arithmetic that every encoder ends with."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ClipSpec, ModelCard, TensorSpec
from reid_runtime.family import summary
from reid_runtime.signature import Signature, show_spec


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


def check_vectors(outputs: Mapping[str, NDArray[Any]], card: ModelCard) -> None:
    """Raises ValueError unless what a network made of one input are vectors, one for each row."""
    (output,) = outputs.values()
    rows = card.inputs[0].shape[0] or 1
    if output.ndim < 2 or len(output) != rows or not np.isfinite(output).all() or not output.any():
        raise ValueError(f"expected one finite vector per row, ({rows}, D), found {summary(output)}")


def first_vectors(signature: Signature) -> TensorSpec:
    """The output that holds the vectors; raises ValueError if its shape is that of none."""
    output = signature.outputs[0]
    if len(output.shape) != 2:
        raise ValueError(f"yields one vector a row, (N, D), found {show_spec(output)}")
    return output


def fixed_sizes(spec: TensorSpec) -> tuple[int, ...]:
    """The sizes of an input, 1 for a free batch; raises ValueError if another is left open."""
    if None in spec.shape[1:]:
        raise ValueError(f"has sizes that are fixed in the file, found {show_spec(spec)}: export it so")
    return tuple(size or 1 for size in spec.shape)
