"""Says how a process is, every few seconds, for whoever looks at the site."""

import logging
import threading
from typing import Self

from pipeline.store.client import SiteStore, StoreError
from pipeline.store.view_desk import say_status
from pipeline.telemetry.summary import StatusReader

logger = logging.getLogger(__name__)

EVERY_S = 3.0


class StatusSayer:
    """Says it in a thread of its own while it is entered; what cannot be said is not.

    Args:
        name: of the process at its site.
    """

    def __init__(self, store: SiteStore, name: str, reader: StatusReader, *, every_s: float = EVERY_S) -> None:
        self._store = store
        self._name = name
        self._reader = reader
        self._every_s = every_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                say_status(self._store, self._name, self._reader.read().model_dump_json())
            except StoreError as error:
                logger.debug("how this process is could not be said: %s", error)
            if self._is_over.wait(self._every_s):
                return
