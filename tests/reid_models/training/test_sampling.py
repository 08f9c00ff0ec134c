import numpy as np
import pytest

from reid_models.training.data import CropSet, CropSetError
from reid_models.training.sampling import PersonSampler


def crop_set(persons: list[int], cameras: list[int]) -> CropSet:
    crops = np.zeros((len(persons), 4, 2, 3), np.uint8)
    return CropSet((crops,), np.array(persons, np.int64), np.array(cameras, np.int64), margin=0.0)


MANY = crop_set([person for person in range(10) for _ in range(9)], [camera for _ in range(30) for camera in (0, 1, 2)])


def test_a_batch_has_p_persons_and_k_crops_of_each() -> None:
    sampler = PersonSampler(MANY, persons=4, crops=3, seed=0)
    for step in range(20):
        persons = MANY.persons[sampler.rows(step)].reshape(4, 3)
        assert (persons == persons[:, :1]).all()
        assert len(np.unique(persons[:, 0])) == 4


def test_crops_of_a_person_are_of_as_many_cameras_as_can_be() -> None:
    sampler = PersonSampler(MANY, persons=4, crops=4, seed=0)
    for step in range(20):
        for cameras in MANY.cameras[sampler.rows(step)].reshape(4, 4):
            assert sorted(np.bincount(cameras, minlength=3)) == [1, 1, 2]


def test_no_crop_stands_twice_while_there_are_others() -> None:
    sampler = PersonSampler(MANY, persons=5, crops=9, seed=0)
    rows = sampler.rows(0)
    assert len(np.unique(rows)) == len(rows)


def test_an_epoch_sees_everybody_once() -> None:
    sampler = PersonSampler(MANY, persons=5, crops=1, seed=3)
    for epoch in range(3):
        seen = np.concatenate([MANY.persons[sampler.rows(2 * epoch + step)] for step in range(2)])
        assert sorted(seen) == list(range(10))


def test_a_batch_is_a_function_of_its_step_and_seed() -> None:
    one, same, other = (PersonSampler(MANY, persons=4, crops=3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.rows(17), same.rows(17))
    assert not np.array_equal(one.rows(17), one.rows(18))
    assert not np.array_equal(one.rows(17), other.rows(17))


def test_of_somebody_with_few_crops_some_stand_twice() -> None:
    few = crop_set([0, 1, 1], [0, 0, 1])
    rows = PersonSampler(few, persons=2, crops=4, seed=0).rows(0)
    assert sorted(np.bincount(rows)) == [2, 2, 4]


def test_too_few_persons_are_refused() -> None:
    with pytest.raises(CropSetError, match="at least 4 persons for a batch, found 2"):
        PersonSampler(crop_set([0, 1], [0, 0]), persons=4, crops=2, seed=0)
