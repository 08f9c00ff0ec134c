"""Networks that see a whole clip: raw bytes in, one embedding per clip out."""

import numpy as np
from numpy.typing import NDArray

from reid_models.encoder import EncoderCard
from reid_models.vectors import check_clips, check_vectors, directions, first_vectors, fixed_sizes, vector_length
from reid_runtime.batches import batch_size, run_rows
from reid_runtime.card import ArtefactError, ClipSpec, ModelCard, Pixels
from reid_runtime.family import Asked, Claim, Family, read_input
from reid_runtime.session import Session
from reid_runtime.signature import Signature

PIXELS = Pixels(order="rgb", layout="nthwc", dtype="uint8")
CLIPS = "clips of one person each, raw bytes"
"""What its input means."""


def _claim(signature: Signature, _: Asked) -> Claim:
    clips, pixels = read_input(signature, PIXELS, (None, None, None, None, 3))
    frames, height, width = fixed_sizes(clips)[1:4]
    output = first_vectors(signature)
    return Claim(
        pixels=pixels,
        input_meaning=CLIPS,
        output_meanings={output.name: "embedding, not normalised"},
        why=f"clips of {frames} crops of {height}x{width} as bytes in, one vector out",
        clip=ClipSpec(frames, height, width),
    )


CLIP = Family(name="clip", claim=_claim, check=check_vectors)


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
        return directions(run_rows(self._session, clips, max_batch=len(clips)))


def clip_encoder_card(card: ModelCard) -> EncoderCard:
    """What the card of a clip network says of the encoder.

    Raises:
        ArtefactError: if the card has no clip, or says that the network takes anything but raw RGB.
    """
    if card.clip is None or card.pixels != PIXELS:
        raise ArtefactError(
            f"{card.name}: expected a clip network that takes {_show(PIXELS)}, found family {card.family} with "
            f"{_show(card.pixels)}"
        )
    return EncoderCard(card.model_id, card.clip, vector_length(card), card.threshold, batch_size(card))


def _show(pixels: Pixels) -> str:
    return f"{pixels.order} {pixels.layout} {pixels.dtype}"
