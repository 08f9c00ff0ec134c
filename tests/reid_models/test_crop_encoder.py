from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from reid_models.crop_encoder import OSNET, CropEncoder, crop_encoder_card
from reid_models.tracklet_folder import read_clip, read_folder
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError, ClipSpec, Pixels
from reid_runtime.load import load_session
from testing.networks import MemorySession, card, mean_network

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 4, 8, 4, 3), dtype=np.uint8)


def mean_colour(images: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(images.mean(axis=(2, 3)), np.float32)


def test_a_clip_is_the_mean_of_its_frames_directions() -> None:
    vectors = CropEncoder(MemorySession(card((None, 3, 8, 4)), mean_colour), frames=4).encode(CLIPS)
    frames = CLIPS.astype(np.float64).mean(axis=(2, 3))
    directions = (frames / np.linalg.norm(frames, axis=2, keepdims=True)).mean(axis=1)
    np.testing.assert_allclose(vectors, directions / np.linalg.norm(directions, axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize(
    ("fixed", "passes", "clips"), [(None, [12], None), (1, [1] * 12, 1), (8, [8, 8], 2), (9, [9, 9], 2)]
)
def test_all_clips_go_in_one_pass_where_the_network_lets_them(
    fixed: int | None, passes: list[int], clips: int | None
) -> None:
    session = MemorySession(card((fixed, 3, 8, 4)), mean_colour)
    CropEncoder(session, frames=4).encode(CLIPS)
    assert session.batches == passes
    assert crop_encoder_card(session.card, frames=4).batch == clips


def test_the_crop_size_is_that_of_the_card() -> None:
    first_axes = MemorySession(card((None, 3, 8, 4)), mean_colour)
    pixels = Pixels(order="bgr", layout="nhwc")
    last_axes = MemorySession(card((1, 8, 4, 3), family="intel-reid", pixels=pixels), mean_colour)
    for session in (first_axes, last_axes):
        encoder = CropEncoder(session)
        assert (encoder.clip, encoder.model_id) == (ClipSpec(8, 8, 4), "tiny@000000000000")


def test_a_network_that_wants_its_crops_in_half_precision_gets_them_so(tmp_path: Path) -> None:
    found = []
    for name, dtype in (("whole", TensorProto.FLOAT), ("half", TensorProto.FLOAT16)):
        path = mean_network(tmp_path / f"{name}.onnx", ["n", 3, 8, 4], axes=[2, 3], dtype=dtype)
        adopt(path, OSNET, name=name, licence="CC0-1.0", origin="made in a test")
        session = load_session(path, provider="cpu", threads=1)
        found.append(CropEncoder(session, frames=4).encode(CLIPS))
    assert session.card.pixels.dtype == "float16"
    np.testing.assert_allclose(found[1], found[0], atol=5e-3)


def test_a_network_of_another_family_is_refused() -> None:
    with pytest.raises(ArtefactError, match="expected one of the families osnet, intel-reid, found yolox"):
        CropEncoder(MemorySession(card((None, 3, 8, 4), family="yolox"), mean_colour))


@pytest.mark.shared
def test_osnet_knows_people_again_and_gives_each_clip_nearly_the_same_numbers_in_any_company(
    shared: Path, tmp_path: Path
) -> None:
    path = tmp_path / "osnet.onnx"
    path.write_bytes((shared / "data/weights/reid/osnet_x0_25_msmt17.onnx").read_bytes())
    adopt(path, OSNET, name="osnet-x0-25-msmt17", licence="MIT", origin="shared data")
    encoder = CropEncoder(load_session(path, provider="cpu", threads=1))
    tracklets = read_folder(shared / "data/reid/mars_query_half/bbox_test")[:6]
    clips = np.stack([read_clip(tracklet, encoder.clip) for tracklet in tracklets])
    vectors = np.concatenate([encoder.encode(clip[None]) for clip in clips])
    np.testing.assert_array_equal(encoder.encode(clips[2:3]), vectors[2:3])
    np.testing.assert_allclose(encoder.encode(clips[::-1]), vectors[::-1], atol=1e-5)
    persons = np.array([tracklet.person for tracklet in tracklets])
    is_same, is_other = persons[:, None] == persons, persons[:, None] != persons
    similarity = vectors @ vectors.T
    assert similarity[is_same].mean() > similarity[is_other].mean() + 0.1
