from itertools import pairwise

import pytest

from reid_learning.schedule import warm_cosine


def rates(*, steps: int = 100, warmup: int = 10, floor: float = 0.1) -> list[float]:
    return [warm_cosine(step, steps=steps, warmup=warmup, floor=floor) for step in range(steps + 1)]


def test_it_rises_in_a_straight_line_to_the_whole_rate() -> None:
    assert rates()[:10] == pytest.approx([0.1 * step for step in range(1, 11)])
    assert rates()[10] == pytest.approx(1.0)


def test_it_falls_to_the_floor_and_is_half_way_in_the_middle() -> None:
    found = rates()
    assert all(later < earlier for earlier, later in pairwise(found[10:]))
    assert found[55] == pytest.approx(0.55)
    assert found[100] == pytest.approx(0.1)


def test_beyond_its_end_it_stays_at_the_floor() -> None:
    assert warm_cosine(500, steps=100, warmup=10, floor=0.2) == pytest.approx(0.2)


def test_without_a_warm_up_it_begins_with_the_whole_rate() -> None:
    assert rates(warmup=0)[0] == pytest.approx(1.0)
