from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_models.ranking import Labelled, RankingError
from reid_models.training.evaluation.protocols import Match, Searched, protocol_named
from reid_models.training.evaluation.scores import by_camera, intervals, mean_of, scores, verification


def matched(
    similarity: NDArray[np.float64], queries: list[tuple[int, int]], rows: list[tuple[int, int]], protocol: str = "gao"
) -> Match:
    """Of (person, camera) pairs."""
    asked, found = (np.array(who, np.int64) for who in (queries, rows))
    among = Searched(
        np.zeros((len(rows), 1), np.float32), Labelled(found[:, 0], found[:, 1]), np.arange(len(rows)) + len(queries)
    )
    nothing = np.zeros((len(queries), 0), np.float32)
    return Match(
        similarity.astype(np.float32), nothing, Labelled(asked[:, 0], asked[:, 1]), among, protocol_named(protocol)
    )


def noisy(seed: int = 0, count: int = 60) -> Match:
    """Everybody is seen by three cameras; one's own person is more alike, most often."""
    rng = np.random.default_rng(seed)
    queries = [(person, 1) for person in range(count)]
    rows = [(person, camera) for person in range(count) for camera in (1, 2, 3)]
    own = np.array([[row[0] == query[0] for row in rows] for query in queries])
    return matched(rng.normal(size=own.shape) + 3 * own, queries, rows)


def test_the_last_hit_makes_the_inverse_penalty() -> None:
    similarity = np.array([[0.9, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4]])
    found = scores(matched(similarity, [(1, 1), (2, 1)], [(1, 2), (2, 2), (1, 3), (2, 3)]).ranking())
    # Person 1's hits are at ranks 1 and 3; person 2's at 1 and 3.
    assert found["mINP"] == pytest.approx(2 / 3)
    assert found["R1"] == 1.0


def test_pairs_are_taken_for_one_person_as_rarely_as_asked() -> None:
    match = noisy()
    found = verification(match, (0.1, 0.01))
    rows, queries = match.searched.who, match.queries
    is_same = rows.persons == queries.persons[:, None]
    true = match.similarity[is_same & (rows.cameras != 1)]
    false = match.similarity[~is_same]
    for rate in (0.1, 0.01):
        best = max((true >= limit).mean() for limit in np.unique(false) if (false >= limit).mean() <= rate)
        assert found[f"TPR@FPR={rate:g}"] == pytest.approx(best, abs=0.02)
    assert 0 < found["TPR@FPR=0.01"] < found["TPR@FPR=0.1"] <= 1


def test_pairs_of_one_person_alone_have_no_rate_of_false_ones() -> None:
    with pytest.raises(RankingError, match="expected pairs of one person and of two, found 1 and 0"):
        verification(matched(np.ones((1, 1)), [(1, 1)], [(1, 2)]))


def test_a_camera_that_sees_worse_shows() -> None:
    match = noisy()
    weaker = match.similarity.copy()
    weaker[:, match.searched.who.cameras == 3] = np.random.default_rng(1).normal(size=(60, 60))
    found = by_camera(replace(match, similarity=weaker))
    assert [(pair.query, pair.gallery) for pair in found] == [(1, 2), (1, 3)]
    assert found[0].rank1 > 0.5 > 0.2 > found[1].rank1
    assert {pair.queries for pair in found} == {60}


def test_an_interval_holds_the_score_and_narrows_with_more_queries() -> None:
    few, many = noisy(count=30).ranking(), noisy(count=240).ranking()
    widths = []
    for ranking in (few, many):
        found = intervals(ranking, seed=3)
        values = scores(ranking)
        assert set(found) == set(values)
        assert all(found[name].low <= values[name] <= found[name].high for name in values)
        widths.append(found["mAP"].high - found["mAP"].low)
    assert widths[1] < 0.6 * widths[0]
    assert intervals(few, seed=3) == intervals(few, seed=3)
    assert intervals(few, seed=3) != intervals(few, seed=4)


def test_the_interval_is_that_of_a_share() -> None:
    """Of n queries, R1 = p moves by the square root of p (1 - p) / n."""
    ranking = noisy(count=400).ranking()
    share = ranking.found_within(1)
    interval = intervals(ranking)["R1"]
    expected = 2 * 1.96 * (share * (1 - share) / 400) ** 0.5
    assert interval.high - interval.low == pytest.approx(expected, rel=0.15)


def test_splits_are_averaged_score_by_score() -> None:
    assert mean_of([{"R1": 0.5, "mAP": 0.2}, {"R1": 0.7, "mAP": 0.4}]) == pytest.approx({"R1": 0.6, "mAP": 0.3})
