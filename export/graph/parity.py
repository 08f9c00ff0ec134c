"""Holds a file to the network that it was made from."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.graph.subject import EXAMPLE_ROWS, Subject
from reid_runtime.session import Session


def largest_difference(subject: Subject, session: Session) -> float:
    """Largest difference between file and network over several N and T, as a share of the output's largest number.

    It is infinite where one of the two yields NaN, or another shape.
    """
    return max(_difference(subject, session, rows, frames) for rows, frames in _sizes(subject))


def _sizes(subject: Subject) -> Iterator[tuple[int, int | None]]:
    """N and T: those it was traced with, and others of each that is free."""
    lengths = subject.lengths
    yield EXAMPLE_ROWS, None
    if lengths is None or subject.clip is None or not lengths.is_free_when_exported:
        yield 1, None
        yield 3, None
        return
    yield 3, lengths.least
    yield 1, subject.clip.frames + lengths.multiple


def _difference(subject: Subject, session: Session, rows: int, frames: int | None) -> float:
    inputs = subject.example(rows, frames)
    with torch.inference_mode():
        expected: Tensor | tuple[Tensor, ...] = subject.network(*inputs)
    given = {name: tensor.numpy() for name, tensor in zip(subject.inputs, inputs, strict=True)}
    found = session.run(given)
    tensors = (expected,) if isinstance(expected, Tensor) else expected
    return max(_apart(found[name], tensor.numpy()) for name, tensor in zip(subject.outputs, tensors, strict=True))


def _apart(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    if found.shape != expected.shape or not (np.isfinite(found).all() and np.isfinite(expected).all()):
        return float("inf")
    return float(np.abs(found - expected).max() / max(1e-6, np.abs(expected).max()))
