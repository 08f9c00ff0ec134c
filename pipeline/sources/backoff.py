"""How long to wait before a camera is tried again."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try a failed camera again.

    Attributes:
        first_wait_s: wait after the first failure; doubled with each further one.
        longest_wait_s: never wait longer; also the wait after a refused password, which no haste will mend, and how
            long a connection must have lasted for the next failure to count as the first again.
        jitter: in [0, 1], the share of a wait left to chance, so that the cameras of a site do not all come back in
            the same instant after a power cut.
    """

    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.first_wait_s <= self.longest_wait_s:
            raise ValueError(
                f"0 < first_wait_s <= longest_wait_s expected, found {self.first_wait_s} and {self.longest_wait_s}"
            )
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter must lie in [0, 1], found {self.jitter}")


def wait_s(retry: Retry, failures: int, random: Random) -> float:
    """Seconds to wait after this many failures in a row, counted from 1: doubled, capped, shortened by chance."""
    # 2 ** 1024 is no float any more; long before that the cap holds.
    doublings = min(failures - 1, 32)
    return _shortened(min(retry.longest_wait_s, retry.first_wait_s * 2**doublings), retry, random)


def longest_wait_s(retry: Retry, random: Random) -> float:
    """Seconds to wait when haste is of no use."""
    return _shortened(retry.longest_wait_s, retry, random)


def _shortened(wait: float, retry: Retry, random: Random) -> float:
    return wait * (1 - retry.jitter * random.random())
