from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pytest

from pipeline.evaluation.error_causes import Causes, IdentityErrors, identity_errors
from pipeline.evaluation.scoring import Comparison, join_comparisons, score

Boxes = list[tuple[int, int]]
"""Of one frame: for each drawn box its track and the true person whom it lies on, 0 for nobody."""


def camera(truth: list[list[int]], drawn: list[Boxes]) -> Comparison:
    """Tracks of one camera; a box lies wholly on its person, or on nobody."""
    return Comparison(
        frames=np.arange(1, len(truth) + 1),
        truth_ids=[np.array(persons, np.int64) for persons in truth],
        track_ids=[np.array([track for track, _ in boxes], np.int64) for boxes in drawn],
        similarity=[
            np.array([[float(on == person) for _, on in boxes] for person in persons]).reshape(len(persons), len(boxes))
            for persons, boxes in zip(truth, drawn, strict=True)
        ],
    )


def errors(cameras: Mapping[str, Comparison], person_of: Mapping[tuple[str, int], int]) -> IdentityErrors:
    """Of tracks that were given these persons; the others were not encoded."""
    own = {
        (name, track): 100_000 + 1000 * number + track
        for number, (name, comparison) in enumerate(cameras.items())
        for ids in comparison.track_ids
        for track in ids.tolist()
    }
    by_person = {
        name: Comparison(
            comparison.frames,
            comparison.truth_ids,
            [
                np.array([person_of.get((name, track), own[name, track]) for track in ids.tolist()], np.int64)
                for ids in comparison.track_ids
            ],
            comparison.similarity,
        )
        for name, comparison in cameras.items()
    }
    found = identity_errors(cameras, by_person, person_of.keys())
    assert found.idf1 == pytest.approx(score(join_comparisons(list(by_person.values()))).idf1)
    return found


def steady(person: int, track: int, frames: int = 10) -> Comparison:
    """One person under one track."""
    return camera([[person]] * frames, [[(track, person)]] * frames)


def test_a_run_without_errors_has_no_causes() -> None:
    found = errors({"a": steady(1, 5), "b": steady(1, 6)}, {("a", 5): 70, ("b", 6): 70})
    assert found == IdentityErrors(20, Causes(), Causes())


def test_what_nobody_drew_is_a_missed_detection_and_what_lies_on_nobody_a_false_one() -> None:
    seen = camera([[1]] * 10, [[(5, 1)]] * 6 + [[]] * 3 + [[(5, 0)]])
    found = errors({"a": seen}, {("a", 5): 70})
    assert found == IdentityErrors(6, Causes(missed_detection=4), Causes(false_detection=1))


def test_a_second_box_on_somebody_is_a_false_detection() -> None:
    seen = camera([[1]] * 10, [[(5, 1), (6, 1)]] * 10)
    found = errors({"a": seen}, {("a", 5): 70, ("a", 6): 71})
    assert found == IdentityErrors(10, Causes(), Causes(false_detection=10))


def test_a_track_that_moves_on_to_somebody_else_is_a_track_switch() -> None:
    seen = camera([[1, 2]] * 10, [[(5, 1), (6, 2)]] * 7 + [[(5, 2), (6, 1)]] * 3)
    found = errors({"a": seen}, {("a", 5): 70, ("a", 6): 71})
    assert found == IdentityErrors(14, Causes(track_switch=6), Causes(track_switch=6))


def test_a_track_that_was_never_encoded_is_held_against_the_gate() -> None:
    found = errors({"a": steady(1, 5), "b": steady(1, 6, frames=4)}, {("a", 5): 70})
    assert found == IdentityErrors(10, Causes(gate=4), Causes(gate=4))


def test_somebody_who_becomes_somebody_new_is_a_missed_match() -> None:
    found = errors({"a": steady(1, 5), "b": steady(1, 6, frames=4)}, {("a", 5): 70, ("b", 6): 71})
    assert found == IdentityErrors(10, Causes(missed_match=4), Causes(missed_match=4))


def test_somebody_who_becomes_somebody_else_is_a_wrong_match() -> None:
    found = errors({"a": steady(1, 5), "b": steady(2, 6, frames=4)}, {("a", 5): 70, ("b", 6): 70})
    assert found == IdentityErrors(10, Causes(wrong_match=4), Causes(wrong_match=4))


@pytest.mark.parametrize("seed", range(8))
def test_causes_add_up_to_the_errors_of_idf1_whatever_happens(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def frame() -> tuple[list[int], Boxes]:
        truth = rng.permutation(6)[: rng.integers(0, 5)] + 1
        tracks = rng.permutation(9)[: rng.integers(0, 6)]
        return truth.tolist(), [(int(track), int(rng.choice([0, *truth]))) for track in tracks]

    cameras = {name: camera(*map(list, zip(*(frame() for _ in range(30)), strict=True))) for name in "abc"}
    person_of = {(name, track): int(rng.integers(0, 7)) for name in "abc" for track in range(6)}
    once = {track: 10 * track[1] + person for track, person in person_of.items()}
    found = errors(cameras, once)
    boxes = sum(len(ids) for comparison in cameras.values() for ids in comparison.truth_ids)
    drawn = sum(len(ids) for comparison in cameras.values() for ids in comparison.track_ids)
    assert found.correct + sum(asdict(found.missing).values()) == boxes
    assert found.correct + sum(asdict(found.excess).values()) == drawn
