"""Two encoders on the same tracklets: their embeddings, and whom they find."""

# Q queries, G rows of the gallery, D embedding

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.verification.figures import PeopleFigures, Scores
from reid_models.clip_encoder import ClipEncoder
from reid_models.crop_encoder import NAMES, CropEncoder
from reid_models.encoder import Encoder
from reid_models.ranking import RankingError
from reid_models.training.evaluation.describe import Observer, each_clip
from reid_models.training.evaluation.protocols import match
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import Dataset, DatasetError, TrackletSet
from reid_runtime.session import Session

PROTOCOL = "mars"


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Unit vectors of a data set's tracklets, one clip of each, as serving cuts it.

    Attributes:
        query: (Q, D) float32.
        gallery: (G, D) float32, without the queries.
    """

    query: NDArray[np.float32]
    gallery: NDArray[np.float32]

    @property
    def all(self) -> NDArray[np.float32]:
        """(Q + G, D)."""
        return np.concatenate([self.query, self.gallery]) if len(self.gallery) else self.query


def encoder_of(session: Session) -> Encoder:
    """What serving makes of a session."""
    return CropEncoder(session) if session.card.family in NAMES else ClipEncoder(session)


def describe_people(encoder: Encoder, dataset: Dataset, *, observer: Observer = lambda _: None) -> Described:
    """A data set through an encoder.

    Raises:
        DatasetError: if a frame cannot be read, or there is nobody in it.
    """
    if not len(dataset.query) + len(dataset.gallery):
        raise DatasetError(f"expected tracklets to compare in {dataset.name}, found none: name another data set")
    return Described(
        describe_tracklets(encoder, dataset.query, observer=observer),
        describe_tracklets(encoder, dataset.gallery, observer=observer),
    )


def describe_tracklets(
    encoder: Encoder, tracklets: TrackletSet, *, observer: Observer = lambda _: None
) -> NDArray[np.float32]:
    """(N, D) unit vectors; NaN where the network gave nothing with a direction."""
    cut = TestClips("spread", encoder.clip.frames)
    rows = [
        (clips.owners, clips.rows)
        for clips in each_clip(encoder.encode, tracklets, cut, encoder.clip, observer=observer)
    ]
    if not rows:
        return np.zeros((0, 0), np.float32)
    owners, vectors = (np.concatenate(each) for each in zip(*rows, strict=True))
    found = np.empty_like(vectors)
    found[owners] = vectors
    return found


def compare_people(one: Described, other: Described, dataset: Dataset, *, has_labels: bool = True) -> PeopleFigures:
    """How far two encoders lie apart on a data set; without labels, their embeddings alone."""
    if one.all.shape != other.all.shape:
        raise DatasetError(
            f"expected two networks whose embeddings are of one length, found {one.all.shape[1]} and "
            f"{other.all.shape[1]} numbers: they are not the same network"
        )
    cosines = np.nan_to_num((one.all * other.all).sum(axis=1), nan=-1.0)
    return PeopleFigures(
        clips=len(cosines),
        least_cosine=float(cosines.min()),
        mean_cosine=float(cosines.mean()),
        largest_difference=float(np.nan_to_num(np.abs(one.all - other.all), nan=np.inf).max()),
        before=_scores(one, dataset) if has_labels else None,
        after=_scores(other, dataset) if has_labels else None,
    )


def _scores(described: Described, dataset: Dataset) -> Scores | None:
    """None where nobody is to be found, or the vectors are no numbers."""
    if not np.isfinite(described.all).all():
        return None
    try:
        found = match(PROTOCOL, described.query, described.gallery, dataset, distance="cosine").ranking()
    except RankingError:
        return None
    return Scores(found.queries, found.found_within(1), found.mean_average_precision)
