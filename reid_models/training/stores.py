"""Frames of other stores: some of them, or those of several sets as one."""

from collections.abc import Sequence

import numpy as np

from reid_models.training.tracklets import FrameStore, Ids, Image, TrackletSet


class ChosenFrames:
    """Some frames of a store, in a new order."""

    def __init__(self, frames: FrameStore, rows: Ids) -> None:
        self._frames = frames
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, rows: Ids) -> list[Image]:
        """See `FrameStore.read`."""
        return self._frames.read(self._rows[rows])


class JoinedFrames:
    """Stores one after the other."""

    def __init__(self, stores: Sequence[FrameStore]) -> None:
        self._stores = tuple(stores)
        self._starts = np.cumsum([0, *(len(store) for store in stores)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, rows: Ids) -> list[Image]:
        """See `FrameStore.read`."""
        owners = np.searchsorted(self._starts, rows, side="right") - 1
        found: list[Image] = [np.empty(0, np.uint8)] * len(rows)
        for owner in np.unique(owners).tolist():
            places = np.flatnonzero(owners == owner)
            images = self._stores[owner].read(rows[places] - self._starts[owner])
            for place, image in zip(places.tolist(), images, strict=True):
                found[place] = image
        return found


def with_frames(people: TrackletSet, is_kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> TrackletSet:
    """The tracklets with some of their frames left; those with none are gone.

    Args:
        people: N tracklets of M frames in all.
        is_kept: (M,), tracklet by tracklet.
    """
    owners = np.repeat(np.arange(len(people)), people.lengths)
    rows = np.arange(len(owners)) - np.repeat(np.cumsum(people.lengths) - people.lengths, people.lengths)
    rows = (rows + np.repeat(people.starts, people.lengths))[is_kept]
    lengths = np.bincount(owners[is_kept], minlength=len(people))
    left = people.some(lengths > 0)
    lengths = lengths[lengths > 0].astype(np.int64)
    return TrackletSet(
        left.persons,
        left.cameras,
        np.cumsum(lengths) - lengths,
        lengths,
        ChosenFrames(people.frames, rows.astype(np.int64)),
        left.attributes,
        left.attribute_names,
    )


def joined(labelled: TrackletSet, others: TrackletSet) -> TrackletSet:
    """Two sets as one whose persons and cameras are not the same; labels are the first one's, of the others unknown."""
    unknown = np.full((len(others), len(labelled.attribute_names)), np.nan, np.float32)
    known = np.zeros((len(labelled), 0), np.float32) if labelled.attributes is None else labelled.attributes
    return TrackletSet(
        np.concatenate([labelled.persons, others.persons + labelled.persons.max(initial=-1) + 1]),
        np.concatenate([labelled.cameras, others.cameras + labelled.cameras.max(initial=-1) + 1]),
        np.concatenate([labelled.starts, others.starts + len(labelled.frames)]),
        np.concatenate([labelled.lengths, others.lengths]),
        JoinedFrames([labelled.frames, others.frames]),
        np.concatenate([known, unknown]),
        labelled.attribute_names,
    )
