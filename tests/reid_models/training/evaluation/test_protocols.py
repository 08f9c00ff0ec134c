from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_models.ranking import Labelled, Ranking
from reid_models.training.evaluation.protocols import (
    PROTOCOLS,
    Match,
    match,
    protocol_named,
    reranked,
    searched,
    similarity_of,
)
from reid_models.training.evaluation.reranking import RerankParams
from reid_models.training.tracklets import Dataset, DatasetError, ImageFiles, TrackletSet

OFFICIAL = {
    "a_cosam": "gao",
    "b_tkp": "mars",
    "c_ap3d": "ap3d",
    "d_matlab_mars": "mars",
    "e_matlab_duke": "tkp",
}
"""Keys of the golden files, and the protocol whose rows and precision they are."""


def people(persons: NDArray[np.int64], cameras: NDArray[np.int64]) -> TrackletSet:
    """A frame each, which nobody reads."""
    count = len(persons)
    frames = ImageFiles.of(Path(f"{number}.png") for number in range(count))
    return TrackletSet(persons, cameras, np.arange(count), np.ones(count, np.int64), frames)


def dataset(query: TrackletSet, gallery: TrackletSet) -> Dataset:
    nobody = np.zeros(0, np.int64)
    return Dataset("made up", "nobody", people(nobody, nobody), query, gallery)


def official(shared: Path, number: int, protocol: str) -> tuple[Ranking, dict[str, NDArray[np.float64]]]:
    """What a protocol makes of the distances of a golden file, and the file."""
    with np.load(shared / f"golden/eval_{number}.npz") as file:
        golden = dict(file)
    queries = golden["query_idx"]
    others = np.setdiff1d(np.arange(len(golden["pids_all"])), queries)
    query, gallery = (people(golden["pids_all"][rows], golden["camids_all"][rows]) for rows in (queries, others))
    # Numbers of the rows stand for vectors.
    among = searched(
        protocol, queries[:, None].astype(np.float32), others[:, None].astype(np.float32), dataset(query, gallery)
    )
    distances = golden["dist_all"][:, among.vectors[:, 0].astype(np.int64)]
    return Match(
        -distances, np.zeros((len(query), 0), np.float32), query.who, among, protocol_named(protocol)
    ).ranking(), golden


@pytest.mark.shared
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("name", OFFICIAL)
def test_protocols_count_as_the_published_scripts(shared: Path, number: int, name: str) -> None:
    found, golden = official(shared, number, OFFICIAL[name])
    np.testing.assert_allclose(found.average_precision, golden[f"{name}_ap_per_query"], atol=1e-9)
    agrees(found, golden, name, "")
    assert found.queries == golden[f"{name}_n_valid"]
    if f"{name}_map_invalid_as_zero" in golden:
        agrees(found.with_unmatched(), golden, name, "_invalid_as_zero")


@pytest.mark.shared
@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_protocol_of_duke_prints_what_its_script_prints(shared: Path, number: int) -> None:
    found, golden = official(shared, number, "duke")
    agrees(found, golden, "e_matlab_duke", "_invalid_as_zero")
    assert found.queries == len(golden["query_idx"])


def agrees(found: Ranking, golden: dict[str, NDArray[np.float64]], name: str, ending: str) -> None:
    places = [found.found_within(place) for place in (1, 5, 10, 20)]
    np.testing.assert_allclose(places, golden[f"{name}_cmc{ending}"], atol=1e-6)
    assert found.mean_average_precision == pytest.approx(float(golden[f"{name}_map{ending}"]), abs=1e-6)


def test_a_query_is_searched_among_the_others_where_the_protocol_says_so() -> None:
    who = dataset(people(np.array([1, 2]), np.array([1, 1])), people(np.array([1, -1, 2]), np.array([2, 2, 2])))
    vectors = np.eye(5, dtype=np.float32)
    joined, apart = (searched(name, vectors[:2], vectors[2:], who) for name in ("mars", "gao"))
    assert joined.tracklets.tolist() == [0, 1, 2, 4]
    assert apart.tracklets.tolist() == [2, 4]
    np.testing.assert_array_equal(joined.vectors, vectors[[0, 1, 2, 4]])
    assert joined.who.persons.tolist() == [1, 2, 1, 2]


def test_cosines_do_not_see_lengths_and_distances_do() -> None:
    query, gallery = np.array([[1, 0]], np.float32), np.array([[9, 0], [0.5, 0.5]], np.float32)
    np.testing.assert_allclose(similarity_of(query, gallery, "cosine"), [[1, 0.5**0.5]], rtol=1e-6)
    np.testing.assert_allclose(similarity_of(query, gallery, "euclidean"), [[-64, -0.5]], rtol=1e-6)


def test_neighbours_in_common_bring_a_person_forward() -> None:
    """One person on a chain of views: the far end of it is nearer to somebody else than to the query."""
    chain = np.stack([np.linspace(0, 1, 8), np.zeros(8)], axis=1)
    others = np.array([[0.45, 0.55 + 0.01 * step] for step in range(12)])
    vectors = np.concatenate([chain[1:], others]).astype(np.float32)
    persons = np.array([1] * 7 + [2] * 12)
    who = dataset(people(np.array([1]), np.array([1])), people(persons, np.full(19, 2)))
    query = chain[:1].astype(np.float32)
    plain = match("gao", query, vectors, who, distance="euclidean")
    again = reranked(plain, RerankParams(near=4, smoothed=2), distance="euclidean")
    assert plain.ranking().mean_average_precision < 0.9
    assert again.ranking().mean_average_precision > plain.ranking().mean_average_precision
    with pytest.raises(DatasetError, match="describes each tracklet by a vector"):
        reranked(replace(plain, vectors=query[:, :0]), RerankParams(), distance="euclidean")


def test_a_protocol_that_nobody_knows_is_refused() -> None:
    with pytest.raises(
        DatasetError, match="expected one of the protocols mars, ap3d, gao, tkp, duke, two-cameras, found x"
    ):
        protocol_named("x")
    assert all(protocol.source for protocol in PROTOCOLS.values())


def test_the_labels_of_a_match_line_up() -> None:
    who = dataset(people(np.array([1]), np.array([1])), people(np.array([1, 3]), np.array([2, 2])))
    found = match("two-cameras", np.ones((1, 4), np.float32), np.ones((2, 4), np.float32), who, distance="cosine")
    assert isinstance(found.searched.who, Labelled)
    assert found.similarity.shape == (1, 2)
    # All alike: the wrong one comes first.
    assert found.ranking().found_within(1) == 0
