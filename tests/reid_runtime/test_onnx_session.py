import ctypes.util
from pathlib import Path

import onnxruntime as ort
import pytest

from reid_models.crop_encoder import OSNET
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError
from reid_runtime.load import load_session
from reid_runtime.onnx_session import find_libraries, why_not_there
from reid_runtime.session import Provider
from testing.networks import mean_network


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = mean_network(tmp_path / "tiny.onnx", ["n", 3, 8, 4], axes=[2, 3])
    adopt(path, OSNET, name="tiny", licence="CC0-1.0", origin="made in a test")
    return path


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
