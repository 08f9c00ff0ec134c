"""The socket of every feed, and one that is ahead of its reader."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Protocol

from reid_models.training.learners.batch import Batch


class Feed(Protocol):
    """Batches, each a function of its number alone, unless the feed is `is_bound` to the network."""

    @property
    def is_bound(self) -> bool:
        """Whether a batch depends on the network as it is now, so that none can be made ahead."""
        ...

    def batch(self, number: int) -> Batch:
        """The batch of that number, from 0."""
        ...


class PrefetchedFeed:
    """Makes the next batches of a feed in threads while a step is computed; to be closed, or used with `with`."""

    def __init__(self, feed: Feed, *, threads: int, until: int) -> None:
        """Takes a feed.

        Args:
            feed: of the batches.
            threads: how many batches are made at once; 0: each when it is asked for.
            until: number after the last one.
        """
        self._batch: Callable[[int], Batch] = feed.batch
        self._until = until
        self._threads = 0 if feed.is_bound else threads
        self._pool = ThreadPoolExecutor(max_workers=max(1, self._threads))
        self._waiting: dict[int, Future[Batch]] = {}

    def batch(self, number: int) -> Batch:
        """See `Feed.batch`."""
        if not self._threads:
            return self._batch(number)
        for ahead in range(number, min(number + 1 + self._threads, self._until)):
            if ahead not in self._waiting:
                self._waiting[ahead] = self._pool.submit(self._batch, ahead)
        return self._waiting.pop(number).result()

    def __enter__(self) -> "PrefetchedFeed":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
