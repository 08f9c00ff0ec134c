"""Weights beside an ONNX file belong to its fingerprint."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from pipeline.families import family_named
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError, ModelCard, artefact_sha256, file_sha256, read_card
from reid_runtime.external_data import WeightFile, weight_files
from reid_runtime.load import load_session
from testing.networks import constant_network, mean_network

VALUES = np.arange(1, 513, dtype=np.float32)[None]


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network whose constant lies in tiny.onnx.data."""
    path = constant_network(tmp_path / "tiny.onnx", ["n", 3, 8, 4], VALUES)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="tiny.onnx.data", size_threshold=64)
    return path


def adopted(path: Path) -> ModelCard:
    return adopt(path, family_named("osnet"), name="tiny", licence="CC0-1.0", origin="made in a test")


def test_the_files_of_weights_are_found_with_what_they_must_hold(network: Path) -> None:
    assert weight_files(network) == (WeightFile("tiny.onnx.data", VALUES.nbytes),)


def test_a_file_without_weights_beside_it_has_its_own_fingerprint(tmp_path: Path) -> None:
    path = mean_network(tmp_path / "net.onnx", ["n", 3, 8, 4], axes=[2, 3])
    assert artefact_sha256(path) == file_sha256(path)


@pytest.mark.parametrize("content", [b"", b"weights", b"\x3a\xff\xff", bytes(100)])
def test_what_is_no_protobuf_has_no_weights_beside_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    assert weight_files(tmp_path / "net.onnx") == ()


def test_other_weights_under_the_same_card_are_refused(network: Path) -> None:
    before = adopted(network)
    assert read_card(network) == before
    load_session(network, provider="cpu", threads=1)
    (network.parent / "tiny.onnx.data").write_bytes((VALUES + 1).tobytes())
    with pytest.raises(ArtefactError, match=r"the card tiny\.json belongs to another file"):
        load_session(network, provider="cpu", threads=1)
    assert adopted(network).model_id != before.model_id


@pytest.mark.parametrize("does", [adopted, read_card])
def test_weights_that_are_missing_or_cut_short_are_one_line(network: Path, does: object) -> None:
    adopted(network)
    assert callable(does)
    weights = network.parent / "tiny.onnx.data"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ArtefactError, match=r"tiny\.onnx.* expected at least 2048 bytes, found 1000: bring the whole"):
        does(network)
    weights.unlink()
    with pytest.raises(ArtefactError, match=r"'tiny\.onnx\.data' beside it, found no file there: bring both"):
        does(network)


@pytest.mark.parametrize("place", ["../elsewhere", "/elsewhere", "C:\\elsewhere"])
def test_weights_outside_the_folder_are_refused(network: Path, place: str) -> None:
    model = onnx.load(network, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = place
    network.write_bytes(model.SerializeToString())
    with pytest.raises(ArtefactError, match="keeps weights outside its folder"):
        artefact_sha256(network)
