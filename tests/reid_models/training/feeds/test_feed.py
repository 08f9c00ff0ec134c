import threading

import torch

from reid_models.training.feeds.feed import PrefetchedFeed
from reid_models.training.learners.batch import Batch, as_batch


class Counting:
    """Batches that are their number; remembers which were made."""

    def __init__(self, *, is_bound: bool = False) -> None:
        self.is_bound = is_bound
        self.made: list[int] = []
        self.lock = threading.Lock()

    def batch(self, number: int) -> Batch:
        with self.lock:
            self.made.append(number)
        return as_batch(torch.full((1, 1, 3, 1, 1), number, dtype=torch.uint8), torch.tensor([number]))


def test_batches_come_in_order_and_none_is_made_twice_or_after_the_end() -> None:
    feed = Counting()
    with PrefetchedFeed(feed, threads=3, until=7) as ahead:
        found = [int(ahead.batch(number).persons[0]) for number in range(7)]
    assert found == list(range(7))
    assert sorted(feed.made) == list(range(7))


def test_what_is_bound_to_the_network_is_made_when_it_is_asked_for() -> None:
    feed = Counting(is_bound=True)
    with PrefetchedFeed(feed, threads=3, until=7) as ahead:
        ahead.batch(0)
        assert feed.made == [0]
