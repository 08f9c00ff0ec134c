"""Who is searched for among whom, and how precision is averaged: what tells published numbers apart, by name."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reid_models.ranking import JUNK, Labelled, Precision, Ranking, rank
from reid_models.training.evaluation.reranking import RerankParams, rerank
from reid_models.training.tracklets import Dataset, DatasetError


@dataclass(frozen=True, slots=True)
class Protocol:
    """
    Attributes:
        joins_queries: whether queries are in the gallery too; a query never finds itself, nor its own camera.
        precision: area under precision over recall.
        counts_unmatched: whether a query with nothing to find counts, as one that found nothing.
        source: who counts so.
    """

    joins_queries: bool
    precision: Precision
    source: str
    counts_unmatched: bool = False


PROTOCOLS = {
    "mars": Protocol(
        True, "trapezoidal", "Zheng et al. (MATLAB) and GLTR on MARS; TKP on MARS, which drops junk first"
    ),
    "ap3d": Protocol(True, "rectangular", "AP3D and TCLNet on MARS"),
    "gao": Protocol(False, "rectangular", "Gao and Nevatia, COSAM, deep-person-reid before 2019"),
    "tkp": Protocol(False, "trapezoidal", "TKP on sets other than MARS"),
    "duke": Protocol(False, "trapezoidal", "GLTR's script for DukeMTMC-VideoReID", counts_unmatched=True),
    "two-cameras": Protocol(
        False, "rectangular", "iLIDS-VID, PRID 2011: one tracklet of each person in each camera, CMC only"
    ),
}


def similarity_of(query: NDArray[np.float32], gallery: NDArray[np.float32], distance: str) -> NDArray[np.float32]:
    """(Q, G), higher is more alike: cosines, or minus the squared Euclidean distances.

    Args:
        query: (Q, D).
        gallery: (G, D).
        distance: cosine or euclidean.

    Raises:
        DatasetError: if it is neither.
    """
    if distance == "cosine":
        return _units(query) @ _units(gallery).T
    if distance != "euclidean":
        raise DatasetError(f"expected vectors that compare by cosine or euclidean, found {distance}")
    squares = np.square(query).sum(axis=1)[:, None] + np.square(gallery).sum(axis=1)[None, :]
    return np.asarray(2 * query @ gallery.T - squares, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """The rows that a protocol searches.

    Attributes:
        vectors: (G, D).
        who: G of them.
        tracklets: (G,) int64, which tracklet each is: of the queries, and from their number on of the gallery.
    """

    vectors: NDArray[np.float32]
    who: Labelled
    tracklets: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Everything that a protocol compares: whom the queries show, whom the gallery, and how alike they are.

    Attributes:
        similarity: (Q, G) float32, higher is more alike.
        vectors: (Q, D) of the queries; D = 0 where pairs are compared otherwise than by vectors.
        queries: Q of them.
        searched: G of them.
        protocol: see there.
    """

    similarity: NDArray[np.float32]
    vectors: NDArray[np.float32]
    queries: Labelled
    searched: Searched
    protocol: Protocol

    def ranking(self) -> Ranking:
        """As the protocol counts.

        Raises:
            RankingError: if no query has anything to find.
        """
        found = rank(self.similarity, self.queries, self.searched.who, precision=self.protocol.precision)
        return found.with_unmatched() if self.protocol.counts_unmatched else found


def protocol_named(name: str) -> Protocol:
    """The protocol.

    Raises:
        DatasetError: if there is none of that name.
    """
    if name not in PROTOCOLS:
        raise DatasetError(f"expected one of the protocols {', '.join(PROTOCOLS)}, found {name}")
    return PROTOCOLS[name]


def searched(name: str, query: NDArray[np.float32], gallery: NDArray[np.float32], who: Dataset) -> Searched:
    """The rows that a protocol searches: the gallery's, behind those of the queries where they join it.

    Junk is left away here: MARS's script has it in the gallery and passes over it, which ranks the rest the same.

    Args:
        name: of the protocol.
        query: (Q, D) vectors.
        gallery: (G, D) vectors, without the queries.
        who: whom they show.

    Raises:
        DatasetError: if there is no such protocol.
    """
    persons = np.concatenate([who.query.persons, who.gallery.persons])
    cameras = np.concatenate([who.query.cameras, who.gallery.cameras])
    is_in = persons != JUNK
    is_in[: len(who.query)] &= protocol_named(name).joins_queries
    rows = np.flatnonzero(is_in)
    # Nobody's vectors have no length.
    vectors = np.concatenate([query, gallery]) if len(gallery) else query
    return Searched(vectors[rows], Labelled(persons[rows], cameras[rows]), rows)


def match(name: str, query: NDArray[np.float32], gallery: NDArray[np.float32], who: Dataset, *, distance: str) -> Match:
    """How alike a data set's queries and its gallery are, for a protocol.

    Args:
        name: of the protocol.
        query: (Q, D) vectors.
        gallery: (G, D) vectors, without the queries.
        who: whom they show.
        distance: see `similarity_of`.

    Raises:
        DatasetError: if there is no such protocol.
    """
    among = searched(name, query, gallery, who)
    return Match(similarity_of(query, among.vectors, distance), query, who.query.who, among, protocol_named(name))


def reranked(plain: Match, params: RerankParams, *, distance: str) -> Match:
    """The same queries and rows, by the distances of `rerank`: another task, to be labelled as such.

    Args:
        plain: how alike they are without.
        params: see there.
        distance: see `similarity_of`.

    Raises:
        DatasetError: if there are no vectors.
    """
    query, rows = plain.vectors, plain.searched.vectors
    if not query.shape[1]:
        raise DatasetError("expected a network that describes each tracklet by a vector, to re-rank: it compares pairs")
    if distance == "cosine":
        query, rows = _units(query), _units(rows)
    return replace(plain, similarity=-rerank(query, rows, params))


def _units(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return found
