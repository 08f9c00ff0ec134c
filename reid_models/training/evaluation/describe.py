"""Tracklets through a network, clip by clip: one vector each."""

# N tracklets, B clips, T frames, H x W pixels, D embedding

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reid_learning.machine import Machine
from reid_models.architectures.features import Features
from reid_models.crops import fit
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import DatasetError, TrackletSet
from reid_runtime.card import ClipSpec

FRAMES_AT_ONCE = 256
"""In one pass: clips of one length are put together until they have so many."""
READERS = 2

Observer = Callable[[int], None]
Through = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Clips (B, T, H, W, 3) uint8 RGB -> one row each, (B, D)."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipRows:
    """What came of some clips of one length.

    Attributes:
        owners: (B,) int64, their tracklets.
        rows: (B, D) float32.
        frames: T of each.
    """

    owners: NDArray[np.int64]
    rows: NDArray[np.float32]
    frames: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """Clips of one length: `owners` are their tracklets, `indices` their frames."""

    owners: list[int]
    indices: list[NDArray[np.int64]]


def describe(
    network: nn.Module,
    tracklets: TrackletSet,
    clips: TestClips,
    spec: ClipSpec,
    *,
    machine: Machine = Machine(),  # noqa: B008  # frozen
    observer: Observer = lambda _: None,
) -> NDArray[np.float32]:
    """(N, D): the weighted mean of the embeddings of each tracklet's clips, not brought to length 1.

    Args:
        network: (B, T, 3, H, W) -> Features; its mode is left as it was.
        tracklets: whom to describe; frames are read as they are needed.
        clips: how they are cut.
        spec: H and W of the crops.
        machine: where the network is.
        observer: told after each pass how many clips it took.

    Raises:
        DatasetError: if a frame cannot be read, or a tracklet comes out without numbers.
    """
    was_training = network.training
    network.eval()
    try:
        return describe_by(forward(network, machine), tracklets, clips, spec, observer=observer)
    finally:
        network.train(was_training)


def describe_by(
    through: Through,
    tracklets: TrackletSet,
    clips: TestClips,
    spec: ClipSpec,
    *,
    observer: Observer = lambda _: None,
) -> NDArray[np.float32]:
    """As `describe`, with whatever takes clips.

    Raises:
        DatasetError: if a frame cannot be read, or a tracklet comes out without numbers.
    """
    sums: NDArray[np.float64] | None = None
    weights = np.zeros(len(tracklets))
    for clip_rows in each_clip(through, tracklets, clips, spec, observer=observer):
        weight = clip_rows.frames if clips.weigh == "frames" else 1
        sums = np.zeros((len(tracklets), clip_rows.rows.shape[1])) if sums is None else sums
        np.add.at(sums, clip_rows.owners, weight * clip_rows.rows.astype(np.float64))
        np.add.at(weights, clip_rows.owners, weight)
    if sums is None:
        return np.zeros((0, 0), np.float32)
    return finite((sums / weights[:, None]).astype(np.float32))


def each_clip(
    through: Through,
    tracklets: TrackletSet,
    clips: TestClips,
    spec: ClipSpec,
    *,
    observer: Observer = lambda _: None,
) -> Iterator[ClipRows]:
    """The rows of single clips, some at a time; arguments as of `describe_by`.

    Raises:
        DatasetError: if a frame cannot be read.
    """
    with ThreadPoolExecutor(READERS) as pool:
        pieces = _pieces(tracklets, clips)
        reading = [pool.submit(_read, tracklets, piece, spec) for piece in _first(pieces, READERS)]
        while reading:
            owners, clips_BTHWC = reading.pop(0).result()
            reading.extend(pool.submit(_read, tracklets, piece, spec) for piece in _first(pieces, 1))
            yield ClipRows(owners, through(clips_BTHWC), clips_BTHWC.shape[1])
            observer(len(owners))


def forward(network: nn.Module, machine: Machine) -> Through:
    """A network, clips -> Features, as what takes clips; it should be in eval mode."""

    def through(clips_BTHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        clips = torch.from_numpy(clips_BTHWC).permute(0, 1, 4, 2, 3).to(machine.device)
        with torch.inference_mode(), machine.autocast():
            features: Features = network(clips)
        rows: NDArray[np.float32] = features.embedding.float().cpu().numpy()
        return rows

    return through


def finite(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Themselves.

    Raises:
        DatasetError: if one is not.
    """
    spoilt = ~np.isfinite(rows).all(axis=1)
    if spoilt.any():
        raise DatasetError(
            f"expected numbers of every tracklet, found none that are finite of {int(spoilt.sum())} of {len(rows)}: "
            "the network is spoilt, or another precision is wanted"
        )
    return rows


def _pieces(tracklets: TrackletSet, clips: TestClips) -> Iterator[_Piece]:
    """Clips of equal length together, in the order of the tracklets as far as that allows."""
    waiting: dict[int, _Piece] = {}
    for owner, length in enumerate(tracklets.lengths.tolist()):
        for indices in clips.cut(length):
            piece = waiting.setdefault(len(indices), _Piece([], []))
            piece.owners.append(owner)
            piece.indices.append(indices)
            if len(piece.owners) * len(indices) >= FRAMES_AT_ONCE:
                yield waiting.pop(len(indices))
    yield from waiting.values()


def _first(pieces: Iterator[_Piece], count: int) -> list[_Piece]:
    return [piece for _, piece in zip(range(count), pieces, strict=False)]


def _read(tracklets: TrackletSet, piece: _Piece, spec: ClipSpec) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Owners (B,) and clips (B, T, H, W, 3)."""
    clips = [
        fit([frame[..., :3] for frame in tracklets.read(owner, indices)], height=spec.height, width=spec.width)
        for owner, indices in zip(piece.owners, piece.indices, strict=True)
    ]
    return np.array(piece.owners, np.int64), np.stack(clips)
