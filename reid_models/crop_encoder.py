"""Networks that see one crop at a time, pooled over the clip."""

import numpy as np
from numpy.typing import NDArray

from reid_models.clips import USUAL_FRAMES
from reid_models.encoder import EncoderCard
from reid_models.pixels import IMAGENET_MEAN, IMAGENET_STD, as_input
from reid_models.vectors import check_clips, check_vectors, directions, first_vectors, fixed_sizes, vector_length
from reid_runtime.batches import batch_size, run_rows
from reid_runtime.card import ArtefactError, ClipSpec, ModelCard, Pixels
from reid_runtime.family import Asked, Claim, Family, read_input
from reid_runtime.session import Session
from reid_runtime.signature import Signature, matches

OSNET_PIXELS = Pixels(order="rgb", layout="nchw", scale=1 / 255, mean=IMAGENET_MEAN, std=IMAGENET_STD)
INTEL_PIXELS = Pixels(order="bgr", layout="nchw")
INTEL_OUTPUT = "reid_embedding"
"""Name of the vectors of Intel's networks whose colours stand in planes, which nothing else tells from OSNet."""


def _claim_osnet(signature: Signature, asked: Asked) -> Claim:
    if signature.outputs[0].name == INTEL_OUTPUT and not asked.is_named:
        raise ValueError(f"does not call its vectors {INTEL_OUTPUT}, as intel-reid does")
    return _claim(signature, OSNET_PIXELS, (None, 3, None, None))


def _claim_intel(signature: Signature, asked: Asked) -> Claim:
    is_planar = signature.outputs[0].name == INTEL_OUTPUT
    if asked.is_named:
        is_planar = matches(signature.inputs[0].shape, (None, 3, None, None))
    shape = (None, 3, None, None) if is_planar else (None, None, None, 3)
    return _claim(signature, INTEL_PIXELS.model_copy(update={"layout": "nchw" if is_planar else "nhwc"}), shape)


def _claim(signature: Signature, usual: Pixels, shape: tuple[int | None, ...]) -> Claim:
    crops, pixels = read_input(signature, usual, shape)
    sizes = fixed_sizes(crops)
    output = first_vectors(signature)
    height, width = sizes[2:4] if pixels.layout == "nchw" else sizes[1:3]
    return Claim(
        pixels=pixels,
        input_meaning="crops of one person each",
        output_meanings={output.name: "embedding, not normalised"},
        why=f"crops of {height}x{width} in, {_show(pixels)}, and one vector ({output.name}) out",
    )


def _show(pixels: Pixels) -> str:
    """What nothing in a file tells, for people to hold against what they know of it."""
    values = "bytes as they are" if pixels.scale == 1 else "ImageNet's mean and deviation taken off"
    return f"read as {pixels.order.upper()} with {values}"


OSNET = Family(name="osnet", claim=_claim_osnet, check=check_vectors)
INTEL_REID = Family(name="intel-reid", claim=_claim_intel, check=check_vectors)
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
        vectors = run_rows(self._session, crops, max_batch=len(crops)).astype(np.float32, copy=False)
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
    return EncoderCard(card.model_id, clip, vector_length(card), card.threshold, batch, card.likeness)


def _crop_size(card: ModelCard) -> tuple[int, int]:
    shape = card.inputs[0].shape
    height, width = shape[2:4] if card.pixels.layout == "nchw" else shape[1:3]
    return int(height or 0), int(width or 0)
