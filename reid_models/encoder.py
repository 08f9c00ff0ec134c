"""The socket of every encoder."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ClipSpec


class Encoder(Protocol):
    """Turns clips of one person each into embeddings that compare by cosine.

    `encode` may be called from one thread at a time. A row of its result depends on its clip alone.
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

        Raises:
            ValueError: if the clips have another shape.
        """
        ...
