"""The last word of workers that Redis has lost: without it a matcher would wait for them for ever.

A worker that has ended says nothing twice. So a matcher that knows of a loss says it in the worker's place, when the
camera has been silent for long and nobody claims it; a worker that is there all the same is waited for again from its
next message on.
"""

import logging
from collections.abc import Sequence

from pipeline.store.client import Argument, SiteStore
from pipeline.store.embedding_messages import EmbeddingMessage, pack_message
from pipeline.store.keys import claim_key
from pipeline.store.scripts import CLOSE

logger = logging.getLogger(__name__)

SILENT_S = 20.0
"""Four times as long as a camera stays claimed after its worker's last message."""


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
