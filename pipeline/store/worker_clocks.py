"""The clocks of live workers, beside each other: one that is wrong is named, and does not stop the others.

With each message a worker says what time it is, and Redis when it was written; messages may wait for hours and still
say so. Redis has no better clock than others: right is what most of them say, and Redis where nobody has a majority.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median_low

from pipeline.store.embedding_messages import EmbeddingMessage, EmbeddingMessageError

logger = logging.getLogger(__name__)

MAX_OFF_S = 300.0
"""How far the clock of a live worker may be off, ahead or behind. Time never goes back for a site: one message of next
year would make all that follows late, and everybody forgotten; and people who were seen hours ago are nobody's match.
"""
WORTH_SAYING_S = 2.0
"""People walk from one camera to the next in less than the limits of a site allow for; a clock that is off by this much
makes two persons out of one."""
MOST_WORKERS = 1000


@dataclass(frozen=True, slots=True)
class ClockRead:
    """A worker has said what time it is.

    Attributes:
        worker: its name.
        off_s: how far its clock is ahead of the others, seconds; negative: behind.
    """

    worker: str
    off_s: float


def written_s(entry_id: bytes) -> float:
    """When an entry was written, by the clock of Redis."""
    return int(entry_id.partition(b"-")[0]) / 1000


class WorkerClocks:
    """Compares the clocks of a site's workers. One thread.

    Args:
        observers: are told of each clock that was read.
    """

    def __init__(self, observers: Sequence[Callable[[ClockRead], None]] = ()) -> None:
        self._observers = observers
        self._off_s: dict[str, float] = {}
        """By worker: how far its clock is ahead of that of Redis."""
        self._is_off: set[str] = set()

    def check(self, message: EmbeddingMessage, entry_id: bytes, sent: bytes) -> float:
        """When a message was written, by the clock that most have, seconds since the epoch.

        Raises:
            EmbeddingMessageError: if the clock of its worker is too far off.
        """
        sent_s = _time_from(sent)
        self._hear(message.worker, sent_s - written_s(entry_id))
        right_s = self._right_s()
        off_s = self._off_s[message.worker] - right_s
        for observer in self._observers:
            observer(ClockRead(message.worker, off_s))
        self._warn(message.worker, off_s)
        now_s = written_s(entry_id) + right_s
        if message.progress == "closed":
            return now_s  # nobody waits for ever for who is refused
        if not abs(off_s) <= MAX_OFF_S:
            raise EmbeddingMessageError(f"{_in_words(message.worker, off_s)}: at most {MAX_OFF_S:g} s can be used")
        _check_times(message, now_s)
        return now_s

    def _hear(self, worker: str, off_s: float) -> None:
        self._off_s.pop(worker, None)
        if len(self._off_s) >= MOST_WORKERS:
            del self._off_s[next(iter(self._off_s))]
        self._off_s[worker] = off_s

    def _right_s(self) -> float:
        """How far most clocks are ahead of that of Redis, which counts as one of them."""
        if len(self._off_s) == 1:
            return 0.0
        return median_low([0.0, *self._off_s.values()])

    def _warn(self, worker: str, off_s: float) -> None:
        """Once when a clock is found wrong, and once when it is right again."""
        is_off = not abs(off_s) <= WORTH_SAYING_S
        if is_off == (worker in self._is_off):
            return
        if is_off:
            self._is_off.add(worker)
            logger.warning(
                "%s: people are matched as if they had come at another time; set it", _in_words(worker, off_s)
            )
        else:
            self._is_off.discard(worker)
            logger.warning("the clock of worker %s is right again", worker)


def _time_from(sent: bytes) -> float:
    try:
        sent_s = float(sent)
    except ValueError:
        sent_s = math.nan
    if not math.isfinite(sent_s):
        raise EmbeddingMessageError("expected a field `sent`, the time of the worker's clock")
    return sent_s


def _in_words(worker: str, off_s: float) -> str:
    return f"the clock of worker {worker} is {abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the others"


def _check_times(message: EmbeddingMessage, now_s: float) -> None:
    times_s = [max(each.cut_s, each.end_s) for each in message.embeddings]
    times_s += [max(each.cut_s, each.end_s) for each in message.ended]
    latest_s = max([message.end_s, *times_s])
    if latest_s > now_s + MAX_OFF_S:
        raise EmbeddingMessageError(
            f"expected times at most {MAX_OFF_S:g} s ahead of the clocks of the site, found one "
            f"{latest_s - now_s:.0f} s ahead; is the clock of worker {message.worker} right?"
        )
