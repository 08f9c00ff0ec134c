"""Which tracklets make a batch: each paper's sampler, by name. A batch is a function of its step alone.

Graph sampling looks at the network too: its classes that are alike now make a batch, so it is also a function of the
weights, which a checkpoint has.
"""

# N tracklets, I identities, P persons and K tracklets of each in a batch

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from reid_models.training.tracklets import DatasetError, Ids, TrackletSet

Proxies = Callable[[], NDArray[np.float32]]
"""(I, D), what the network holds for typical of each identity: the rows of its classifier."""


@dataclass(frozen=True, slots=True)
class SamplerParams:
    """
    Attributes:
        kind: identities: P persons and K tracklets of each; an epoch sees every person once (COSAM, Gao, STMP).
            tracklets: the same, but an epoch sees every tracklet once: each person's are cut into groups of K (TKP).
            shuffled: P tracklets, any (GLTR, M3D, VRSTC, attribute-driven); K is not looked at.
            graph: a person drawn at random and the P - 1 who are most like that one to the network so far, K tracklets
            of each (Liao and Shao, "Graph Sampling Based Deep Metric Learning", CVPR 2022).
            halves: P tracklets, one half with attributes and the other without (attribute transfer).
        persons: P; of shuffled, tracklets.
        tracklets: K.
        by_camera: whether a person's tracklets are drawn from as many cameras as there are.
    """

    kind: Literal["identities", "tracklets", "shuffled", "graph", "halves"] = "identities"
    persons: int = 8
    tracklets: int = 4
    by_camera: bool = False

    @property
    def batch(self) -> int:
        """Tracklets in a batch."""
        return self.persons * self.each

    @property
    def each(self) -> int:
        """Tracklets of each person; 1 where persons do not count."""
        return 1 if self.kind in ("shuffled", "halves") else self.tracklets


class BatchSampler(Protocol):
    """Batches of rows of a set."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches after which everything has been seen once."""
        ...

    def rows(self, step: int) -> Ids:
        """Rows of the set that make the batch of a step, from 0."""
        ...


def build_sampler(params: SamplerParams, people: TrackletSet, *, seed: int, proxies: Proxies) -> BatchSampler:
    """The sampler of these parameters.

    Args:
        params: see there.
        people: the set; its persons are classes 0 to I - 1.
        seed: of all that is drawn.
        proxies: for graph sampling.

    Raises:
        DatasetError: if the set fills no batch.
    """
    of_persons = _OfPersons(people, params)
    match params.kind:
        case "identities":
            return _Identities(of_persons, seed)
        case "tracklets":
            return _Tracklets(people, params, seed)
        case "shuffled":
            return _Shuffled(len(people), params.persons, seed)
        case "graph":
            return _Graph(of_persons, seed, proxies)
        case "halves":
            return _Halves(people, params.persons, seed)


class _OfPersons:
    """K rows of a person, drawn by a generator."""

    def __init__(self, people: TrackletSet, params: SamplerParams) -> None:
        identities = int(people.persons.max(initial=-1)) + 1
        if params.kind not in ("shuffled", "halves") and identities < params.persons:
            raise DatasetError(f"expected at least {params.persons} persons for a batch, found {identities}")
        order = np.argsort(people.persons, kind="stable")
        self.rows = np.split(order, np.cumsum(np.bincount(people.persons, minlength=identities))[:-1])
        self.params = params
        self._cameras = people.cameras

    def __len__(self) -> int:
        return len(self.rows)

    def draw(self, person: int, rng: np.random.Generator) -> Ids:
        """(K,): different ones while there are; of one camera in turn, where cameras count."""
        shuffled = rng.permutation(self.rows[person])
        if self.params.by_camera:
            shuffled = shuffled[np.argsort(_occurrence(self._cameras[shuffled]), kind="stable")]
        return np.resize(shuffled, self.params.tracklets)


class _Identities:
    def __init__(self, of_persons: _OfPersons, seed: int) -> None:
        self._of = of_persons
        self._seed = seed

    @property
    def steps_per_epoch(self) -> int:
        return len(self._of) // self._of.params.persons

    def rows(self, step: int) -> Ids:
        persons = self._of.params.persons
        epoch, number = divmod(step, self.steps_per_epoch)
        everybody = np.random.default_rng((self._seed, 0, epoch)).permutation(len(self._of))
        rng = np.random.default_rng((self._seed, 1, step))
        chosen = everybody[number * persons : (number + 1) * persons]
        return np.concatenate([self._of.draw(person, rng) for person in chosen])


class _Tracklets:
    def __init__(self, people: TrackletSet, params: SamplerParams, seed: int) -> None:
        self._persons = people.persons
        self._params = params
        self._seed = seed
        self._epoch = -1
        self._batches: list[Ids] = []
        counts = np.bincount(people.persons)
        groups = int(np.maximum(1, counts[counts > 0] // params.tracklets).sum())
        self.steps_per_epoch = groups // params.persons
        if not self.steps_per_epoch:
            raise DatasetError(f"expected tracklets for {params.persons} groups of a batch, found {groups} groups")

    def rows(self, step: int) -> Ids:
        epoch, number = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._batches, self._epoch = self._of_epoch(epoch), epoch
        return self._batches[number]

    def _of_epoch(self, epoch: int) -> list[Ids]:
        """As many batches as an epoch has.

        The released code passes over one that holds a single person; here its triplets count for nothing.
        """
        rng = np.random.default_rng((self._seed, 0, epoch))
        groups = [
            np.resize(group, self._params.tracklets)
            for person in range(int(self._persons.max()) + 1)
            for group in _groups(rng.permutation(np.nonzero(self._persons == person)[0]), self._params.tracklets)
        ]
        rng.shuffle(groups)
        size = self._params.persons
        batches = [groups[at : at + size] for at in range(0, size * self.steps_per_epoch, size)]
        return [np.concatenate(batch) for batch in batches]


class _Shuffled:
    def __init__(self, count: int, batch: int, seed: int) -> None:
        if count < batch:
            raise DatasetError(f"expected at least {batch} tracklets for a batch, found {count}")
        self._count = count
        self._batch = batch
        self._seed = seed
        self.steps_per_epoch = count // batch

    def rows(self, step: int) -> Ids:
        epoch, number = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng((self._seed, 0, epoch)).permutation(self._count)
        return order[number * self._batch : (number + 1) * self._batch]


class _Halves:
    """Of each half an epoch of its own; a set without the other half is as good as none."""

    def __init__(self, people: TrackletSet, batch: int, seed: int) -> None:
        labels = people.attributes
        is_labelled = np.zeros(len(people), bool) if labels is None else ~np.isnan(labels).all(axis=1)
        if is_labelled.all() or not is_labelled.any():
            found = "all of them" if is_labelled.any() else "none of them"
            raise DatasetError(
                f"expected some of the tracklets with attributes and some without, found {found} with: give two sets"
            )
        self._halves = [np.nonzero(of_half)[0] for of_half in (is_labelled, ~is_labelled)]
        sizes = [(batch + 1) // 2, batch // 2]
        self._shuffled = [
            _Shuffled(len(half), size, seed + number)
            for number, (half, size) in enumerate(zip(self._halves, sizes, strict=True))
        ]
        self.steps_per_epoch = max(half.steps_per_epoch for half in self._shuffled)

    def rows(self, step: int) -> Ids:
        parts = zip(self._halves, self._shuffled, strict=True)
        return np.concatenate([half[shuffled.rows(step)] for half, shuffled in parts])


class _Graph:
    def __init__(self, of_persons: _OfPersons, seed: int, proxies: Proxies) -> None:
        self._of = of_persons
        self._seed = seed
        self._proxies = proxies
        self.steps_per_epoch = max(1, len(of_persons) // of_persons.params.persons)

    def rows(self, step: int) -> Ids:
        rng = np.random.default_rng((self._seed, 1, step))
        epoch, number = divmod(step, self.steps_per_epoch)
        everybody = np.random.default_rng((self._seed, 0, epoch)).permutation(len(self._of))
        proxies = self._proxies()
        units = proxies / np.maximum(np.linalg.norm(proxies, axis=1, keepdims=True), 1e-12)
        likeness = units @ units[everybody[number]]
        likeness[everybody[number]] = np.inf
        chosen = np.argsort(-likeness, kind="stable")[: self._of.params.persons]
        return np.concatenate([self._of.draw(int(person), rng) for person in chosen])


def _groups(rows: Ids, size: int) -> list[Ids]:
    """Whole groups of that size; all rows as one where they make none."""
    whole = len(rows) // size
    return [rows[at * size : (at + 1) * size] for at in range(whole)] if whole else ([rows] if len(rows) else [])


def _occurrence(values: Ids) -> Ids:
    """How often each value stood before in the array."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    occurrence = np.empty_like(values)
    occurrence[order] = np.arange(len(values)) - np.searchsorted(ordered, ordered, side="left")
    return occurrence
