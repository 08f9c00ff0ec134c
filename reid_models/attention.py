"""What a clip network looked at, where its file says so: a map over each frame of a clip."""

# N clips, T frames, h x w places of a map

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reid_models.clip_encoder import clip_encoder_card
from reid_runtime.batches import rows_in_run, run_batch
from reid_runtime.card import ClipSpec, ModelCard
from reid_runtime.session import Session

BY_FRAME = "(N, T"
"""With which the meaning of an output begins that has something to say of each frame."""
STRIPS = "strip_weights"


def attention_names(card: ModelCard) -> tuple[str, ...]:
    """The outputs that say where the network looked; empty: it does not say, or takes no clips."""
    if card.clip is None:
        return ()
    return tuple(each.name for each in card.outputs[1:] if each.meaning.startswith(BY_FRAME))


class AttentionReader:
    """Asks a network where it looks.

    Args:
        session: of a network of which there are `attention_names`.

    Attributes:
        clip: what it takes.
        names: what can be asked for.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.clip: ClipSpec = clip_encoder_card(session.card).clip
        self.names: Sequence[str] = attention_names(session.card)

    def look(self, clip: NDArray[np.uint8], name: str) -> NDArray[np.float32]:
        """Where it looks in one clip.

        Args:
            clip: (T, H, W, 3) uint8 RGB, of the size that the network takes.
            name: of an output.

        Returns:
            (T, h, w), 0 where it looks least in this clip and 1 where it looks most; 1 x 1 places where it weighs
            whole frames, strips one above the other where it weighs those.
        """
        rows = rows_in_run(self._session.card, 1)
        masks = [spec.name for spec in self._session.card.inputs[1:]]
        beside = {mask: np.ones((rows, len(clip)), np.bool_) for mask in masks}
        found = np.asarray(run_batch(self._session, clip[None], beside)[name][0], np.float32)
        return _stretched(_over_frames(found, name))


def _over_frames(values: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """(T, ...) -> (T, h, w)."""
    if values.ndim == 3:
        return values
    if values.ndim == 2 and name == STRIPS:
        return values[:, :, None]
    whole: NDArray[np.float32] = values.reshape(len(values), -1).mean(axis=1)
    return whole[:, None, None]


def _stretched(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = float(maps.min()), float(maps.max())
    if not high > low:
        return np.full(maps.shape, 0.5, np.float32)
    return ((maps - low) / (high - low)).astype(np.float32)
