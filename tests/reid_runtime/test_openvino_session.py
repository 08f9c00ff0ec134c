"""OpenVINO beside ONNX Runtime: the same vectors, and a line for what it cannot run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from pipeline.families import family_named
from pipeline.model_zoo import shipped_models
from reid_models.crop_encoder import OSNET
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError, ModelCard, TensorSpec, artefact_sha256, read_card, write_card
from reid_runtime.load import describe, load_session, working_providers
from testing.networks import card as card_of
from testing.networks import constant_network, mean_network

ov = pytest.importorskip("openvino")

VALUES = np.arange(1, 513, dtype=np.float32)[None]
ALLOWED = 1e-3


def as_ir(onnx: Path) -> Path:
    """The same network as Intel's files, without a card."""
    path = onnx.with_suffix(".xml")
    ov.save_model(ov.Core().read_model(onnx), path, compress_to_fp16=False)
    return path


@pytest.fixture
def ir(tmp_path: Path) -> Path:
    path = as_ir(constant_network(tmp_path / "tiny.onnx", ["n", 3, 8, 4], VALUES))
    adopt(path, OSNET, name="tiny", licence="CC0-1.0", origin="made in a test")
    return path


def crops(n: int) -> NDArray[np.float32]:
    return np.random.default_rng(n).random((n, 3, 8, 4), np.float32)


def noise(spec: TensorSpec, rows: int = 1) -> NDArray[np.float32]:
    found = np.random.default_rng(0).integers(0, 256, [size or rows for size in spec.shape])
    return (found / 255 if spec.dtype == "float32" and spec.name != "images" else found).astype(spec.dtype)


def assert_same(path: Path, card: ModelCard) -> None:
    """Both runtimes, one input: as a share of the largest number."""
    (spec,) = card.inputs
    rows = noise(spec, 3)
    expected, found = (
        load_session(path, provider=provider, threads=1).run({spec.name: rows}) for provider in ("cpu", "openvino")
    )
    for name, array in expected.items():
        assert np.abs(found[name] - array).max() < ALLOWED * max(1, np.abs(array).max())


@pytest.mark.parametrize("name", ["passerby-encoder", "passerby-detector"])
def test_shipped_networks_say_the_same_as_in_onnx_runtime(name: str) -> None:
    path = shipped_models()[name]
    assert_same(path, read_card(path))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "family"), [("detectors/yolox_nano_416x416", "yolox"), ("reid/osnet_x0_25_msmt17", "osnet")]
)
def test_networks_of_others_say_the_same_as_in_onnx_runtime(
    shared: Path, tmp_path: Path, name: str, family: str
) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes((shared / "data/weights" / f"{name}.onnx").read_bytes())
    card = adopt(path, family_named(family), name="it", licence="Apache-2.0", origin="elsewhere")
    assert_same(path, card)


@pytest.mark.shared
def test_intels_own_files_run_and_say_what_their_operators_say_in_onnx_runtime(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "0277.xml"
    for file in (shared / "data/weights/openvino").glob("person-reidentification-retail-0277.*"):
        path.with_suffix(file.suffix).write_bytes(file.read_bytes())
    signature = describe(path)
    (spec,) = signature.inputs
    assert (spec.shape, spec.dtype) == ((1, 3, 256, 128), "float32")
    card = card_of(spec.shape).model_copy(
        update={"inputs": signature.inputs, "outputs": signature.outputs, "sha256": artefact_sha256(path)}
    )
    write_card(card, path)
    images = (np.random.default_rng(0).random((1, 3, 256, 128)) * 255).astype(np.float32)
    (vectors,) = load_session(path, provider="openvino", threads=1).run({spec.name: images}).values()
    from testing.intel_ir import as_onnx

    options = ort.SessionOptions()
    options.log_severity_level = 3
    other = ort.InferenceSession(as_onnx(path, tmp_path / "0277.onnx"), options, providers=["CPUExecutionProvider"])
    (expected,) = other.run(None, {spec.name: images})
    assert vectors.shape == (1, 256)
    np.testing.assert_allclose(vectors, expected, atol=ALLOWED)


def test_an_ir_is_fingerprinted_with_its_weights(ir: Path) -> None:
    weights = ir.with_suffix(".bin")
    whole = weights.read_bytes()
    np.testing.assert_array_equal(load_session(ir, provider="openvino", threads=1).run({"in": crops(2)})["out"], VALUES)
    weights.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    with pytest.raises(ArtefactError, match=r"the card tiny\.json belongs to another file"):
        load_session(ir, provider="openvino", threads=1)
    weights.write_bytes(whole[:100])
    with pytest.raises(ArtefactError, match=r"expected at least \d+ bytes, found 100: bring the whole file"):
        load_session(ir, provider="openvino", threads=1)
    weights.unlink()
    with pytest.raises(ArtefactError, match=r"'tiny\.bin' beside it, found no file there: bring both"):
        load_session(ir, provider="openvino", threads=1)


def test_an_ir_with_another_provider_is_refused_with_the_one_that_runs_it(ir: Path) -> None:
    with pytest.raises(ArtefactError, match="found Intel's IR: ask for provider openvino"):
        load_session(ir, provider="cpu", threads=1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("net.onnx", b""),
        ("net.onnx", b"no network at all"),
        ("net.xml", b""),
        ("net.xml", b"<html></html>"),
        ("net.xml", b'<?xml version="1.0"?><net name="cut" version="11"><layers>'),
    ],
)
def test_a_file_that_is_no_network_is_one_line(
    tmp_path: Path, name: str, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    write_card(card_of((None, 3, 8, 4)).model_copy(update={"sha256": artefact_sha256(path)}), path)
    with pytest.raises(ArtefactError, match="expected a network that OpenVINO loads, found") as caught:
        load_session(path, provider="openvino", threads=1)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_more_threads_than_there_are_is_refused(tmp_path: Path) -> None:
    path = mean_network(tmp_path / "tiny.onnx", ["n", 3, 8, 4], axes=[2, 3])
    adopt(path, OSNET, name="tiny", licence="CC0-1.0", origin="made in a test")
    cores = len(os.sched_getaffinity(0))
    load_session(path, provider="openvino", threads=cores)
    with pytest.raises(ArtefactError, match=f"asked OpenVINO for {cores + 1} threads a pass, got {cores}: ask"):
        load_session(path, provider="openvino", threads=cores + 1)


def test_openvino_shows_that_it_works() -> None:
    assert working_providers()["openvino"] is None


def test_openvino_reports_to_nobody_that_it_runs_here() -> None:
    """Its package for that comes with it, and would send a message at every import."""
    code = "import sys, reid_runtime.openvino_session; print([n for n in sys.modules if n.startswith('openvino_tele')])"
    words = [sys.executable, "-c", f"{code}; print(sys.modules['openvino_telemetry'])"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["['openvino_telemetry']", "None"], done.stderr
