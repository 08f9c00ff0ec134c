"""How well a network that is in training ranks real or simulated tracklets."""

# B clips, T frames, C channels, H x W pixels

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reid_models.architectures.features import Features
from reid_models.ranking import Labelled, Ranking, rank
from reid_models.tracklet_folder import labels, read_clip, read_folder
from reid_models.vectors import unit_rows
from reid_runtime.card import ClipSpec


@dataclass(frozen=True, slots=True, eq=False)
class RankedClips:
    """Clips, each of which queries all the others.

    Attributes:
        clips: (N, T, H, W, 3) uint8 RGB.
        who: of the clips.
    """

    clips: NDArray[np.uint8]
    who: Labelled


def read_ranked_clips(folder: Path, spec: ClipSpec) -> RankedClips:
    """One clip of each tracklet of a folder in the layout of MARS."""
    tracklets = read_folder(folder)
    return RankedClips(np.stack([read_clip(tracklet, spec) for tracklet in tracklets]), labels(tracklets))


def rank_clips(network: nn.Module, found: RankedClips, *, batch: int = 8) -> Ranking:
    """The ranking by a network, which is left as it was."""
    was_training = network.training
    vectors = embed(network.eval(), found.clips, batch=batch)
    network.train(was_training)
    return rank(vectors @ vectors.T, found.who, found.who)


def embed(network: nn.Module, clips: NDArray[np.uint8], *, batch: int) -> NDArray[np.float32]:
    """(N, D) unit rows."""
    rows = []
    with torch.inference_mode():
        for start in range(0, len(clips), batch):
            clips_BTHWC = torch.from_numpy(clips[start : start + batch])
            features: Features = network(clips_BTHWC.permute(0, 1, 4, 2, 3))
            rows.append(features.embedding.numpy())
    return unit_rows(np.concatenate(rows))
