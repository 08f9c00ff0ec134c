import json
from pathlib import Path

import pytest

from export import cli
from export.commands import bench
from reid_runtime.card import DetectionSpec, read_card
from testing.engines import clip_network, engine_card, need_rtx, stored_engine
from testing.networks import card
from testing.paths import ROOT

MODELS = ROOT / "configs" / "models"


def test_artefacts_are_timed_in_turns_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["bench", str(MODELS / "passerby-encoder.onnx"), "--out", str(tmp_path), "--provider", "cpu"]
    assert cli.main([*ask, "--batch", "1", "--batch", "2", "--rounds", "3"]) == 0
    shown = capsys.readouterr().out
    assert "GFLOP/s" in shown
    record = json.loads((tmp_path / "bench.json").read_text())
    assert [(each["size"]["batch"], each["size"]["frames"]) for each in record["timings"]] == [(1, 8), (2, 8)]
    for each in record["timings"]:
        assert 0 < each["median_ms"] <= each["p95_ms"]
        assert each["per_s"] == pytest.approx(1000 * each["size"]["batch"] / each["median_ms"])
        assert each["roofline"] > 0
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["passerby-encoder", "passerby-detector"])
def test_torch_is_timed_beside_them_without_a_run(name: str, tmp_path: Path) -> None:
    network = read_card(MODELS / f"{name}.onnx").network
    ask = [
        "bench",
        str(MODELS / f"{name}.onnx"),
        "--out",
        str(tmp_path),
        "--provider",
        "cpu",
        "--network",
        network,
    ]
    assert cli.main([*ask, "--batch", "1", "--rounds", "3", "--no-compile"]) == 0
    record = json.loads((tmp_path / "bench.json").read_text())
    assert [each["way"] for each in record["timings"]] == [f"{name} cpu", "torch eager"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--network", "abacus"], "or a network of docs/models.md, found abacus"),
        (["--provider", "abacus"], "expected one of cpu, openvino, cuda"),
        (["--provider", "tensorrt-rtx"], "expected a provider that runs passerby-encoder.onnx, found tensorrt-rtx"),
        (["--batch", "99999999999999999999"], "--batch"),
        (["--threads", "9999999999"], "--threads"),
        ([str(MODELS / "passerby-detector.onnx")], "which it is held against, clips of 8 frames"),
    ],
)
def test_misuse_is_one_line(more: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["bench", str(MODELS / "passerby-encoder.onnx"), "--out", str(tmp_path), *more]
    assert cli.main([*ask, "--provider", "cpu"] if "--provider" not in more else ask) == 2
    reported = capsys.readouterr().err
    assert expected in reported
    assert reported.count("\n") == 1


def test_clips_of_a_length_that_a_network_does_not_take_are_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = clip_network(tmp_path / "net.onnx", frames=8, takes_others=False)
    ask = ["bench", str(file), "--out", str(tmp_path / "out"), "--provider", "cpu", "--frames", "5"]
    assert cli.main(ask) == 2
    assert "takes clips of 8 frames, found --frames 5" in capsys.readouterr().err


def test_an_engine_is_given_to_its_own_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need_rtx()
    stored_engine(tmp_path / "net.engine", engine_card(runtime="tensorrt-rtx", version="1.0.0.1", gpu=None))
    assert cli.main(["bench", str(tmp_path / "net.engine"), "--out", str(tmp_path / "out"), "--provider", "cpu"]) == 1
    assert "built by TensorRT-RTX 1.0.0.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--frames", "4"], "passerby-detector takes images, found --frames 4: leave it away"),
        (["--network", "pooling-mean-resnet18", "--no-compile"], "takes what passerby-detector takes, found pooling-"),
    ],
)
def test_what_a_detector_does_not_take_is_one_line(
    more: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ["bench", str(MODELS / "passerby-detector.onnx"), "--out", str(tmp_path / "out"), "--provider", "cpu"]
    assert cli.main([*ask, *more]) == 2
    reported = capsys.readouterr().err
    assert expected in reported
    assert reported.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_clips_for_which_there_is_no_memory_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise MemoryError("Unable to allocate 88 GiB")

    monkeypatch.setattr(bench, "noise_for", full)
    ask = ["bench", str(MODELS / "passerby-encoder.onnx"), "--out", str(tmp_path / "out"), "--provider", "cpu"]
    assert cli.main([*ask, "--batch", "60000"]) == 1
    assert "not enough memory: Unable to allocate 88 GiB" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_images_of_any_size_are_as_large_as_the_card_says() -> None:
    image = card((None, 3, None, None), family="yolox", detection=DetectionSpec(96, 64, "top-left", 0))
    assert bench.noise_for(image)["in"].shape == (1, 3, 96, 64)
