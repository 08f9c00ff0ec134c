"""A small network in every precision that a file may have becomes an engine of TensorRT-RTX, built for real."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from export.engines.build import build_engine
from export.engines.options import EngineOptions
from reid_runtime.card import Pixels, TensorSpec, read_card
from testing.engines import need_rtx, with_card

RGB = Pixels(order="rgb", layout="nchw")
GIVEN = TensorSpec(name="in", shape=(None, 3, 32, 16), dtype="float32")


class Noise(CalibrationDataReader):  # type: ignore[misc]
    """A few images for the calibration."""

    def __init__(self) -> None:
        self._images: Iterator[dict[str, NDArray[Any]]] = iter(
            [{"in": np.random.default_rng(seed).random((1, 3, 32, 16), np.float32)} for seed in range(2)]
        )

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """See there."""
        return next(self._images, None)


def convolutions(path: Path, kind: int) -> Path:
    """Two of them with 16 channels, and the mean: (N, 3, 32, 16) -> (N, 16); inside in the precision that is asked."""
    numbers = np.random.default_rng(0)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    filters = {"w1": (16, 3, 3, 3), "w2": (16, 16, 3, 3)}
    nodes = [
        helper.make_node("Cast", ["in"], ["x"], to=kind),
        helper.make_node("Conv", ["x", "w1"], ["y1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["y1"], ["z1"]),
        helper.make_node("Conv", ["z1", "w2"], ["y2"], pads=[1, 1, 1, 1]),
        helper.make_node("ReduceMean", ["y2"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Cast", ["mean"], ["out"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, ["n", 3, 32, 16])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 16])],
        [numpy_helper.from_array(numbers.normal(0, 0.1, shape).astype(dtype), name) for name, shape in filters.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def in_8_bits(path: Path) -> Path:
    """Scales as both TensorRT's parsers want them: symmetric, of each channel."""
    single = convolutions(path.with_name("single.onnx"), TensorProto.FLOAT)
    quantize_static(
        single,
        path,
        Noise(),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        extra_options={"ActivationSymmetric": True, "QuantizeBias": False},
    )
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_every_precision_builds(precision: str, tmp_path: Path) -> None:
    need_rtx()
    path = tmp_path / "net.onnx"
    if precision == "int8":
        in_8_bits(path)
        assert any(node.op_type == "QuantizeLinear" for node in onnx.load(path).graph.node)
    else:
        convolutions(path, {"fp32": TensorProto.FLOAT, "fp16": TensorProto.FLOAT16}[precision])
    with_card(path, GIVEN, RGB)
    card = build_engine(path, tmp_path / "net.engine", EngineOptions("tensorrt-rtx"))
    assert read_card(tmp_path / "net.engine") == card
    assert (tmp_path / "net.engine").stat().st_size > 1000
