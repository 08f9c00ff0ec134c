import subprocess
import sys
from pathlib import Path

import pytest

from reid_runtime.card import ArtefactError
from reid_runtime.load import describe, load_session, providers_of
from testing.engines import engine_card
from testing.networks import card


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("net.onnx", b"", "expected a network that ONNX Runtime loads"),
        ("net.onnx", b"no network at all", "expected a network that ONNX Runtime loads"),
        ("net.engine", b"", "an engine has the card that `reid-export engine` wrote"),
        ("net.pt", b"", r"expected a network with the suffix \.onnx, \.xml or \.engine, found \.pt"),
    ],
)
def test_a_file_that_is_no_network_is_one_clear_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match=message) as caught:
        describe(path)
    assert "\n" not in str(caught.value)


def test_nothing_is_loaded_without_a_card(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"")
    with pytest.raises(ArtefactError, match="has no card"):
        load_session(path, provider="cpu", threads=1)


def test_the_runtime_is_imported_only_when_a_network_is_loaded() -> None:
    code = "import sys, reid_runtime.load, reid_runtime.adopt; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "providers"),
    [
        ("net.engine", {"tensorrt-rtx"}),
        ("net.xml", {"openvino"}),
        ("net.onnx", {"cpu", "openvino", "cuda", "tensorrt"}),
    ],
)
def test_a_file_says_by_its_kind_who_runs_it(tmp_path: Path, name: str, providers: set[str]) -> None:
    path = tmp_path / name
    built = engine_card(runtime="tensorrt-rtx", targets=("8.6",), gpu=None) if path.suffix == ".engine" else None
    assert set(providers_of(path, card((None, 3, 8, 4)).model_copy(update={"engine": built}))) == providers
