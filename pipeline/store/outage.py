"""Something that was reached before and is away: told once when it goes, once when it is back, and waited for."""

import logging
import time

logger = logging.getLogger(__name__)


class Outage:
    """One thread tells it of each try.

    Args:
        name: of what is away, for the log.
        patience_s: how long to wait; counted from the first failure since it last worked.
    """

    def __init__(self, name: str, patience_s: float) -> None:
        self._name = name
        self._patience_s = patience_s
        self._began_s: float | None = None

    def worked(self) -> None:
        """It is there."""
        if self._began_s is not None:
            logger.warning("%s is back after %.0f s", self._name, time.monotonic() - self._began_s)
            self._began_s = None

    def failed(self, error: Exception) -> None:
        """It failed once more; raises one like `error` if it has failed for too long."""
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s
            logger.warning("%s; waiting for it, up to %.0f s", error, self._patience_s)
        if now_s - self._began_s > self._patience_s:
            raise type(error)(f"{error} for {self._patience_s:g} s: given up") from error
