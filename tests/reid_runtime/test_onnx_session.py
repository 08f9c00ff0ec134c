import ctypes.util
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from reid_models.crop_encoder import OSNET
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError
from reid_runtime.load import load_session
from reid_runtime.onnx_session import OnnxSession, describe, find_libraries, why_not_there
from reid_runtime.session import Provider
from testing.networks import card, mean_network


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = mean_network(tmp_path / "tiny.onnx", ["n", 3, 8, 4], axes=[2, 3])
    adopt(path, OSNET, name="tiny", licence="CC0-1.0", origin="made in a test")
    return path


def test_a_network_that_fails_on_what_it_is_given_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = mean_network(tmp_path / "tiny.onnx", ["n", 3, "h", "w"], axes=[2, 3])
    model = onnx.load(path)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([-1, 3, 8, 4], np.int64), "sizes"))
    model.graph.node.insert(0, onnx.helper.make_node("Reshape", ["in", "sizes"], ["reshaped"]))
    model.graph.node[1].input[0] = "reshaped"
    onnx.save(model, path)
    made = card((None, 3, None, None)).model_copy(update={"outputs": describe(path).outputs})
    session = OnnxSession(path, made, provider="cpu", threads=1)
    assert session.run({"in": np.ones((2, 3, 8, 4), np.float32)})["out"].shape == (2, 3)
    with pytest.raises(ArtefactError, match=r"tiny: expected a network that takes \(1, 3, 5, 5\), found: .*Reshape"):
        session.run({"in": np.ones((1, 3, 5, 5), np.float32)})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_provider_that_is_not_there_is_never_replaced(network: Path, provider: Provider) -> None:
    if len(ort.get_available_providers()) > 2:
        pytest.skip("this ONNX Runtime is the one for GPUs")
    with pytest.raises(ArtefactError, match=f"expected the provider {provider}, but this ONNX Runtime offers only"):
        load_session(network, provider=provider, threads=1)


def test_what_is_missing_for_a_gpu_is_said_by_us_alone(capfd: pytest.CaptureFixture[str]) -> None:
    find_libraries("cuda")
    assert capfd.readouterr() == ("", "")
    driver = ctypes.util.find_library("cuda")
    assert ("no driver of NVIDIA's here" in why_not_there()) is (driver is None)
