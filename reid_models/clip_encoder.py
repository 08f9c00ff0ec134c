"""Networks that see a whole clip: raw bytes in, one embedding per clip out."""

import numpy as np
from numpy.typing import NDArray

from reid_models.encoder import EncoderCard
from reid_models.vectors import check_clips, unit_rows, vector_length
from reid_runtime.batches import batch_size, run_rows
from reid_runtime.card import ArtefactError, ClipSpec, ModelCard
from reid_runtime.session import Session


class ClipEncoder:
    """A clip network; mean, standard deviation and layout are inside its graph."""

    def __init__(self, session: Session) -> None:
        """Takes a session whose card says which clips it takes.

        Raises:
            ArtefactError: if the card has no clip, or says that the network takes anything but raw RGB.
        """
        self._session = session
        self._card = clip_encoder_card(session.card)

    @property
    def clip(self) -> ClipSpec:
        """See `Encoder.clip`."""
        return self._card.clip

    @property
    def model_id(self) -> str:
        """See `Encoder.model_id`."""
        return self._card.model_id

    def encode(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        check_clips(clips, self._card.clip)
        return unit_rows(run_rows(self._session, clips, max_batch=len(clips)))


def clip_encoder_card(card: ModelCard) -> EncoderCard:
    """What the card of a clip network says of the encoder.

    Raises:
        ArtefactError: if the card has no clip, or says that the network takes anything but raw RGB.
    """
    if card.clip is None or (card.pixels.order, card.pixels.layout, card.pixels.dtype) != ("rgb", "nthwc", "uint8"):
        raise ArtefactError(
            f"{card.name}: expected a clip network that takes rgb nthwc uint8, found family {card.family} with "
            f"{card.pixels.order} {card.pixels.layout} {card.pixels.dtype}"
        )
    return EncoderCard(card.model_id, card.clip, vector_length(card), card.threshold, batch_size(card))
