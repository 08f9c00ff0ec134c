"""A network in 8 bits: static Q/DQ pairs around what runs in int8, the one form that all runtimes here take.

Activations and weights are int8 and symmetric, weights per output channel, biases stay float32: TensorRT takes nothing
else, and ONNX Runtime makes of it what its processors want.
"""

import io
import logging
import math
from collections.abc import Collection, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import reid_runtime.quiet_onnxruntime  # noqa: F401  # before any module of the library

# isort: split
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, create_calibrator
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from export.precision.graphs import save

Feed = dict[str, NDArray[Any]]
Method = Literal["minmax", "percentile"]
"""ONNX Runtime's entropy is none of them: of as many bins as there are steps, its default, it is min-max, and of 2048
it takes minutes."""
METHODS: tuple[Method, ...] = get_args(Method)
OPERATORS = (
    *("Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Concat", "Relu", "Clip", "LeakyRelu"),
    *("MaxPool", "AveragePool", "GlobalAveragePool", "Resize"),
)
WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Where the time goes: a network in which none of these is in 8 bits is none in 8 bits."""
BINS = 2048
PERCENTILE = 99.99
_METHODS = {
    "minmax": (CalibrationMethod.MinMax, {}),
    "percentile": (CalibrationMethod.Percentile, {"num_bins": BINS, "percentile": PERCENTILE}),
}
_OPTIONS = {
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    "QuantizeBias": False,
    "MatMulConstBOnly": True,
    "DedicatedQDQPair": True,
}


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Between which numbers each tensor lay.

    Attributes:
        method: that says which outliers count.
        tensors: of ONNX Runtime's calibration.
    """

    method: Method
    tensors: TensorsData


def measure_ranges(model: onnx.ModelProto, feeds: Sequence[Feed], method: Method, folder: Path) -> Ranges:
    """Runs a network on samples.

    Args:
        model: in single precision.
        feeds: inputs of one pass each.
        method: see `Ranges`.
        folder: for files that are needed meanwhile.
    """
    path = save(model, folder / "to-calibrate.onnx")
    kind, options = _METHODS[method]
    with _quiet():
        calibrator = create_calibrator(
            path,
            list(OPERATORS),
            augmented_model_path=str(folder / "calibrating.onnx"),
            calibrate_method=kind,
            extra_options={"symmetric": True, **options},
        )
        for feed in feeds:  # One by one: it holds all that it is given, with every tensor in between.
            calibrator.collect_data(_One(feed))
        return Ranges(method, calibrator.compute_data())


def quantised(
    model: onnx.ModelProto, ranges: Ranges, *, excluded: Collection[str] = (), only: Collection[str] | None = None
) -> onnx.ModelProto:
    """The network in 8 bits; the one that is given is not changed.

    Args:
        model: in single precision, every node with a name.
        ranges: of its tensors.
        excluded: names of nodes that stay as they are.
        only: names of the nodes that do not; None: all that can.
    """
    able = set(quantisable(model))
    lowered = (able if only is None else able.intersection(only)).difference(excluded)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    with _quiet():
        quantizer = QDQQuantizer(
            copy,
            True,
            False,
            QuantType.QInt8,
            QuantType.QInt8,
            ranges.tensors,
            sorted(lowered),
            # By name too: it takes products of two activations whatever its option says, and no names for all names.
            sorted({node.name for node in copy.graph.node}.difference(lowered)),
            list(OPERATORS),
            dict(_OPTIONS),
        )
        quantizer.quantize_model()
    found: onnx.ModelProto = quantizer.model.model
    _keep_pairs_apart(found)
    quantizer.model.topological_sort()
    return found


def quantisable(model: onnx.ModelProto) -> list[str]:
    """Names of the nodes that can run in 8 bits, in the order of the graph."""
    constants = {tensor.name for tensor in model.graph.initializer}
    left = _adding_one_number(model)
    return [
        node.name
        for node in model.graph.node
        if node.op_type in OPERATORS
        and (node.op_type not in WEIGHTED or node.input[1] in constants)
        and node.name not in left
    ]


def _adding_one_number(model: onnx.ModelProto) -> set[str]:
    """Names of the sums of a tensor and one constant number.

    Mostly that is a small one that keeps from dividing by 0: in 8 bits it is lost, and TensorRT takes no such constant.
    """
    numbers = {tensor.name for tensor in model.graph.initializer if math.prod(tensor.dims) == 1}
    return {node.name for node in model.graph.node if node.op_type == "Add" and numbers.intersection(node.input)}


def weighted(model: onnx.ModelProto, names: Collection[str]) -> list[str]:
    """Those of the nodes in which the time goes."""
    return [node.name for node in model.graph.node if node.name in names and node.op_type in WEIGHTED]


def _keep_pairs_apart(model: onnx.ModelProto) -> None:
    """Gives the second pair of a tensor, and the third, a scale that is one or two last bits larger.

    ONNX Runtime makes one of pairs that are equal, and on x86 it takes no tensor of int8 that has several readers to
    uint8, which its kernels want: behind every branch of a residual network convolutions would stay in float32. A
    ResNet-50 takes 38 ms so where it takes 80 ms otherwise (and 105 ms in single precision).
    """
    scales = {tensor.name: tensor for tensor in model.graph.initializer}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    pairs: dict[str, int] = {}
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear":
            continue
        number = pairs.get(node.input[0], 0)
        pairs[node.input[0]] = number + 1
        if number == 0 or node.input[1] not in scales:
            continue
        name = f"{node.input[1]}_{number}"
        if name not in scales:
            scale = numpy_helper.to_array(scales[node.input[1]])
            for _ in range(number):
                scale = np.nextafter(scale, np.float32(np.inf), dtype=np.float32)
            scales[name] = numpy_helper.from_array(np.asarray(scale, np.float32), name)
            model.graph.initializer.append(scales[name])
        for other in readers[node.output[0]]:
            other.input[1] = name
        node.input[1] = name


class _One(CalibrationDataReader):  # type: ignore[misc]  # it has no types
    """Hands out one pass."""

    def __init__(self, feed: Feed) -> None:
        self._feeds = [feed]

    def get_next(self) -> Feed | None:
        return self._feeds.pop() if self._feeds else None


@contextmanager
def _quiet() -> Any:
    """Without what ONNX Runtime's quantisation prints, and its advice on options that are chosen on purpose."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
