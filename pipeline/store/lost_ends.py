"""The last word of workers that Redis has lost: without it a matcher would wait for them for ever.

A worker that has ended says nothing twice. So a matcher that knows of a loss says it in the worker's place, when the
camera has been silent for long and nobody claims it; a worker that is there all the same is waited for again from its
next message on.
"""

import logging
from collections.abc import Iterable, Sequence

from pipeline.store.client import Argument, SiteStore
from pipeline.store.embedding_messages import EmbeddingMessage, pack_message
from pipeline.store.keys import claim_key
from pipeline.store.scripts import CLOSE

logger = logging.getLogger(__name__)

SILENT_S = 20.0
"""Four times as long as a camera stays claimed after its worker's last message."""


class LostEnds:
    """Of which cameras the last word may be lost, over all terms of a matcher. One thread.

    Args:
        cameras: of the site.
    """

    def __init__(self, cameras: Iterable[str]) -> None:
        self._cameras = tuple(cameras)
        self._lost_s: dict[str, float] = {}

    def note_loss(self, now_s: float) -> None:
        """Redis has lost messages before this moment, seconds since the epoch."""
        self._lost_s = dict.fromkeys(self._cameras, now_s)

    def hear(self, cameras: Iterable[str], written_s: float) -> None:
        """Who has written since then has not said its last word before."""
        for camera in cameras:
            if written_s > self._lost_s.get(camera, written_s):
                del self._lost_s[camera]

    def close(self, store: SiteStore, silent: Iterable[str], model_id: str, *, now_s: float) -> list[str]:
        """Closes and names those of the silent cameras whose last word may be lost, and for which nobody speaks."""
        suspects = [camera for camera in silent if camera in self._lost_s]
        closed = close_silent(store, suspects, model_id, now_s=now_s) if suspects else []
        for camera in closed:
            del self._lost_s[camera]
            logger.warning(
                "camera %s has been silent for %.0f s, nobody speaks for it, and Redis has lost messages: its worker "
                "is taken to have closed",
                camera,
                SILENT_S,
                extra={"camera": camera},
            )
        return closed


def close_silent(store: SiteStore, cameras: Sequence[str], model_id: str, *, now_s: float) -> list[str]:
    """Writes that nothing will follow of cameras, into the stream, so that every later matcher reads it too.

    Args:
        cameras: of which nothing was heard.
        model_id: of the network that the site agreed on.
        now_s: seconds since the epoch.

    Returns:
        Those for which no worker speaks.
    """
    args: list[Argument] = [now_s]
    for camera in cameras:
        name = f"gone.{camera}"
        head, _ = pack_message(EmbeddingMessage(name, (camera,), "closed"), model_id)
        args += (name, head)
    closed = store.run(CLOSE, [store.key(claim_key(camera)) for camera in cameras], args)
    return [cameras[int(at)] for at in closed]
