"""Which crops make a batch: P persons, K crops of each, over as many cameras as there are (Hermans et al., 2017)."""

import numpy as np
from numpy.typing import NDArray

from reid_models.training.data import CropSet, CropSetError

Ids = NDArray[np.int64]


class PersonSampler:
    """A batch is a function of its step alone. An epoch sees every person once, less those that fill no batch."""

    def __init__(self, crop_set: CropSet, *, persons: int, crops: int, seed: int) -> None:
        """Takes the set.

        Args:
            crop_set: what to draw from.
            persons: P.
            crops: K; of somebody with fewer, some stand twice.
            seed: of all that is drawn.

        Raises:
            CropSetError: if the set has fewer than P persons.
        """
        identities = crop_set.identities
        if identities < persons:
            raise CropSetError(f"expected at least {persons} persons for a batch, found {identities}")
        order = np.argsort(crop_set.persons, kind="stable")
        self._rows = np.split(order, np.cumsum(np.bincount(crop_set.persons))[:-1])
        self._cameras = crop_set.cameras
        self._persons = persons
        self._crops = crops
        self._seed = seed

    def rows(self, step: int) -> Ids:
        """(P * K,) rows of the set, person by person."""
        epoch, number = divmod(step, len(self._rows) // self._persons)
        everybody = np.random.default_rng((self._seed, 0, epoch)).permutation(len(self._rows))
        chosen = everybody[number * self._persons : (number + 1) * self._persons]
        rng = np.random.default_rng((self._seed, 1, step))
        return np.concatenate([self._of(self._rows[person], rng) for person in chosen])

    def _of(self, rows: Ids, rng: np.random.Generator) -> Ids:
        """(K,) rows of one person: one of each camera in turn."""
        shuffled = rng.permutation(rows)
        occurrence = _occurrence(self._cameras[shuffled])
        interleaved = shuffled[np.argsort(occurrence, kind="stable")]
        return np.resize(interleaved, self._crops)


def _occurrence(values: Ids) -> Ids:
    """How often each value stood before in the array."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.searchsorted(ordered, ordered, side="left")
    occurrence = np.empty_like(values)
    occurrence[order] = np.arange(len(values)) - first
    return occurrence
