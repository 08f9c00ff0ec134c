"""Networks that see a whole clip: raw bytes in, one embedding per clip out."""

import numpy as np
from numpy.typing import NDArray

from reid_models.vectors import check_clips, unit_rows
from reid_runtime.batches import run_rows
from reid_runtime.card import ArtefactError, ClipSpec
from reid_runtime.session import Session


class ClipEncoder:
    """A clip network; mean, standard deviation and layout are inside its graph."""

    def __init__(self, session: Session, *, max_batch: int = 1) -> None:
        """Takes a session whose card says which clips it takes.

        Args:
            session: the network.
            max_batch: clips per run where the network leaves the batch free. 1 keeps a clip's bits apart from those of
                its neighbours, and costs nothing on a processor; a GPU wants more.

        Raises:
            ArtefactError: if the card has no clip, or says that the network takes anything but raw RGB.
        """
        card = session.card
        if card.clip is None or (card.pixels.order, card.pixels.layout, card.pixels.dtype) != ("rgb", "nthwc", "uint8"):
            raise ArtefactError(
                f"{card.name}: expected a clip network that takes rgb nthwc uint8, found family {card.family} with "
                f"{card.pixels.order} {card.pixels.layout} {card.pixels.dtype}"
            )
        self._session = session
        self._max_batch = max_batch
        self._clip = card.clip

    @property
    def clip(self) -> ClipSpec:
        """See `Encoder.clip`."""
        return self._clip

    @property
    def model_id(self) -> str:
        """See `Encoder.model_id`."""
        return self._session.card.model_id

    def encode(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        check_clips(clips, self._clip)
        return unit_rows(run_rows(self._session, clips, max_batch=self._max_batch))
