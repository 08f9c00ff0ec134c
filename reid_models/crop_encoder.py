"""Networks that see one crop at a time, pooled over the clip."""

import numpy as np
from numpy.typing import NDArray

from reid_models.clips import USUAL_FRAMES
from reid_models.encoder import EncoderCard
from reid_models.pixels import IMAGENET_MEAN, IMAGENET_STD, as_input
from reid_models.vectors import check_clips, check_vectors, directions, vector_length
from reid_runtime.adopt import Family
from reid_runtime.batches import batch_size, run_rows
from reid_runtime.card import ArtefactError, ClipSpec, ModelCard, Pixels
from reid_runtime.session import Session

OSNET = Family(
    name="osnet",
    pixels=Pixels(order="rgb", layout="nchw", scale=1 / 255, mean=IMAGENET_MEAN, std=IMAGENET_STD),
    input_shape=(None, 3, None, None),
    input_meaning="crops of one person each",
    output_meaning="embedding, not normalised",
    check_output=check_vectors,
)
INTEL_REID = Family(
    name="intel-reid",
    pixels=Pixels(order="bgr", layout="nhwc"),
    input_shape=(None, None, None, 3),
    input_meaning="crops of one person each",
    output_meaning="embedding, not normalised",
    check_output=check_vectors,
)
NAMES = (OSNET.name, INTEL_REID.name)


class CropEncoder:
    """Mean over the clip of a crop network's vectors, each at length 1.

    On `mars_query_half` OSNet x0.25 finds 46.1 % at rank 1 so, and 45.9 % by the mean of the vectors as they come;
    Intel's 0248 finds 46.6 % either way.
    """

    def __init__(self, session: Session, *, frames: int = USUAL_FRAMES) -> None:
        """Takes a session whose card says a family of crop networks.

        Args:
            session: the network.
            frames: T, crops in a clip.

        Raises:
            ArtefactError: if the card is of another family.
        """
        self._session = session
        self._card = crop_encoder_card(session.card, frames=frames)

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
        crops = as_input(clips.reshape(-1, *clips.shape[2:]), self._session.card.pixels)
        vectors = run_rows(self._session, crops, max_batch=len(crops))
        return directions(directions(vectors).reshape(*clips.shape[:2], -1).mean(axis=1))


def crop_encoder_card(card: ModelCard, *, frames: int = USUAL_FRAMES) -> EncoderCard:
    """What the card of a crop network says of the encoder that averages so many crops.

    Raises:
        ArtefactError: if the card is of another family.
    """
    if card.family not in NAMES:
        raise ArtefactError(f"{card.name}: expected one of the families {', '.join(NAMES)}, found {card.family}")
    crops = batch_size(card)
    batch = None if crops is None else max(1, crops // frames)
    clip = ClipSpec(frames, *_crop_size(card))
    return EncoderCard(card.model_id, clip, vector_length(card), card.threshold, batch)


def _crop_size(card: ModelCard) -> tuple[int, int]:
    shape = card.inputs[0].shape
    height, width = shape[2:4] if card.pixels.layout == "nchw" else shape[1:3]
    return int(height or 0), int(width or 0)
