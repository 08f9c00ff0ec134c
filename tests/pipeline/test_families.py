from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from pipeline.families import family_named
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError, ClipSpec, ModelCard, card_path, read_card
from testing.networks import constant_network, mean_network

ANCHORS_OF_32 = 16 + 4 + 1


def adopted(path: Path, family: str) -> ModelCard:
    return adopt(path, family_named(family), name="tiny", licence="CC0-1.0", origin="made in a test")


def yolox_output(*, columns: int = 6, position: float = 0.5) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.full((1, ANCHORS_OF_32, columns), position, np.float32)


def test_adopting_writes_the_card_that_is_read_later(tmp_path: Path) -> None:
    path = mean_network(tmp_path / "net.onnx", ["n", 3, 8, 4], axes=[2, 3])
    card = adopted(path, "osnet")
    assert read_card(path) == card
    assert (card.inputs[0].shape, card.pixels.order, card.clip) == ((None, 3, 8, 4), "rgb", None)


def test_each_family_is_known_by_its_shapes(tmp_path: Path) -> None:
    intel = mean_network(tmp_path / "intel.onnx", [1, 8, 4, 3], axes=[1, 2])
    assert adopted(intel, "intel-reid").pixels.layout == "nhwc"
    yolox = constant_network(tmp_path / "yolox.onnx", [1, 3, 32, 32], yolox_output())
    assert adopted(yolox, "yolox").pixels.order == "bgr"
    clips = mean_network(tmp_path / "clip.onnx", ["n", 2, 8, 4, 3], axes=[1, 2, 3], dtype=TensorProto.UINT8)
    assert adopted(clips, "clip").clip == ClipSpec(frames=2, height=8, width=4)


@pytest.mark.parametrize(
    ("family", "shape", "message"),
    [
        ("osnet", ["n", 8, 4, 3], r"osnet takes \(\*, 3, \*, \*\) float32, found \(\*, 8, 4, 3\) float32"),
        ("intel-reid", ["n", 4, 8, 4], r"intel-reid takes \(\*, \*, \*, 3\) float32, found"),
        ("clip", ["n", 3, 8, 4], r"clip takes \(\*, \*, \*, \*, 3\) uint8, found"),
        ("osnet", ["n", 3, "height", "width"], "has sizes that are fixed in the file"),
    ],
)
def test_another_input_than_the_familys_is_refused(
    tmp_path: Path, family: str, shape: list[int | str], message: str
) -> None:
    path = mean_network(tmp_path / "net.onnx", shape, axes=[2, 3])
    with pytest.raises(ArtefactError, match=message):
        adopted(path, family)
    assert not card_path(path).exists()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (yolox_output()[:, :20], r"yields \(N, 21, 5 \+ classes\), found \(1, 20, 6\)"),
        (yolox_output(columns=5), r"yields \(N, 21, 5 \+ classes\), found \(1, 21, 5\)"),
        (yolox_output(position=30.0), "expected undecoded boxes, found positions in pixels"),
        (
            yolox_output(position=np.nan),
            r"net.onnx yields NaN or infinity .* 0% finite\) for noise: the file is damaged",
        ),
    ],
)
def test_another_output_than_yoloxs_is_refused(tmp_path: Path, output: np.ndarray, message: str) -> None:
    path = constant_network(tmp_path / "net.onnx", [1, 3, 32, 32], output)
    with pytest.raises(ArtefactError, match=message):
        adopted(path, "yolox")


def test_a_network_that_yields_nothing_is_no_encoder(tmp_path: Path) -> None:
    path = constant_network(tmp_path / "net.onnx", [1, 3, 32, 32], np.zeros((1, 4), np.float32))
    with pytest.raises(ArtefactError, match=r"net\.onnx yields nothing but zeros for noise: the file is damaged"):
        adopted(path, "osnet")
    assert not card_path(path).exists()


def test_a_name_that_no_card_can_have_is_one_line(tmp_path: Path) -> None:
    path = mean_network(tmp_path / "net.onnx", ["n", 3, 8, 4], axes=[2, 3])
    with pytest.raises(ArtefactError, match=r"'net\.onnx': no card can say that: name: "):
        adopt(path, family_named("osnet"), name="a/b", licence="CC0-1.0", origin="made in a test")
    assert not card_path(path).exists()


def test_an_unknown_family_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"expected one of the families yolox, yolov8, .*, clip, found 'resnet'"):
        adopted(tmp_path / "net.onnx", "resnet")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"expected an artefact at .*net\.onnx, found no file"):
        adopted(tmp_path / "net.onnx", "osnet")
