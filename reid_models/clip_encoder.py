"""Networks that see a whole clip: raw bytes in, one embedding per clip out."""

import numpy as np
from numpy.typing import NDArray

from reid_models.encoder import EncoderCard
from reid_models.vectors import check_clips, check_vectors, directions, first_vectors, fixed_sizes, vector_length
from reid_runtime.batches import batch_size, run_rows
from reid_runtime.card import ArtefactError, ClipSpec, ModelCard, Pixels
from reid_runtime.family import Asked, Claim, Family, read_input
from reid_runtime.session import Session
from reid_runtime.signature import Signature, matches, show_spec

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

MASK = "mask"
"""The input, of networks that have it, that says which frames of each clip are no padding: (N, T) bool."""


class ClipEncoder:
    """A clip network; mean, standard deviation and layout are inside its graph.

    Serving fills its clips, so a network with a mask is told that no frame is padding.
    """

    def __init__(self, session: Session) -> None:
        """Takes a session whose card says which clips it takes.

        Raises:
            ArtefactError: if the card has no clip, or says that the network takes anything but raw RGB.
        """
        self._session = session
        self._card = clip_encoder_card(session.card)
        masks = [spec.name for spec in session.card.inputs[1:]]
        self._beside = {name: np.ones(self._card.clip.frames, np.bool_) for name in masks}

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
        return directions(run_rows(self._session, clips, max_batch=len(clips), beside=self._beside))


def clip_encoder_card(card: ModelCard) -> EncoderCard:
    """What the card of a clip network says of the encoder.

    Raises:
        ArtefactError: if the card has no clip, or says that the network takes anything but raw RGB, or clips of another
            length than that which it asks for.
    """
    if card.clip is None or card.pixels != PIXELS:
        raise ArtefactError(
            f"{card.name}: expected a clip network that takes {_show(PIXELS)}, found family {card.family} with "
            f"{_show(card.pixels)}"
        )
    _check_clip(card, card.clip)
    return EncoderCard(card.model_id, card.clip, vector_length(card), card.threshold, batch_size(card), card.likeness)


def _check_clip(card: ModelCard, clip: ClipSpec) -> None:
    """Whoever wants longer clips writes so into the card: not every network takes them."""
    spec = card.inputs[0]
    if not matches((None, clip.frames, clip.height, clip.width, 3), (None, *spec.shape[1:])):
        raise ArtefactError(
            f"{card.name}: its card asks for clips of {clip.frames} frames of {clip.height} x {clip.width}, and the "
            f"network takes {show_spec(spec)}: mend `clip` there"
        )
    if card.lengths is not None and not card.lengths.allow(clip.frames):
        raise ArtefactError(
            f"{card.name}: its card asks for clips of {clip.frames} frames, and the network takes {card.lengths.least} "
            f"or more, in multiples of {card.lengths.multiple}: mend `clip` there"
        )


def _show(pixels: Pixels) -> str:
    return f"{pixels.order} {pixels.layout} {pixels.dtype}"
