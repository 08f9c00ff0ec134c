"""The decision, case by case. Persons are directions in the plane; a similarity is the cosine of an angle."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.matching.constraints import Impossibility, Verdict, verdicts
from pipeline.matching.policy import NEW, Decision, MatchParams, decide, reach_of
from pipeline.matching.search import rows_within_reach
from pipeline.matching.sightings import NOBODY, SightingArrays
from pipeline.site import Site, Topology, Transit
from testing.matching.arrays import CAMERAS, SITE, Row, arrays, matrices


def crowd(vectors: NDArray[np.float64], persons: NDArray[np.int64]) -> SightingArrays:
    """People who were all seen for a second; those who are nobody yet, an hour later."""
    start_s = np.where(persons == NOBODY, 3600.0, np.arange(len(persons)))
    return SightingArrays(
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        persons=persons,
        cameras=np.zeros(len(persons), np.int64),
        extra=np.zeros(len(persons)),
        start_s=start_s,
        end_s=start_s + 1,
        still_there=np.zeros(len(persons), np.bool_),
    )


def run(
    batch: Sequence[Row],
    known: Sequence[Row] = (),
    persons: Sequence[int] = (),
    *,
    site: Site = SITE,
    must_decide: bool = False,
    params: MatchParams | None = None,
) -> list[Decision]:
    return search_and_decide(
        arrays(batch),
        arrays(known, persons) if known else arrays([(0, "door", 0, 0)], [NOBODY]),
        matrices(site),
        0.9,
        params or MatchParams(threshold=0.9, margin=0.02, deferral_band=0.0),
        np.full(len(batch), must_decide),
    )


def search_and_decide(
    batch: SightingArrays,
    known: SightingArrays,
    site: Topology,
    threshold: float,
    params: MatchParams,
    must_decide: NDArray[np.bool_],
) -> list[Decision]:
    thresholds = np.full((3, 3), threshold)
    found = rows_within_reach(batch.vectors, known.vectors, reach_of(thresholds, params))
    return decide(batch, known, site, thresholds, params, must_decide, found)


def persons_of(decisions: Sequence[Decision]) -> dict[int, int]:
    return {decision.query: decision.person for decision in decisions}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param((0, "door", 0, 10), (0, "door", 5, 15), Verdict.SAME_CAMERA_SAME_TIME, id="together in one view"),
        pytest.param((0, "door", 0, 10), (0, "door", 10, 15), Verdict.POSSIBLE, id="one after the other"),
        pytest.param((0, "door", 0, np.inf), (0, "door", 50, 60), Verdict.SAME_CAMERA_SAME_TIME, id="still there"),
        pytest.param((0, "door", 0, 10), (0, "hall", 5, 15), Verdict.POSSIBLE, id="views that overlap"),
        pytest.param((0, "hall", 0, 10), (0, "yard", 5, 15), Verdict.TWO_CAMERAS_AT_ONCE, id="views that do not"),
        pytest.param((0, "hall", 0, 10), (0, "yard", 12, 15), Verdict.TOO_FAST, id="faster than a walk"),
        pytest.param((0, "yard", 0, 10), (0, "hall", 15, 19), Verdict.POSSIBLE, id="a walk, the other way"),
        pytest.param((0, "hall", 0, 10), (0, "yard", 80, 90), Verdict.TOO_LATE, id="longer than a walk"),
        pytest.param((0, "door", 0, 10), (0, "yard", 9, 12), Verdict.TWO_CAMERAS_AT_ONCE, id="apart"),
        pytest.param((0, "door", 0, 10), (0, "yard", 11, 12), Verdict.POSSIBLE, id="apart, later"),
    ],
)
def test_what_is_possible(a: Row, b: Row, expected: Verdict) -> None:
    index = np.zeros(1, np.intp)
    there = verdicts(arrays([a]), arrays([b]), index, index, matrices())
    back = verdicts(arrays([b]), arrays([a]), index, index, matrices())
    assert there.tolist() == back.tolist() == [expected]


def test_a_one_way_walk_is_closed_the_other_way() -> None:
    site = Site(transits=(Transit(between=("hall", "yard"), one_way=True),))
    index = np.zeros(1, np.intp)
    hall, yard = arrays([(0, "hall", 0, 10)]), arrays([(0, "yard", 20, 30)])
    assert verdicts(hall, yard, index, index, matrices(site)).tolist() == [Verdict.POSSIBLE]
    hall, yard = arrays([(0, "hall", 20, 30)]), arrays([(0, "yard", 0, 10)])
    assert verdicts(hall, yard, index, index, matrices(site)).tolist() == [Verdict.TOO_LATE]


def test_nobody_known_means_a_new_person() -> None:
    (decision,) = run([(0, "door", 0, 5)])
    assert (decision.person, decision.row, decision.peer, decision.similarity) == (NEW, -1, -1, None)


def test_a_person_is_recognised_above_the_threshold_and_not_below() -> None:
    known, persons = [(0, "door", 0, 5)], [7]
    assert persons_of(run([(20, "door", 10, 15)], known, persons)) == {0: 7}
    assert persons_of(run([(30, "door", 10, 15)], known, persons)) == {0: NEW}


def test_the_event_can_say_how_sure_it_is() -> None:
    (decision,) = run([(5, "door", 10, 15)], [(0, "door", 0, 5), (20, "hall", 0, 5)], [1, 2])
    assert decision.person == 1
    assert decision.row == 0
    assert decision.similarity == pytest.approx(np.cos(np.radians(5)), abs=1e-6)
    assert decision.threshold == pytest.approx(0.9)
    assert decision.margin == pytest.approx(np.cos(np.radians(5)) - np.cos(np.radians(15)), abs=1e-6)
    assert [(runner_up.person, runner_up.ruled_out_by) for runner_up in decision.runners_up] == [(2, None)]


def test_what_is_impossible_is_not_weighed_against_similarity() -> None:
    known = [(0, "door", 0, 12), (20, "door", 0, 5)]
    (decision,) = run([(0, "door", 10, 15)], known, [1, 2])
    assert decision.person == 2
    (runner_up,) = decision.runners_up
    assert runner_up.person == 1
    assert runner_up.ruled_out_by == Impossibility(Verdict.SAME_CAMERA_SAME_TIME, (0, 0), 10 - 12, 0, np.inf)


def test_one_impossible_track_makes_the_person_impossible() -> None:
    known = [(0, "door", 0, 5), (0, "hall", 8, np.inf)]
    assert persons_of(run([(0, "hall", 10, 15)], known, [1, 1])) == {0: NEW}


def test_a_walk_that_took_too_long_counts_against_that_sighting_alone() -> None:
    known = [(0, "hall", 0, 5), (10, "yard", 90, 95)]
    (decision,) = run([(0, "yard", 100, 110)], known, [1, 1])
    assert (decision.person, decision.row) == (1, 1)
    assert persons_of(run([(0, "yard", 100, 110)], known[:1], [1])) == {0: NEW}


def test_an_unclear_track_waits_until_it_must_be_decided() -> None:
    known, persons = [(10, "door", 0, 5), (-10.3, "door", 0, 5)], [1, 2]
    assert run([(0, "door", 10, 15)], known, persons) == []
    assert persons_of(run([(0, "door", 10, 15)], known, persons, must_decide=True)) == {0: 1}


def test_a_near_miss_waits_before_it_is_somebody_new() -> None:
    known, persons = [(0, "door", 0, 5)], [1]
    params = MatchParams(threshold=0.9, margin=0.02, deferral_band=0.1)
    assert run([(30, "door", 10, 15)], known, persons, params=params) == []
    assert persons_of(run([(30, "door", 10, 15)], known, persons, params=params, must_decide=True)) == {0: NEW}
    assert persons_of(run([(45, "door", 10, 15)], known, persons, params=params)) == {0: NEW}


def test_the_margin_compares_people_not_tracks() -> None:
    known = [(10, "door", 0, 5), (-10, "hall", 0, 5)]
    assert persons_of(run([(0, "door", 10, 15)], known, [1, 1])) == {0: 1}


def test_tracks_that_compete_are_assigned_together() -> None:
    """First come, first served would give person 1 to the first track and leave the second with nobody."""
    known, persons = [(0, "door", 0, 5), (24, "door", 0, 5)], [1, 2]
    batch = [(11, "door", 10, 20), (-10, "door", 10, 20)]
    params = MatchParams(threshold=0.9, margin=0.0, deferral_band=0.0)
    assert persons_of(run(batch, known, persons, params=params)) == {0: 2, 1: 1}


def test_two_tracks_of_one_camera_at_one_time_are_two_people() -> None:
    batch = [(0, "door", 10, 20), (1, "door", 10, 20)]
    assert persons_of(run(batch, [(0, "door", 0, 5)], [1])) == {0: 1, 1: NEW}


@pytest.mark.parametrize(("handover_s", "expected"), [(0.0, NEW), (1.0, 7)])
def test_a_track_may_go_on_a_little_when_the_next_has_begun(handover_s: float, expected: int) -> None:
    site = SITE.model_copy(update={"handover_s": handover_s})
    known = [(0, "door", 0, 10)]
    assert run([(1, "door", 9.5, 20)], known, [7], site=site, must_decide=True)[0].person == expected
    assert run([(1, "door", 8.0, 20)], known, [7], site=site, must_decide=True)[0].person == NEW


def test_newcomers_of_one_batch_recognise_each_other() -> None:
    batch = [(0, "door", 10, 20), (2, "hall", 10.5, 20), (90, "hall", 11, 20)]
    decisions = {d.query: d for d in run(batch)}
    assert decisions[0].peer == -1
    assert (decisions[1].person, decisions[1].peer) == (NEW, 0)
    assert (decisions[2].person, decisions[2].peer) == (NEW, -1)


def test_someone_known_may_be_seen_twice_in_one_batch() -> None:
    batch = [(0, "door", 10, 20), (2, "hall", 10, 20)]
    assert persons_of(run(batch, [(0, "door", 0, 5)], [4])) == {0: 4, 1: 4}


def test_permuting_what_is_known_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    known = [(float(rng.uniform(0, 360)), CAMERAS[i % 3], float(i), i + 0.5) for i in range(60)]
    persons = rng.integers(0, 30, 60).tolist()
    batch = [(float(rng.uniform(0, 360)), CAMERAS[i % 3], 200 + i, 201.0 + i) for i in range(20)]
    order = rng.permutation(60)
    first = run(batch, known, persons, must_decide=True)
    second = run(batch, [known[i] for i in order], [persons[i] for i in order], must_decide=True)
    assert persons_of(first) == persons_of(second)
    assert [d.similarity for d in first] == [d.similarity for d in second]


def test_the_order_of_what_is_known_changes_no_bit() -> None:
    """The matcher that takes over loads the gallery in another order, and its events must have the same bytes."""
    rng = np.random.default_rng(0)
    appearance = rng.standard_normal((40, 512))
    persons = rng.integers(0, 40, 300)
    known = crowd(appearance[persons] + 0.5 * rng.standard_normal((300, 512)), persons)
    batch = crowd(appearance[:30] + 0.5 * rng.standard_normal((30, 512)), np.full(30, NOBODY))
    order = rng.permutation(300)
    shuffled = SightingArrays(*(getattr(known, field)[order] for field in SightingArrays.__slots__))
    first, second = (
        search_and_decide(batch, rows, matrices(), 0.6, MatchParams(), np.ones(30, np.bool_))
        for rows in (known, shuffled)
    )
    assert len(first) == 30
    assert [d.runners_up for d in first] == [d.runners_up for d in second]
    assert [(d.query, d.person, d.similarity, d.margin) for d in first] == [
        (d.query, d.person, d.similarity, d.margin) for d in second
    ]


def test_an_empty_batch_decides_nothing() -> None:
    empty = arrays([(0, "door", 0, 1)])
    nobody = SightingArrays(*(getattr(empty, f)[:0] for f in SightingArrays.__slots__))
    assert search_and_decide(nobody, empty, matrices(), 0.9, MatchParams(), np.zeros(0, bool)) == []


def test_senseless_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="threshold"):
        MatchParams(threshold=1.5)
