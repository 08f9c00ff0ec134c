from collections.abc import Collection

import pytest

from export.precision.sensitivity import fewest

ORDER = [f"node{number}" for number in range(20)]


@pytest.mark.parametrize("needed", [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 20])
def test_no_more_nodes_are_left_out_than_must_be(needed: int) -> None:
    asked: list[int] = []

    def is_good(excluded: Collection[str]) -> bool:
        asked.append(len(excluded))
        return len(excluded) >= needed

    assert fewest(ORDER, is_good) == ORDER[:needed]
    assert len(asked) == len(set(asked))
    assert len(asked) <= 10


def test_where_nothing_helps_nothing_is_found() -> None:
    assert fewest(ORDER, lambda _: False) is None
    assert fewest([], lambda _: True) is None
