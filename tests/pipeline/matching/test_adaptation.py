from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.matching.adaptation import AdaptParams, adapt
from pipeline.matching.sightings import NOBODY, SightingArrays

GIVEN = np.array([[0.8, 0.65], [0.65, 0.8]])
OVERLAP = np.array([[False, True], [True, False]])
DIMENSIONS = 256


def seen(
    people: int, *, visits: int = 3, cast: float = 0.0, likeness: float = 0.5, at_once: bool = True, seed: int = 0
) -> SightingArrays:
    """Tracks of some people in two cameras, each there for ten seconds on each visit.

    Args:
        people: how many.
        visits: of each to each camera.
        cast: how far the second camera moves what it sees, in the length of a vector.
        likeness: of strangers in one camera, cosine.
        at_once: whether both cameras see them at one time, or one after the other.
        seed: of the people.
    """
    rng = np.random.default_rng(seed)
    common, tint = _unit(rng, 2)
    own = _unit(rng, people)
    rows = []
    for visit in range(visits):
        for camera in (0, 1):
            for person in range(people):
                about = np.sqrt(likeness) * common + np.sqrt(1 - likeness) * own[person] + cast * camera * tint
                start_s = 100.0 * visit + (0.0 if at_once else 20.0 * camera)
                rows.append((about + 0.3 * _unit(rng, 1)[0], camera, start_s))
    vectors = np.array([about / np.linalg.norm(about) for about, _, _ in rows], np.float32)
    starts_s = np.array([start for _, _, start in rows])
    return SightingArrays(
        vectors=vectors,
        persons=np.full(len(rows), NOBODY, np.int64),
        cameras=np.array([camera for _, camera, _ in rows], np.int64),
        extra=np.zeros(len(rows)),
        start_s=starts_s,
        end_s=starts_s + 10.0,
        still_there=np.zeros(len(rows), np.bool_),
    )


def _unit(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    found = rng.normal(size=(count, DIMENSIONS))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def strangers_who_pass(tracks: SightingArrays, people: int, thresholds: NDArray[np.float64]) -> float:
    """Share of pairs of two persons, of two cameras, who reach what is demanded."""
    person = np.arange(len(tracks)) % people
    pairs = (person[:, None] != person) & (tracks.cameras[:, None] < tracks.cameras)
    return float((tracks.vectors @ tracks.vectors.T >= thresholds[0, 1])[pairs].mean())


def same_who_pass(tracks: SightingArrays, people: int, thresholds: NDArray[np.float64]) -> float:
    person = np.arange(len(tracks)) % people
    pairs = (person[:, None] == person) & (tracks.cameras[:, None] < tracks.cameras)
    return float((tracks.vectors @ tracks.vectors.T >= thresholds[0, 1])[pairs].mean())


def shares(tracks: SightingArrays, people: int, thresholds: NDArray[np.float64]) -> tuple[float, float]:
    """Of pairs of two cameras, how many strangers reach what is demanded, and how many of the same person."""
    person = np.arange(len(tracks)) % people
    reached = tracks.vectors @ tracks.vectors.T >= thresholds[0, 1]
    crosses = tracks.cameras[:, None] < tracks.cameras
    is_same = person[:, None] == person
    return float(reached[crosses & ~is_same].mean()), float(reached[crosses & is_same].mean())


@pytest.mark.parametrize("cast", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("given", [0.55, 0.65, 0.75])
def test_whatever_the_cast_and_the_threshold_strangers_fail_and_most_of_the_same_pass(
    cast: float, given: float
) -> None:
    tracks = seen(10, cast=cast)
    strangers, same = shares(tracks, 10, adapt(tracks, np.full((2, 2), given), OVERLAP, AdaptParams()))
    assert strangers < 0.01
    assert same > 0.95


def test_without_it_a_cast_would_hide_everybody() -> None:
    assert shares(seen(10, cast=1.0), 10, np.full((2, 2), 0.75)) == (0.0, 0.0)


def test_nothing_moves_but_between_cameras_that_overlap() -> None:
    tracks = seen(10, cast=1.0)
    found = adapt(tracks, GIVEN, OVERLAP, AdaptParams())
    assert (np.diagonal(found) == np.diagonal(GIVEN)).all()
    assert found[0, 1] == found[1, 0] != GIVEN[0, 1]
    assert (adapt(tracks, GIVEN, np.zeros((2, 2), np.bool_), AdaptParams()) == GIVEN).all()


def test_somebody_alone_teaches_nothing() -> None:
    assert (adapt(seen(1, visits=1), GIVEN, OVERLAP, AdaptParams()) == GIVEN).all()


def test_people_who_are_never_in_both_cameras_at_once_teach_nothing() -> None:
    assert (adapt(seen(5, at_once=False), GIVEN, OVERLAP, AdaptParams()) == GIVEN).all()


def test_the_fewer_are_seen_in_both_the_more_the_given_threshold_counts() -> None:
    tracks = seen(10, cast=1.0)
    first, all_ = (
        adapt(some, GIVEN, OVERLAP, AdaptParams(evidence=5.0))[0, 1]
        for some in (tracks.take_rows(np.array([0, 1, 10, 11])), tracks)
    )
    assert all_ < first < GIVEN[0, 1]


def test_the_order_of_tracks_changes_no_bit() -> None:
    tracks = seen(10, cast=0.5)
    mixed = tracks.take_rows(np.random.default_rng(1).permutation(len(tracks)))
    assert (adapt(mixed, GIVEN, OVERLAP, AdaptParams()) == adapt(tracks, GIVEN, OVERLAP, AdaptParams())).all()


def test_only_the_newest_are_looked_at() -> None:
    before, now = seen(10, likeness=0.8), seen(10, likeness=0.3, seed=1)
    later = replace(now, start_s=now.start_s + 1e4, end_s=now.end_s + 1e4)
    params = AdaptParams(tracks=len(now))
    assert (adapt(before.followed_by(later), GIVEN, OVERLAP, params) == adapt(later, GIVEN, OVERLAP, params)).all()


@pytest.mark.parametrize("wrong", [{"place": 1.0}, {"evidence": 0.0}, {"tracks": 1}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        AdaptParams(**wrong)  # type: ignore[arg-type]
