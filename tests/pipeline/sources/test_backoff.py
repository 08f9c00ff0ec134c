from random import Random

import pytest

from pipeline.sources.backoff import Retry, longest_wait_s, wait_s


def test_waits_double_up_to_the_longest() -> None:
    retry = Retry(first_wait_s=1, longest_wait_s=10, jitter=0)
    assert [wait_s(retry, failures, Random(0)) for failures in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_a_million_failures_wait_as_long_as_the_longest() -> None:
    assert wait_s(Retry(jitter=0), 1_000_000, Random(0)) == 30


def test_jitter_shortens_a_wait_by_its_share_at_most() -> None:
    random = Random(0)
    waits = [wait_s(Retry(first_wait_s=8, jitter=0.25), 1, random) for _ in range(500)]
    assert 6 <= min(waits) < 6.1
    assert 7.9 < max(waits) <= 8


def test_the_same_random_state_gives_the_same_waits() -> None:
    assert wait_s(Retry(), 3, Random(7)) == wait_s(Retry(), 3, Random(7))


def test_the_longest_wait_has_jitter_too() -> None:
    assert 15 <= longest_wait_s(Retry(), Random(0)) <= 30


@pytest.mark.parametrize(
    ("first_wait_s", "longest_wait_s", "jitter"), [(0, 30, 0.5), (40, 30, 0.5), (1, 30, 1.1), (1, 30, -0.1)]
)
def test_waits_that_make_no_sense_are_refused(first_wait_s: float, longest_wait_s: float, jitter: float) -> None:
    with pytest.raises(ValueError, match="found"):
        Retry(first_wait_s, longest_wait_s, jitter)
