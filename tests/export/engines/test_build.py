"""Engines of TensorRT-RTX, built for real: its builder needs no GPU."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from export.cli import main
from export.engines.build import build_engine
from export.engines.errors import EngineError
from export.engines.options import EngineOptions, Sizes
from export.engines.progress import BuildStep
from reid_runtime.card import Pixels, TensorSpec, artefact_sha256, read_card
from reid_runtime.engine_card import ShapeRange
from testing.engines import clip_network, image_network, need_rtx, with_card
from testing.networks import Shape, mean_network


@pytest.fixture(autouse=True)
def rtx() -> None:
    need_rtx()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_clips_of_any_number_and_length_become_an_engine_whose_card_says_what_it_is(tmp_path: Path) -> None:
    onnx_file, engine = clip_network(tmp_path / "net.onnx"), tmp_path / "net.engine"
    options = EngineOptions("tensorrt-rtx", batch=Sizes(1, 2, 4), frames=Sizes(2, 4, 8), targets=("8.6", "12.0"))
    steps: list[BuildStep] = []
    build_engine(onnx_file, engine, options, observers=(steps.append,))
    card, source = read_card(engine), read_card(onnx_file)
    assert card.engine is not None
    assert card.engine.shapes == (
        ShapeRange(name="in", least=(1, 2, 8, 4, 3), usual=(2, 4, 8, 4, 3), most=(4, 8, 8, 4, 3)),
    )
    assert (card.engine.runtime, card.engine.targets, card.engine.gpu) == ("tensorrt-rtx", ("8.6", "12.0"), None)
    assert card.engine.onnx_sha256 == source.sha256 == artefact_sha256(onnx_file)
    assert card.inputs == source.inputs
    assert (card.name, card.family, card.pixels) == (source.name, source.family, source.pixels)
    assert (steps[0].done, steps[-1].done) == (0, steps[-1].steps)
    assert files(tmp_path) == {"net.onnx", "net.json", "net.engine", "net.engine.json"}


def test_the_command_on_the_card_builds_the_same_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image_network(tmp_path / "net.onnx")
    monkeypatch.chdir(tmp_path)
    line = "engine net.onnx other.engine --for tensorrt-rtx --batch 1,2,4 --workspace-mib 64 --target 8.9"
    assert main(line.split()) == 0
    first = read_card(Path("other.engine"))
    assert first.engine is not None
    printed = capsys.readouterr()
    assert first.model_id in printed.out
    assert printed.err == ""
    assert main(first.engine.command.split()[1:]) == 0
    again = read_card(Path("other.engine"))
    assert again.engine == first.engine


def refused(argv: str, code: int, capfd: pytest.CaptureFixture[str]) -> str:
    assert main(argv.split()) == code
    reported = capfd.readouterr().err
    assert reported.startswith("reid-export: ")
    assert reported.count("\n") == 1
    return reported


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--for cuda", "--for: expected tensorrt or tensorrt-rtx, found cuda"),
        ("--for tensorrt-rtx --batch 8,1,32", "--batch: expected the least, the usual and the most"),
        ("--for tensorrt-rtx --batch 0", "--batch: expected the least"),
        ("--for tensorrt-rtx --batch ²", "--batch: expected the least"),
        ("--for tensorrt-rtx --batch 1,8,99999999999", "or one number, up to 65536, found 1,8,99999999999"),
        ("--for tensorrt-rtx --workspace-mib 99999999999999", "--workspace-mib"),
        ("--for tensorrt-rtx --frames many", "--frames: expected the least"),
        ("--for tensorrt-rtx --frames 4", "takes images: leave it away"),
        (
            "--for tensorrt-rtx --target 9.0",
            "expected compute capabilities of 7.5, 8.0, 8.6, 8.9, 12.0, 12.1, found 9.0",
        ),
        ("--for tensorrt-rtx --target ampere", "expected a compute capability such as 8.6, found ampere"),
        ("--for tensorrt-rtx --timing-cache t", "TensorRT-RTX has no --timing-cache"),
        ("--for tensorrt-rtx --version-compatible", "TensorRT-RTX has no --version-compatible"),
        ("--for tensorrt-rtx --hardware ampere-plus", "TensorRT-RTX has no --hardware"),
        ("--for tensorrt --target 8.6", "TensorRT has no --target"),
        ("--for tensorrt --hardware all", "--hardware: expected none or same-compute-capability or ampere-plus"),
    ],
)
def test_what_a_library_does_not_have_is_misuse(
    options: str, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    onnx_file = image_network(tmp_path / "net.onnx")
    assert message in refused(f"engine {onnx_file} {tmp_path}/net.engine {options}", 2, capfd)
    assert not (tmp_path / "net.engine").exists()


def test_a_network_without_a_card_or_cut_short_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    onnx_file = image_network(tmp_path / "net.onnx")
    line = f"engine {onnx_file} {tmp_path}/net.engine --for tensorrt-rtx"
    onnx_file.write_bytes(onnx_file.read_bytes()[:-40])
    assert "belongs to another file" in refused(line, 1, capfd)
    with_card(
        onnx_file, TensorSpec(name="in", shape=(None, 3, 8, 4), dtype="float32"), Pixels(order="rgb", layout="nchw")
    )
    assert "expected an ONNX file, found: " in refused(line, 1, capfd)
    onnx_file.with_suffix(".json").unlink()
    assert "has no card" in refused(line, 1, capfd)
    assert files(tmp_path) == {"net.onnx"}


def network_of(tmp_path: Path, node: onnx.NodeProto, domain: str = "") -> Path:
    """One node over an image."""
    shape: Shape = ["n", 3, 8, 4]
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
    )
    opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return with_card(
        path, TensorSpec(name="in", shape=(None, 3, 8, 4), dtype="float32"), Pixels(order="rgb", layout="nchw")
    )


def test_an_operator_that_the_parser_lacks_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    onnx_file = network_of(tmp_path, helper.make_node("Frobnicate", ["in"], ["out"], name="odd", domain="mine"), "mine")
    reported = refused(f"engine {onnx_file} {tmp_path}/net.engine --for tensorrt-rtx", 1, capfd)
    assert "net.onnx: the parser refuses Frobnicate odd: " in reported
    assert files(tmp_path) == {"net.onnx", "net.json"}


def test_so_is_one_that_it_knows_and_does_not_have(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    onnx_file = network_of(tmp_path, helper.make_node("Bernoulli", ["in"], ["out"], name="coin"))
    reported = refused(f"engine {onnx_file} {tmp_path}/net.engine --for tensorrt-rtx", 1, capfd)
    assert "the parser refuses Bernoulli coin: it has no such operator" in reported


def test_frames_of_a_network_that_takes_one_number_alone_are_misuse(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = clip_network(tmp_path / "net.onnx", frames=8, takes_others=False)
    reported = refused(f"engine {file} {tmp_path}/net.engine --for tensorrt-rtx --frames 9", 2, capfd)
    assert "takes clips of 8 frames and no others: leave it away" in reported


def test_what_the_builder_cannot_do_is_said_in_its_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = np.ones((4, 4), np.float32)
    onnx_file = network_of(tmp_path, helper.make_node("MatMul", ["in", "w"], ["out"], name="product"))
    model = onnx.load(onnx_file)
    model.graph.initializer.append(onnx.numpy_helper.from_array(rows, "w"))
    onnx.save(model, onnx_file)
    with_card(
        onnx_file, TensorSpec(name="in", shape=(None, 3, 8, 4), dtype="float32"), Pixels(order="rgb", layout="nchw")
    )
    reported = refused(f"engine {onnx_file} {tmp_path}/net.engine --for tensorrt-rtx --target 7.5", 1, capfd)
    assert "TensorRT-RTX cannot build it: " in reported
    assert "FP32 GEMM is not supported" in reported


def test_a_free_axis_that_is_neither_batch_nor_time_is_refused(tmp_path: Path) -> None:
    path = mean_network(tmp_path / "net.onnx", ["n", 3, "h", 4], axes=[2, 3])
    with_card(
        path, TensorSpec(name="in", shape=(None, 3, None, 4), dtype="float32"), Pixels(order="rgb", layout="nchw")
    )
    with pytest.raises(EngineError, match=r"axis 2 of the input in is free, expected free ones for N alone"):
        build_engine(path, tmp_path / "net.engine", EngineOptions("tensorrt-rtx"))


def test_an_engine_takes_the_frames_that_serving_gives_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = clip_network(tmp_path / "net.onnx", frames=24)
    line = f"engine {path} {tmp_path}/net.engine --for tensorrt-rtx"
    assert "serving gives clips of 24 frames" in refused(f"{line} --frames 1,8,16", 2, capfd)
    assert main(line.split()) == 0
    card = read_card(tmp_path / "net.engine")
    assert card.engine is not None
    assert card.engine.shapes[0].usual[1] == card.engine.shapes[0].most[1] == 24


def test_a_disk_that_is_full_leaves_the_engine_that_was_there(tmp_path: Path) -> None:
    onnx_file = image_network(tmp_path / "net.onnx")
    (tmp_path / "net.engine").write_bytes(b"the one before")
    argv = ["engine", str(onnx_file), f"{tmp_path}/net.engine", "--for", "tensorrt-rtx"]

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = subprocess.run(
        [sys.executable, "-c", f"from export.cli import main; exit(main({argv}))"],
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"reid-export: cannot use {tmp_path}/net.engine: File too large\n"
    assert (tmp_path / "net.engine").read_bytes() == b"the one before"
    assert files(tmp_path) == {"net.onnx", "net.json", "net.engine"}


def test_an_engine_of_tensorrt_where_it_is_not_installed_names_the_extra(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    onnx_file = image_network(tmp_path / "net.onnx")
    if "tensorrt" in sys.modules:
        pytest.skip("TensorRT is here")
    assert "tensorrt is not installed: " in refused(
        f"engine {onnx_file} {tmp_path}/net.engine --for tensorrt", 1, capfd
    )
