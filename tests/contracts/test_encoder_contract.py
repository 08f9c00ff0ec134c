"""What every encoder promises, over every encoder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from pipeline.families import family_named
from reid_models.clip_encoder import ClipEncoder
from reid_models.colour_stripes import ColourStripesEncoder
from reid_models.crop_encoder import CropEncoder
from reid_models.encoder import Encoder
from reid_runtime.adopt import adopt
from reid_runtime.load import load_session
from reid_runtime.session import Session
from testing.networks import mean_network


def session(path: Path, family: str) -> Session:
    adopt(path, family_named(family), name="tiny", licence="CC0-1.0", origin="made in a test")
    return load_session(path, provider="cpu", threads=1)


@pytest.fixture(params=["clip", "osnet", "intel-reid", "colour-stripes"])
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Encoder]:
    path = tmp_path / "tiny.onnx"
    match request.param:
        case "clip":
            mean_network(path, ["n", 2, 8, 4, 3], axes=[1, 2, 3], dtype=TensorProto.UINT8)
            yield ClipEncoder(session(path, "clip"))
        case "osnet":
            yield CropEncoder(session(mean_network(path, ["n", 3, 8, 4], axes=[2, 3]), "osnet"), frames=2)
        case "intel-reid":
            yield CropEncoder(session(mean_network(path, [1, 8, 4, 3], axes=[1, 2]), "intel-reid"), frames=2)
        case _:
            yield ColourStripesEncoder(frames=2)


def clips(encoder: Encoder, n: int) -> NDArray[np.uint8]:
    spec = encoder.clip
    random = np.random.default_rng(n)
    tint = random.integers(1, 256, (n, 1, 1, 1, 3))
    return (random.random((n, spec.frames, spec.height, spec.width, 3)) * tint).astype(np.uint8)


def test_embeddings_are_float_rows_of_length_one(encoder: Encoder) -> None:
    vectors = encoder.encode(clips(encoder, 5))
    assert (vectors.dtype.name, vectors.ndim, len(vectors)) == ("float32", 2, 5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_a_row_depends_on_its_clip_alone_to_the_last_bit(encoder: Encoder) -> None:
    batch = clips(encoder, 6)
    vectors = encoder.encode(batch)
    order = np.random.default_rng(0).permutation(6)
    np.testing.assert_array_equal(encoder.encode(batch[order]), vectors[order])
    for row, clip in zip(vectors, batch, strict=True):
        np.testing.assert_array_equal(encoder.encode(clip[None])[0], row)


def test_clips_are_left_as_they_were(encoder: Encoder) -> None:
    batch = clips(encoder, 2)
    before = batch.copy()
    encoder.encode(batch)
    np.testing.assert_array_equal(batch, before)


def test_clips_of_another_size_are_refused(encoder: Encoder) -> None:
    batch = clips(encoder, 2)
    others: list[NDArray[Any]] = [batch[0], batch[:0], batch[:, :1], batch[:, :, :-1], batch.astype(np.float32)]
    for wrong in others:
        with pytest.raises(ValueError, match="expected clips"):
            encoder.encode(wrong)


def test_the_model_id_is_a_name_and_a_fingerprint(encoder: Encoder) -> None:
    name, _, fingerprint = encoder.model_id.partition("@")
    assert name
    assert fingerprint
