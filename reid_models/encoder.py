"""The socket of every encoder, and what is known of one without loading it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reid_models.vectors import has_direction
from reid_runtime.card import ArtefactError, ClipSpec, LikenessCurve


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What is known of an encoder without loading it.

    Attributes:
        model_id, clip: see `Encoder`.
        dimensions: D, length of its vectors; None: its file leaves that open.
        threshold: cosine from which two tracks are one person where nothing is calibrated; None: nobody measured it.
        likeness: what a cosine is worth where nothing is calibrated; None: nobody measured it.
        batch: clips in one pass where the network takes no other number; None: as many as one likes.
    """

    model_id: str
    clip: ClipSpec
    dimensions: int | None
    threshold: float | None
    batch: int | None = None
    likeness: LikenessCurve | None = None


class Encoder(Protocol):
    """Turns clips of one person each into embeddings that compare by cosine.

    `encode` may be called from one thread at a time.
    """

    @property
    def clip(self) -> ClipSpec:
        """How many frames a clip has, and how large its crops are."""
        ...

    @property
    def model_id(self) -> str:
        """Name of the network and fingerprint of its weights; vectors of two models never compare."""
        ...

    def encode(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(B, T, H, W, 3) uint8 RGB -> (B, D) float32, rows of length 1; T, H and W are those of `clip`.

        A row is NaN throughout where the network gave nothing with a direction, NaN or zeros; the others stand.

        All of them go through a network in one pass, where it takes so many. A row depends on its clip alone, but for
        its last bits on a processor: who wants the same bits in any company gives one clip at a time.

        Raises:
            ValueError: if the clips have another shape.
        """
        ...


def probe(encoder: Encoder) -> None:
    """Lets an encoder see one clip of noise: what is spoilt through and through is found before the first camera runs.

    Raises:
        ArtefactError: if nothing comes of it.
    """
    spec = encoder.clip
    noise = np.random.default_rng(0).integers(0, 256, (1, spec.frames, spec.height, spec.width, 3), np.uint8)
    if not has_direction(encoder.encode(noise)).all():
        raise ArtefactError(
            f"{encoder.model_id} yields nothing but NaN or zeros for a clip of noise: the file is damaged, or was "
            "changed on its way: take it from its origin anew"
        )
