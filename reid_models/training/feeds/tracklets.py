"""Clips of labelled tracklets: who is in a batch, which frames, and what is done to them."""

# B clips, T frames, H x W pixels

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch

from reid_models.training.clip_augment import ClipAugmentParams, augment_clip
from reid_models.training.learners.batch import Batch
from reid_models.training.sampling.batches import Proxies, SamplerParams, build_sampler
from reid_models.training.sampling.clips import Rule, training_clip
from reid_models.training.tracklets import TrackletSet
from reid_runtime.card import ClipSpec


@dataclass(frozen=True, slots=True)
class TrackletFeedParams:
    """
    Attributes:
        sampler: which tracklets make a batch.
        rule: which of their frames make a clip.
        augment: what is done to the frames.
    """

    sampler: SamplerParams = field(default=SamplerParams())
    rule: Rule = "consecutive"
    augment: ClipAugmentParams = field(default=ClipAugmentParams())
    kind: Literal["tracklets"] = "tracklets"


class TrackletFeed:
    """See `Feed`."""

    def __init__(
        self, params: TrackletFeedParams, people: TrackletSet, clip: ClipSpec, *, seed: int, proxies: Proxies
    ) -> None:
        """Takes a set.

        Args:
            params: see there.
            people: whom to learn from; persons are classes, see `TrackletSet.classes`.
            clip: T, H and W.
            seed: of all that is drawn.
            proxies: for graph sampling.

        Raises:
            DatasetError: if the set fills no batch.
        """
        self._params = params
        self._people = people
        self._clip = clip
        self._seed = seed
        self._sampler = build_sampler(params.sampler, people, seed=seed, proxies=proxies)
        self.is_bound = params.sampler.kind == "graph"

    def batch(self, number: int) -> Batch:
        """See `Feed.batch`."""
        rows = self._sampler.rows(number)
        rng = np.random.default_rng((self._seed, 2, number))
        clips_BTHWC = np.stack([self._cut(row, rng) for row in rows.tolist()])
        attributes = self._people.attributes
        known = np.zeros((len(rows), 0), np.float32) if attributes is None else attributes[rows]
        return Batch(
            clips=torch.from_numpy(clips_BTHWC).permute(0, 1, 4, 2, 3),
            persons=torch.from_numpy(self._people.persons[rows]),
            cameras=torch.from_numpy(self._people.cameras[rows]),
            attributes=torch.from_numpy(known),
        )

    def _cut(self, row: int, rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        clip = self._clip
        indices = training_clip(self._params.rule, int(self._people.lengths[row]), clip.frames, rng)
        frames = self._people.read(row, indices)
        return augment_clip(frames, self._params.augment, rng, height=clip.height, width=clip.width)
