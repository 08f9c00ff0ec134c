import hashlib
import json
import resource
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from export import cli
from export.verification import figures
from export.verification.figures import LIMITS, Limits
from reid_models.training.data import write_crop_set
from reid_runtime.card import card_path, read_card
from reid_runtime.load import load_session
from testing.coloured_people import coloured_people
from testing.paths import ROOT

MODELS = ROOT / "configs" / "models"
ENCODER, DETECTOR = MODELS / "passerby-encoder.onnx", MODELS / "passerby-detector.onnx"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data set of coloured people, as `--data` names it."""
    folder = tmp_path_factory.mktemp("people")
    write_crop_set(folder, coloured_people(30, 6, height=64, width=32))
    return f"simulated={folder}"


def ask(file: Path, out: Path, precision: str, *more: str) -> int:
    return cli.main(["precision", str(file), "--to", precision, "--out", str(out), *more])


@pytest.fixture(scope="module")
def lowered(people: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("lowered")
    made = {precision: folder / f"encoder-{precision}.onnx" for precision in ("fp16", "int8")}
    for precision, out in made.items():
        assert ask(ENCODER, out, precision, "--data", people, "--samples", "4") == 0
    return made


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_shipped_encoder_passes_the_gate_and_its_card_says_how(lowered: dict[str, Path], precision: str) -> None:
    card, source = read_card(lowered[precision]), read_card(ENCODER)
    assert card.precision == precision
    assert (card.inputs, card.outputs, card.threshold) == (source.inputs, source.outputs, source.threshold)
    assert card.lowered is not None
    assert card.lowered.source_sha256 == source.sha256
    assert card.lowered.figures["least_cosine"] >= LIMITS[card.precision].cosine
    assert card.lowered.figures["mAP_before"] - card.lowered.figures["mAP_after"] <= LIMITS[card.precision].lost_points
    assert ("simulated" in card.lowered.calibration) == (precision == "int8")
    clips = np.random.default_rng(0).integers(0, 256, (3, 8, 128, 64, 3), np.uint8)
    found, expected = (
        load_session(file, provider="cpu", threads=1).run({"clips": clips})["embeddings"]
        for file in (lowered[precision], ENCODER)
    )
    assert found.dtype == np.float32
    assert not np.array_equal(found, expected)
    assert lowered[precision].stat().st_size < 0.6 * ENCODER.stat().st_size


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_graph_is_whole_and_of_onnx_alone_and_tells_nothing_of_the_machine(
    lowered: dict[str, Path], precision: str
) -> None:
    model = onnx.load(lowered[precision])
    onnx.checker.check_model(model, full_check=True)
    assert {opset.domain for opset in model.opset_import} == {""}
    assert b"/reid_models/" not in lowered[precision].read_bytes()


def test_half_precision_keeps_norms_and_sums_in_single(lowered: dict[str, Path]) -> None:
    model = onnx.shape_inference.infer_shapes(onnx.load(lowered["fp16"]))
    types = {value.name: value.type.tensor_type.elem_type for value in model.graph.value_info}
    by_operator = {
        kind: {types.get(node.output[0], TensorProto.FLOAT) for node in model.graph.node if node.op_type == kind}
        for kind in ("Conv", "ReduceMean")
    }
    assert by_operator["Conv"] == {TensorProto.FLOAT16}
    assert by_operator["ReduceMean"] == {TensorProto.FLOAT}


def test_8_bits_are_symmetric_and_signed_and_weights_have_a_scale_for_each_channel(lowered: dict[str, Path]) -> None:
    model = onnx.load(lowered["int8"])
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    pairs = [node for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert pairs
    for node in pairs:
        zero = constants[node.input[2]]
        assert zero.dtype == np.int8
        assert not zero.any()
    of_weights = [node for node in pairs if node.op_type == "DequantizeLinear" and node.input[0] in constants]
    assert of_weights
    for node in of_weights:
        assert constants[node.input[0]].dtype == np.int8
        if constants[node.input[0]].ndim == 4:
            assert len(constants[node.input[1]]) == len(constants[node.input[0]])


def test_what_is_in_8_bits_already_is_refused(
    lowered: dict[str, Path], people: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert ask(lowered["int8"], tmp_path / "again.onnx", "int8", "--data", people) == 1
    reported = capsys.readouterr().err
    assert "expected a network in fp32, found int8" in reported
    assert reported.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_the_gate_refuses_is_not_written(
    people: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(figures.LIMITS, "fp16", Limits(cosine=1.1, lost_points=0.1, found_again=1, overlap=1))
    assert ask(ENCODER, tmp_path / "half.onnx", "fp16", "--data", people) == 1
    assert "is not good in fp16: least cosine" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("spoil", "more", "expected"),
    [
        ("truncate", (), "the card encoder.json belongs to another file"),
        ("no card", (), "has no card"),
        ("no network", (), "expected a network that ONNX Runtime loads"),
        ("", ("--calibrate", "EMPTY"), "expected crops named"),
        ("", ("--data", "folder=EMPTY"), "expected crops named"),
        ("", ("--data", "nothing=EMPTY"), "expected one of the data sets"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_file(
    spoil: str, more: tuple[str, ...], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, empty, out = tmp_path / "encoder.onnx", tmp_path / "empty", tmp_path / "out"
    shutil.copy(ENCODER, file)
    shutil.copy(card_path(ENCODER), card_path(file))
    for folder in (empty, out):
        folder.mkdir()
    spoil_artefact(file, spoil)
    arguments = [word.replace("EMPTY", str(empty)) for word in more]
    assert ask(file, out / "half.onnx", "fp16", *arguments) in (1, 2)
    reported = capsys.readouterr().err
    assert expected in reported
    assert reported.count("\n") == 1
    assert not list(out.iterdir())


def spoil_artefact(file: Path, how: str) -> None:
    match how:
        case "truncate":
            file.write_bytes(file.read_bytes()[:1000])
        case "no card":
            card_path(file).unlink()
        case "no network":
            file.write_bytes(b"nothing")
            fields = json.loads(card_path(file).read_text())
            # Its fingerprint, so that the card is not what is refused.
            fields["sha256"] = hashlib.sha256(b"nothing").hexdigest()
            card_path(file).write_text(json.dumps(fields))


@pytest.mark.parametrize("most_bytes", [100_000, 4_000_000])
def test_a_full_disk_is_one_line_and_leaves_no_file(
    most_bytes: int, people: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, limits[1]))
    try:
        code = ask(ENCODER, tmp_path / "half.onnx", "fp16", "--data", people)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 1
    reported = capsys.readouterr().err
    assert "cannot write in" in reported
    assert reported.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_shipped_detector_sees_the_same_people_in_half_precision(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number, crop in enumerate(coloured_people(6, 1, height=240, width=160).crops(np.arange(6))):
        cv2.imwrite(str(images / f"{number}.png"), np.tile(crop[..., 2::-1], (1, 2, 1)))
    out = tmp_path / "detector.onnx"
    assert ask(DETECTOR, out, "fp16", "--data", str(images)) == 0
    lowered = read_card(out).lowered
    assert lowered is not None
    assert lowered.figures["images"] == 6


def test_closer_than_the_gate_asks_is_a_choice_and_farther_is_none(
    people: str, lowered: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(ENCODER, tmp_path / "close.onnx", "int8", "--data", people, "--samples", "4", "--cosine", "0.9985") == 0
    close, usual = read_card(tmp_path / "close.onnx").lowered, read_card(lowered["int8"]).lowered
    assert close is not None
    assert usual is not None
    assert close.figures["least_cosine"] >= 0.9985 > usual.figures["least_cosine"]
    assert len(close.kept) > len(usual.kept)
    assert ask(ENCODER, tmp_path / "far.onnx", "int8", "--data", people, "--cosine", "0.9") == 1
    assert capsys.readouterr().err.endswith("--cosine: expected 0.99, the gate's, to 1, found 0.9\n")
    assert not (tmp_path / "far.onnx").exists()
