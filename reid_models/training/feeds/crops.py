"""Single crops with the mask of the person, changed as a detector and a camera may: what the shipped encoder learns
from."""

# B crops, H x W pixels

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch

from reid_learning.clutter import clutter
from reid_models.training.augment import AugmentParams, augment
from reid_models.training.data import CropSet
from reid_models.training.learners.batch import Batch, as_batch
from reid_models.training.sampling.batches import Proxies, SamplerParams, build_sampler

CLUTTERS, CLUTTER_PX = 64, 256
"""Images of nothing that backgrounds are cut from, and their sides."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of the crops in a part of a run.

    Attributes:
        until: share of the run that is done at its end; of the last, 1.
        height, width: pixels.
    """

    until: float
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class CropFeedParams:
    """
    Attributes:
        sizes: of the crops from the first step to the last; small ones teach the most per second.
        sampler: which crops make a batch.
        augment: see there; reached at the step where the share `ramp` of the run is done, from nothing at the start: as
            hard as in the end, crops teach a new network nothing for hundreds of steps.
        ramp: see there.
    """

    sizes: tuple[Size, ...]
    kind: Literal["crops"] = "crops"
    sampler: SamplerParams = field(default=SamplerParams(persons=16, tracklets=4, by_camera=True))
    augment: AugmentParams = field(default=AugmentParams())
    ramp: float = 0.4

    def __post_init__(self) -> None:
        if not self.sizes or self.sizes[-1].until < 1:
            raise ValueError(f"expected sizes up to the end of the run, found {self.sizes}")


class CropFeed:
    """See `Feed`."""

    def __init__(self, params: CropFeedParams, crop_set: CropSet, *, batches: int, seed: int, proxies: Proxies) -> None:
        """Takes a set.

        Args:
            params: see there.
            crop_set: what to learn from.
            batches: of the whole run.
            seed: of all that is drawn.
            proxies: for graph sampling.

        Raises:
            DatasetError: if the set fills no batch.
        """
        self._params = params
        self._set = crop_set
        self._batches = batches
        self._seed = seed
        self._sampler = build_sampler(params.sampler, crop_set.people, seed=seed, proxies=proxies)
        self.is_bound = params.sampler.kind == "graph"
        self._clutter = [
            clutter(np.random.default_rng((seed, 3, number)), height=CLUTTER_PX, width=CLUTTER_PX)
            for number in range(CLUTTERS)
        ]

    def batch(self, number: int) -> Batch:
        """See `Feed.batch`; T = 1."""
        rows = self._sampler.rows(number)
        rng = np.random.default_rng((self._seed, 2, number))
        crops = self._set.crops(rows)
        others = [*crops, *self._clutter]
        sizes = (size for size in self._params.sizes if number < size.until * self._batches)
        size = next(sizes, self._params.sizes[-1])
        params = self._params.augment.weaker(min(1.0, number / (self._params.ramp * self._batches)))
        changed = [
            augment(crop, others, params, rng, margin=self._set.margin, height=size.height, width=size.width)
            for crop in crops
        ]
        crops_BHWC = torch.from_numpy(np.stack(changed))
        return as_batch(crops_BHWC.permute(0, 3, 1, 2).unsqueeze(1), torch.from_numpy(self._set.persons[rows]))
