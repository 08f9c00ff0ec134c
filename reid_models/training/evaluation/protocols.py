"""Who is searched for among whom, and how precision is averaged: what tells published numbers apart, by name."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_models.ranking import JUNK, Labelled, Precision, Ranking, rank
from reid_models.training.tracklets import Dataset, DatasetError


@dataclass(frozen=True, slots=True)
class Protocol:
    """
    Attributes:
        joins_queries: whether queries are in the gallery too; a query never finds itself, nor its own camera.
        precision: area under precision over recall.
        source: who counts so.
    """

    joins_queries: bool
    precision: Precision
    source: str


PROTOCOLS = {
    "mars": Protocol(True, "trapezoidal", "Zheng et al. (MATLAB), GLTR, TKP"),
    "ap3d": Protocol(True, "rectangular", "AP3D, TCLNet"),
    "gao": Protocol(False, "rectangular", "Gao and Nevatia, COSAM, deep-person-reid before 2019"),
    "duke": Protocol(False, "trapezoidal", "GLTR's script for DukeMTMC-VideoReID"),
}


def similarity_of(query: NDArray[np.float32], gallery: NDArray[np.float32], distance: str) -> NDArray[np.float32]:
    """(Q, G), higher is more alike: cosines, or minus the squared Euclidean distances.

    Args:
        query: (Q, D).
        gallery: (G, D).
        distance: cosine or euclidean.
    """
    if distance == "cosine":
        return _units(query) @ _units(gallery).T
    squares = np.square(query).sum(axis=1)[:, None] + np.square(gallery).sum(axis=1)[None, :]
    return np.asarray(2 * query @ gallery.T - squares, np.float32)


def score(
    name: str, query: NDArray[np.float32], gallery: NDArray[np.float32], who: Dataset, *, distance: str
) -> Ranking:
    """The ranking of a data set's gallery for its queries, by a protocol.

    Args:
        name: of the protocol.
        query: (Q, D) vectors.
        gallery: (G, D) vectors, without the queries.
        who: whom they show.
        distance: see `similarity_of`.

    Raises:
        DatasetError: if there is no such protocol.
    """
    if name not in PROTOCOLS:
        raise DatasetError(f"expected one of the protocols {', '.join(PROTOCOLS)}, found {name}")
    protocol = PROTOCOLS[name]
    rows, persons, cameras = gallery, who.gallery.persons, who.gallery.cameras
    if protocol.joins_queries:
        rows = np.concatenate([query, gallery])
        persons = np.concatenate([who.query.persons, persons])
        cameras = np.concatenate([who.query.cameras, cameras])
    kept = persons != JUNK
    similarity = similarity_of(query, rows[kept], distance)
    return rank(similarity, who.query.who, Labelled(persons[kept], cameras[kept]), precision=protocol.precision)


def _units(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    units: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return units
