"""A small network in every precision that a file may have becomes an engine of TensorRT-RTX, built for real."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.engines.build import build_engine
from export.engines.options import EngineOptions
from export.precision.graphs import read_prepared, save
from export.precision.quantise import measure_ranges, quantised
from reid_runtime.card import Pixels, TensorSpec, read_card
from testing.engines import need_rtx, with_card

RGB = Pixels(order="rgb", layout="nchw")
GIVEN = TensorSpec(name="in", shape=(None, 3, 32, 16), dtype="float32")


def convolutions(path: Path, kind: int) -> Path:
    """Two of them, a small number added, and the mean: (N, 3, 32, 16) -> (N, 16); inside in the precision asked for."""
    numbers = np.random.default_rng(0)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    filters = {"w1": (16, 3, 3, 3), "w2": (16, 16, 3, 3)}
    nodes = [
        helper.make_node("Cast", ["in"], ["x"], to=kind),
        helper.make_node("Conv", ["x", "w1"], ["y1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["y1"], ["z1"]),
        helper.make_node("Conv", ["z1", "w2"], ["y2"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["y2", "small"], ["above"]),
        helper.make_node("ReduceMean", ["above"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Cast", ["mean"], ["out"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, ["n", 3, 32, 16])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 16])],
        [
            *(numpy_helper.from_array(numbers.normal(0, 0.1, filters[name]).astype(dtype), name) for name in filters),
            numpy_helper.from_array(np.array(1e-4, dtype), "small"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def in_8_bits(path: Path, folder: Path) -> Path:
    """As `reid-export precision` makes it, with scales of noise."""
    model = read_prepared(convolutions(path.with_name("single.onnx"), TensorProto.FLOAT), folder)
    feeds = [{"in": np.random.default_rng(seed).random((1, 3, 32, 16), np.float32)} for seed in range(2)]
    return save(quantised(model, measure_ranges(model, feeds, "minmax", folder)), path)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_every_precision_builds(precision: str, tmp_path: Path) -> None:
    need_rtx()
    path = tmp_path / "net.onnx"
    if precision == "int8":
        in_8_bits(path, tmp_path)
        assert any(node.op_type == "QuantizeLinear" for node in onnx.load(path).graph.node)
    else:
        convolutions(path, {"fp32": TensorProto.FLOAT, "fp16": TensorProto.FLOAT16}[precision])
    with_card(path, GIVEN, RGB)
    card = build_engine(path, tmp_path / "net.engine", EngineOptions("tensorrt-rtx"))
    assert read_card(tmp_path / "net.engine") == card
    assert (tmp_path / "net.engine").stat().st_size > 1000
