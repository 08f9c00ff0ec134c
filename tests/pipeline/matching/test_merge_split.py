"""Merges and splits, case by case. Tracks are directions in the plane; the cosine demanded is 0.9, that of 25.8
degrees.
"""

from collections.abc import Sequence

import numpy as np
import pytest

from passerby_events.reasons import NearerToAnother, Unlike
from pipeline.matching.constraints import Impossibility, Verdict
from pipeline.matching.merge_split import MergeSplitParams, Persons, RowMergeSplit, compare_pairs, find_merge_splits
from testing.matching.arrays import Row, arrays, matrices

PARAMS = MergeSplitParams(
    merge_extra=0.0, split_slack=0.1, move_extra=0.1, margin=0.02, min_tracklets=2, max_revisions=2
)


def run(
    rows: Sequence[Row],
    persons: Sequence[int],
    trigger: int,
    *,
    tracklets: Sequence[int] | None = None,
    revisions: Sequence[int] | None = None,
    params: MergeSplitParams = PARAMS,
) -> list[RowMergeSplit]:
    around = Persons(
        persons=np.array(persons),
        pairs=compare_pairs(arrays(rows), matrices(), np.full((3, 3), 0.9)),
        tracklets=np.array(tracklets or [3] * len(rows)),
        revisions=np.array(revisions or [0] * len(rows)),
    )
    return find_merge_splits(around, trigger, params)


def summarize(changes: Sequence[RowMergeSplit]) -> list[tuple[str, list[int], int, int]]:
    return [(each.kind, each.rows.tolist(), each.source, each.target) for each in changes]


def cos(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))


def test_persons_whose_tracks_agree_are_one_and_the_older_gives_the_name() -> None:
    rows = [(0, "door", 0, 5), (8, "hall", 1, 6), (12, "hall", 10, 15)]
    (merged,) = run(rows, [0, 1, 1], 2)
    assert summarize([merged]) == [("merged", [1, 2], 1, 0)]
    assert merged.joined is not None
    assert merged.joined.similarity == pytest.approx((cos(8) + cos(12)) / 2)
    assert merged.joined.threshold == pytest.approx(0.9)
    assert merged.nearest == (1, 0)
    assert merged.margin is None
    assert summarize(run(rows, [0, 1, 1], 0)) == [("merged", [1, 2], 1, 0)]


def test_persons_who_agree_in_one_pair_alone_stay_two() -> None:
    assert run([(0, "door", 0, 5), (12, "hall", 1, 6), (37, "hall", 10, 15)], [0, 1, 1], 1) == []


def test_who_was_at_two_places_at_once_is_never_joined() -> None:
    rows = [(0, "door", 0, 5), (0, "door", 20, 25), (0, "hall", 1, 6), (0, "door", 23, 30)]
    assert run(rows, [0, 0, 1, 1], 2) == []


def test_it_must_be_clear_which_two_are_one() -> None:
    rows = [(0, "door", 0, 5), (10, "hall", 10, 15), (-10.5, "hall", 20, 25)]
    assert run(rows, [0, 1, 2], 0) == []
    rows[2] = (-24, "hall", 20, 25)
    (merged,) = run(rows, [0, 1, 2], 0)
    assert (merged.source, merged.target) == (1, 0)
    assert merged.margin == pytest.approx(cos(10) - cos(34))


def test_each_must_be_the_others_best() -> None:
    rows = [(0, "door", 0, 5), (20, "hall", 10, 15), (35, "hall", 20, 25)]
    assert summarize(run(rows, [0, 1, 2], 0)) == []
    assert summarize(run(rows, [0, 1, 2], 1)) == [("merged", [2], 2, 1)]


def test_a_track_that_disagrees_with_the_others_leaves() -> None:
    rows = [(0, "door", 0, 5), (4, "hall", 1, 6), (50, "hall", 10, 15)]
    (split,) = run(rows, [0, 0, 0], 2)
    assert summarize([split]) == [("split", [2], 0, 1)]
    assert split.joined is None
    assert split.nearest is None
    assert split.left is not None
    assert split.left.similarity == pytest.approx((cos(50) + cos(46)) / 2)
    assert isinstance(split.left.reason, Unlike)
    assert split.left.reason.similarity == pytest.approx(split.left.similarity)
    assert split.left.reason.min_similarity > split.left.similarity


def test_the_lesser_part_leaves_whoever_gave_the_reason() -> None:
    rows = [(50, "door", 0, 5), (4, "hall", 6, 9), (0, "hall", 10, 15)]
    assert summarize(run(rows, [0, 0, 0], 2)) == [("split", [0], 0, 1)]


def test_of_two_tracks_the_later_leaves() -> None:
    assert summarize(run([(50, "door", 0, 5), (0, "hall", 6, 9)], [0, 0], 0)) == [("split", [1], 0, 1)]


def test_a_track_takes_with_it_those_that_are_nearer_to_it() -> None:
    rows = [(0, "door", 0, 5), (4, "hall", 1, 6), (2, "door", 6, 8), (54, "hall", 10, 15), (50, "hall", 20, 25)]
    assert summarize(run(rows, [0] * 5, 4)) == [("split", [3, 4], 0, 1)]


def test_between_joining_and_parting_nothing_happens() -> None:
    together, apart = [(0, "door", 0, 5), (30, "hall", 10, 15)], 0.9 - PARAMS.split_slack
    assert apart < cos(30) < 0.9
    assert run(together, [0, 0], 1) == []
    assert run(together, [0, 1], 1) == []


def test_who_leaves_joins_another_who_is_clearly_meant() -> None:
    rows = [(0, "door", 0, 5), (60, "door", 1, 6), (58, "hall", 10, 15)]
    (split,) = run(rows, [0, 1, 0], 2)
    assert summarize([split]) == [("split", [2], 0, 1)]
    assert split.joined is not None
    assert split.joined.similarity == pytest.approx(cos(2))
    assert split.nearest == (2, 1)
    assert split.left is not None
    assert split.left.similarity == pytest.approx(cos(58))


def test_a_track_goes_over_to_whom_it_is_nearer_to_by_far() -> None:
    rows = [(0, "door", 0, 5), (33, "door", 1, 6), (28, "hall", 10, 15)]
    (split,) = run(rows, [0, 1, 0], 2)
    assert summarize([split]) == [("split", [2], 0, 1)]
    assert split.left is not None
    assert isinstance(split.left.reason, NearerToAnother)
    assert split.left.reason.lead == pytest.approx(cos(5) - cos(28), abs=1e-6)
    rows[2] = (20, "hall", 10, 15)
    assert run(rows, [0, 1, 0], 2) == []


def test_what_is_impossible_is_taken_apart_however_alike_it_looks() -> None:
    rows = [(0, "hall", 0, 30), (0, "yard", 20, 25)]
    (split,) = run(rows, [0, 0], 0, tracklets=[1, 1])
    assert summarize([split]) == [("split", [1], 0, 1)]
    assert split.left is not None
    assert split.left.similarity == pytest.approx(1)
    assert isinstance(split.left.reason, Impossibility)
    assert split.left.reason.verdict == Verdict.TWO_CAMERAS_AT_ONCE
    assert split.left.reason.gap_s == 20 - 30


def test_the_other_tracks_go_with_the_one_that_they_are_nearer_to() -> None:
    rows = [(0, "hall", 0, 30), (20, "yard", 20, 25), (18, "door", 40, 45), (22, "door", 50, 55)]
    assert summarize(run(rows, [0] * 4, 0)) == [("split", [0], 0, 1)]
    rows = [(0, "hall", 0, 30), (20, "yard", 20, 25), (2, "door", 40, 45)]
    assert summarize(run(rows, [0] * 3, 1)) == [("split", [1], 0, 1)]


def test_a_walk_that_took_too_long_contradicts_nobody() -> None:
    assert run([(0, "hall", 0, 5), (0, "yard", 90, 95)], [0, 0], 1) == []
    assert run([(0, "hall", 0, 5), (0, "yard", 90, 95)], [0, 1], 1) == []
    merged = run([(0, "hall", 0, 5), (0, "hall", 80, 85), (0, "yard", 96, 99)], [0, 0, 1], 2)
    assert summarize(merged) == [("merged", [2], 1, 0)]


def test_on_little_evidence_nothing_but_an_impossibility_is_corrected() -> None:
    apart = [(0, "door", 0, 5), (50, "hall", 10, 15)]
    assert run(apart, [0, 0], 1, tracklets=[3, 1]) == []
    assert run(apart, [0, 0], 1, tracklets=[1, 3]) == []
    alike = [(0, "door", 0, 5), (0, "hall", 10, 15)]
    assert run(alike, [0, 1], 1, tracklets=[3, 1]) == []
    assert len(run(alike, [0, 1], 1, tracklets=[3, 2])) == 1


def test_what_was_moved_too_often_stays() -> None:
    apart = [(0, "door", 0, 5), (50, "hall", 10, 15)]
    assert run(apart, [0, 0], 1, revisions=[0, 2]) == []
    assert run([(0, "hall", 0, 30), (0, "yard", 20, 25)], [0, 0], 0, revisions=[0, 2]) == []
    alike = [(0, "door", 0, 5), (0, "hall", 10, 15)]
    assert len(run(alike, [0, 1], 1, revisions=[2, 2])) == 1


def test_on_the_same_evidence_merges_and_splits_come_to_rest() -> None:
    """Whatever the tracks: all are looked at again and again, and soon nothing more follows from them."""
    rng = np.random.default_rng(3)
    for _ in range(60):
        n = int(rng.integers(2, 12))
        starts = np.sort(rng.uniform(0, 100, n))
        rows = [
            (rng.uniform(0, 120), ["door", "hall", "yard"][rng.integers(3)], s, s + rng.uniform(1, 9)) for s in starts
        ]
        persons, revisions = rng.integers(0, 4, n), np.zeros(n, np.int64)
        for _turn in range(8):
            moved = 0
            for trigger in range(n):
                numbers = list(dict.fromkeys(persons.tolist()))
                local = [numbers.index(person) for person in persons]
                for change in run(rows, local, trigger, revisions=revisions.tolist()):
                    moved += 1
                    fresh = int(persons.max()) + 1 + change.target - len(numbers)
                    persons[change.rows] = numbers[change.target] if change.target < len(numbers) else fresh
                    revisions[change.rows] += 1
            if not moved:
                break
        assert not moved


@pytest.mark.parametrize(
    "wrong",
    [{"split_slack": -0.1}, {"margin": -0.1}, {"merge_extra": -0.2}, {"min_tracklets": 0}, {"max_revisions": -1}],
)
def test_senseless_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        MergeSplitParams(**wrong)  # type: ignore[arg-type]
