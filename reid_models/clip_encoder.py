"""Networks that see a whole clip: raw bytes in, one embedding per clip out."""

import numpy as np
from numpy.typing import NDArray

from reid_models.vectors import check_clips, check_vectors, unit_rows
from reid_runtime.adopt import Family
from reid_runtime.batches import run_rows
from reid_runtime.card import ArtefactError, ClipSpec, Pixels
from reid_runtime.session import Session

CLIP = Family(
    name="clip",
    pixels=Pixels(order="rgb", layout="nthwc", dtype="uint8"),
    input_shape=(None, None, None, None, 3),
    input_meaning="clips of one person each, raw bytes",
    output_meaning="embedding, not normalised",
    check_output=check_vectors,
)


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
        if card.clip is None or card.pixels != CLIP.pixels:
            raise ArtefactError(
                f"{card.name}: expected a clip network that takes {_show(CLIP.pixels)}, found family {card.family} "
                f"with {_show(card.pixels)}"
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


def _show(pixels: Pixels) -> str:
    return f"{pixels.order} {pixels.layout} {pixels.dtype}"
