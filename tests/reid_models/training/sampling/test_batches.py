import numpy as np
import pytest
from numpy.typing import NDArray

from reid_models.training.sampling.batches import BatchSampler, SamplerParams, build_sampler
from reid_models.training.tracklets import DatasetError, PackedFrames, TrackletSet


def people(persons: list[int], cameras: list[int]) -> TrackletSet:
    rows = np.arange(len(persons))
    frames = PackedFrames([np.zeros((len(persons), 2, 2, 3), np.uint8)])
    return TrackletSet(np.array(persons), np.array(cameras), rows, np.ones_like(rows), frames)


MANY = people([person for person in range(10) for _ in range(9)], [camera for _ in range(30) for camera in (0, 1, 2)])


def sampler(params: SamplerParams, among: TrackletSet = MANY, *, seed: int = 0) -> BatchSampler:
    return build_sampler(params, among, seed=seed, proxies=lambda: np.zeros((10, 2), np.float32))


def test_a_batch_has_p_persons_and_k_tracklets_of_each() -> None:
    found = sampler(SamplerParams(persons=4, tracklets=3))
    for step in range(20):
        persons = MANY.persons[found.rows(step)].reshape(4, 3)
        assert (persons == persons[:, :1]).all()
        assert len(np.unique(persons[:, 0])) == 4


def test_tracklets_of_a_person_are_of_as_many_cameras_as_can_be() -> None:
    found = sampler(SamplerParams(persons=4, tracklets=4, by_camera=True))
    for step in range(20):
        for cameras in MANY.cameras[found.rows(step)].reshape(4, 4):
            assert sorted(np.bincount(cameras, minlength=3)) == [1, 1, 2]


def test_no_tracklet_stands_twice_while_there_are_others() -> None:
    rows = sampler(SamplerParams(persons=5, tracklets=9)).rows(0)
    assert len(np.unique(rows)) == len(rows)


def test_an_epoch_sees_everybody_once() -> None:
    found = sampler(SamplerParams(persons=5, tracklets=1), seed=3)
    assert found.steps_per_epoch == 2
    for epoch in range(3):
        seen = np.concatenate([MANY.persons[found.rows(2 * epoch + step)] for step in range(2)])
        assert sorted(seen) == list(range(10))


def test_an_epoch_of_tracklets_sees_each_once() -> None:
    found = sampler(SamplerParams("tracklets", persons=5, tracklets=3))
    assert found.steps_per_epoch == 6
    rows = np.concatenate([found.rows(step) for step in range(6)])
    assert sorted(rows) == list(range(90))
    groups = MANY.persons[rows].reshape(-1, 3)
    assert (groups == groups[:, :1]).all()


def test_an_epoch_that_is_shuffled_sees_each_tracklet_once() -> None:
    found = sampler(SamplerParams("shuffled", persons=30))
    rows = np.concatenate([found.rows(step) for step in range(found.steps_per_epoch)])
    assert sorted(rows) == list(range(90))
    assert not np.array_equal(rows, np.sort(rows))


def test_a_graph_batch_has_a_person_and_those_who_look_most_like_that_one() -> None:
    angles = np.linspace(0, np.pi, 10, endpoint=False)
    proxies: NDArray[np.float32] = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = build_sampler(SamplerParams("graph", persons=3, tracklets=2), MANY, seed=0, proxies=lambda: proxies)
    for step in range(10):
        persons = MANY.persons[found.rows(step)].reshape(3, 2)[:, 0]
        likeness = proxies @ proxies[persons[0]]
        assert set(persons) == set(np.argsort(-likeness)[:3])
    firsts = [MANY.persons[found.rows(step)][0] for step in range(found.steps_per_epoch)]
    assert len(set(firsts)) == len(firsts)


@pytest.mark.parametrize("kind", ["identities", "tracklets", "shuffled"])
def test_a_batch_is_a_function_of_its_step_and_seed(kind: str) -> None:
    params = SamplerParams(kind, persons=4, tracklets=3)  # type: ignore[arg-type]
    one, same, other = (sampler(params, seed=seed) for seed in (1, 1, 2))
    one.rows(9)
    assert np.array_equal(one.rows(17), same.rows(17))
    assert not np.array_equal(one.rows(17), one.rows(18))
    assert not np.array_equal(one.rows(17), other.rows(17))


def test_of_somebody_with_few_tracklets_some_stand_twice() -> None:
    rows = sampler(SamplerParams(persons=2, tracklets=4), people([0, 1, 1], [0, 0, 1])).rows(0)
    assert sorted(np.bincount(rows)) == [2, 2, 4]


@pytest.mark.parametrize("kind", ["identities", "tracklets", "shuffled", "graph"])
def test_too_few_for_a_batch_are_refused(kind: str) -> None:
    with pytest.raises(DatasetError, match=r"expected (at least 4|tracklets for 4)"):
        sampler(SamplerParams(kind, persons=4, tracklets=2), people([0, 1], [0, 0]))  # type: ignore[arg-type]
