"""Says how a process is, every few seconds, for whoever looks at the site."""

import logging

from pipeline.scheduling.regular import RegularThread
from pipeline.store.client import SiteStore, StoreError
from pipeline.store.view_desk import say_status
from pipeline.telemetry.summary import StatusReader

logger = logging.getLogger(__name__)

EVERY_S = 3.0


class StatusSayer(RegularThread):
    """Says it while it is entered; what cannot be said is not.

    Args:
        name: of the process at its site.
    """

    def __init__(self, store: SiteStore, name: str, reader: StatusReader, *, every_s: float = EVERY_S) -> None:
        super().__init__("status", every_s, at_once=True)
        self._store = store
        self._name = name
        self._reader = reader

    def act(self) -> None:
        """Says it once."""
        try:
            say_status(self._store, self._name, self._reader.read().model_dump_json())
        except StoreError as error:
            logger.debug("how this process is could not be said: %s", error)
