"""Loading an engine where it cannot run: one line, and nothing else is tried."""

import ctypes.util
from pathlib import Path

import pytest

from export.engines.build import build_engine
from export.engines.options import EngineOptions
from reid_runtime.card import ArtefactError, card_path, read_card, write_card
from reid_runtime.load import describe, load_session, working_providers
from reid_runtime.session import Provider
from testing.engines import engine_card, image_network, need_rtx, stored_engine

HAS_GPU = ctypes.util.find_library("cuda") is not None
RTX = engine_card(runtime="tensorrt-rtx", version="1.0.0.1", targets=("8.6",), gpu=None)


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A real one, for GPUs that this machine does not have."""
    need_rtx()
    build_engine(
        image_network(tmp_path / "net.onnx"),
        tmp_path / "net.engine",
        EngineOptions("tensorrt-rtx", targets=("7.5", "8.6")),
    )
    return tmp_path / "net.engine"


def refusal(path: Path, provider: Provider = "tensorrt-rtx") -> str:
    with pytest.raises(ArtefactError) as caught:
        load_session(path, provider=provider, threads=1)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("provider", ["cpu", "openvino", "cuda", "tensorrt"])
def test_an_engine_with_the_provider_of_another_is_refused_with_its_own(tmp_path: Path, provider: Provider) -> None:
    stored_engine(tmp_path / "net.engine", RTX)
    assert "is an engine of tensorrt-rtx, asked for was the provider" in refusal(tmp_path / "net.engine", provider)


def test_an_engine_without_a_card_or_with_that_of_a_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.engine"
    card = stored_engine(path, RTX)
    write_card(card.model_copy(update={"engine": None}), path)
    assert "its card is not of an engine" in refusal(path)
    card_path(path).unlink()
    assert "has no card" in refusal(path)


def test_a_network_where_an_engine_is_wanted_is_refused_with_the_command_that_builds_one(tmp_path: Path) -> None:
    path = image_network(tmp_path / "net.onnx")
    assert "reid-export engine net.onnx net.engine --for tensorrt-rtx" in refusal(path)


def test_an_engine_of_another_version_is_refused_before_any_gpu_is_looked_for(tmp_path: Path) -> None:
    need_rtx()
    stored_engine(tmp_path / "net.engine", RTX)
    assert "built by TensorRT-RTX 1.0.0.1, found version 1." in refusal(tmp_path / "net.engine")


def test_a_truncated_engine_is_refused(engine: Path) -> None:
    engine.write_bytes(engine.read_bytes()[:1000])
    assert "the card net.engine.json belongs to another file" in refusal(engine)


@pytest.mark.skipif(HAS_GPU, reason="a GPU is here")
def test_an_engine_where_no_gpu_is_says_so(engine: Path) -> None:
    assert "there is no GPU of NVIDIA's here: " in refusal(engine)


@pytest.mark.skipif(HAS_GPU, reason="a GPU is here")
def test_the_probe_of_providers_says_that_no_gpu_is_here() -> None:
    need_rtx()
    assert "there is no GPU of NVIDIA's here" in str(working_providers()["tensorrt-rtx"])


def test_nobody_adopts_an_engine(engine: Path) -> None:
    with pytest.raises(ArtefactError, match="has the card that `reid-export engine` wrote"):
        describe(engine)
    assert read_card(engine).engine is not None
