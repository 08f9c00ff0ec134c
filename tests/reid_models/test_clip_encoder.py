import numpy as np
import pytest
from numpy.typing import NDArray

from reid_models.clip_encoder import ClipEncoder
from reid_runtime.card import ArtefactError, ClipLengths, ClipSpec, Pixels
from testing.networks import MemorySession, card

RAW = Pixels(order="rgb", layout="nthwc", dtype="uint8")
SPEC = ClipSpec(frames=4, height=8, width=4)


def clip_session(pixels: Pixels = RAW, clip: ClipSpec | None = SPEC) -> MemorySession:
    return MemorySession(card((None, 4, 8, 4, 3), family="clip", pixels=pixels, clip=clip), mean_colour)


def mean_colour(clips: NDArray[np.uint8]) -> NDArray[np.float32]:
    assert clips.dtype == np.uint8
    return np.asarray(clips.mean(axis=(1, 2, 3)), np.float32)


def test_the_network_gets_raw_clips_in_one_pass() -> None:
    clips = np.random.default_rng(0).integers(0, 256, (3, 4, 8, 4, 3), dtype=np.uint8)
    session = clip_session()
    encoder = ClipEncoder(session)
    colours = clips.mean(axis=(1, 2, 3))
    expected = colours / np.linalg.norm(colours, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.encode(clips), expected, rtol=1e-5)
    assert session.batches == [3]
    assert (encoder.clip, encoder.model_id) == (SPEC, "tiny@000000000000")


def test_a_card_that_asks_for_clips_that_the_network_does_not_take_is_refused() -> None:
    """Longer clips are asked for by hand, in the card."""
    with pytest.raises(
        ArtefactError, match=r"asks for clips of 5 frames of 8 x 4, and the network takes \(\*, 4, 8, 4, 3\)"
    ):
        ClipEncoder(clip_session(clip=ClipSpec(5, 8, 4)))
    free = card((None, None, 8, 4, 3), family="clip", pixels=RAW, clip=ClipSpec(6, 8, 4))
    assert ClipEncoder(MemorySession(free, mean_colour)).clip.frames == 6
    by_fours = free.model_copy(update={"lengths": ClipLengths(least=4, multiple=4)})
    with pytest.raises(
        ArtefactError, match="asks for clips of 6 frames, and the network takes 4 or more, in multiples of 4"
    ):
        ClipEncoder(MemorySession(by_fours, mean_colour))


@pytest.mark.parametrize(("pixels", "clip"), [(RAW, None), (Pixels(order="bgr", layout="nthwc", dtype="uint8"), SPEC)])
def test_a_network_that_takes_something_else_is_refused(pixels: Pixels, clip: ClipSpec | None) -> None:
    with pytest.raises(ArtefactError, match="expected a clip network that takes rgb nthwc uint8"):
        ClipEncoder(clip_session(pixels, clip))
