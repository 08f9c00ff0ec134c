"""Networks of Intel's IR as ONNX, so that another runtime can be asked what they say.

Only the operators of one generation of re-ID networks are known here.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino as ov
from onnx import helper, numpy_helper

OPSET = 17
RENAMED = {
    "Add": "Add",
    "Multiply": "Mul",
    "PRelu": "PRelu",
    "Relu": "Relu",
    "Reshape": "Reshape",
    "ShapeOf": "Shape",
    "Sigmoid": "Sigmoid",
    "Subtract": "Sub",
}
"""Operators that mean the same under another name."""


def as_onnx(xml: Path, file: Path) -> Path:
    """Writes the network as ONNX, and tells where.

    Raises:
        KeyError: at the first operator that is not known here.
    """
    model = ov.Core().read_model(xml)
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    for operation in model.get_ordered_ops():
        kind, name = operation.get_type_name(), operation.get_friendly_name()
        inputs = [_source(port) for port in operation.inputs()]
        if kind == "Constant":
            constants.append(numpy_helper.from_array(np.array(operation.data), name))
        elif kind not in ("Parameter", "Result"):
            nodes.extend(_nodes(operation, kind, inputs, name))
    graph = helper.make_graph(
        nodes,
        "ir",
        [_value(port, port.get_node().get_friendly_name()) for port in model.inputs],
        [_value(port, _source(port.get_node().inputs()[0])) for port in model.outputs],
        constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), file)
    return file


def _source(port: Any) -> str:
    return str(port.get_source_output().get_node().get_friendly_name())


def _value(port: Any, name: str) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(port.get_element_type().to_dtype()))
    return helper.make_tensor_value_info(name, kind, list(port.get_shape()))


def _nodes(operation: Any, kind: str, inputs: list[str], name: str) -> list[onnx.NodeProto]:
    match kind:
        case "Gather":
            axis = operation.inputs()[2].get_source_output().get_node().data.item()
            return [helper.make_node("Gather", inputs[:2], [name], axis=axis)]
        case "Concat":
            return [helper.make_node("Concat", inputs, [name], axis=operation.get_attributes()["axis"])]
        case _ if kind in RENAMED:
            return [helper.make_node(RENAMED[kind], inputs, [name])]
    makers: dict[str, Callable[..., list[onnx.NodeProto]]] = {
        "AvgPool": _pool,
        "Convert": _cast,
        "Convolution": _convolution,
        "GroupConvolution": _grouped,
        "MatMul": _product,
        "MaxPool": _pool,
        "MVN": _normalise,
        "ReduceMean": _mean,
    }
    return makers[kind](operation, inputs, name)


def _cast(operation: Any, inputs: list[str], name: str) -> list[onnx.NodeProto]:
    kind = np.dtype(operation.output(0).get_element_type().to_dtype())
    return [helper.make_node("Cast", inputs, [name], to=helper.np_dtype_to_tensor_dtype(kind))]


def _convolution(operation: Any, inputs: list[str], name: str, group: int = 1) -> list[onnx.NodeProto]:
    found = operation.get_attributes()
    pads = [*found["pads_begin"], *found["pads_end"]]
    return [
        helper.make_node(
            "Conv", inputs, [name], group=group, pads=pads, strides=found["strides"], dilations=found["dilations"]
        )
    ]


def _grouped(operation: Any, inputs: list[str], name: str) -> list[onnx.NodeProto]:
    """Intel's filters have an axis for the groups, (G, O, I, H, W); ONNX's have (G * O, I, H, W)."""
    group, *rest = operation.inputs()[1].get_shape()
    flat = f"{name}/filters"
    shape = helper.make_node(
        "Constant", [], [f"{flat}/shape"], value=numpy_helper.from_array(np.array([group * rest[0], *rest[1:]]))
    )
    reshape = helper.make_node("Reshape", [inputs[1], f"{flat}/shape"], [flat])
    return [shape, reshape, *_convolution(operation, [inputs[0], flat], name, group)]


def _product(operation: Any, inputs: list[str], name: str) -> list[onnx.NodeProto]:
    """Of matrices, each as it is or transposed."""
    found = operation.get_attributes()
    return [
        helper.make_node("Gemm", inputs, [name], transA=int(found["transpose_a"]), transB=int(found["transpose_b"]))
    ]


def _pool(operation: Any, inputs: list[str], name: str) -> list[onnx.NodeProto]:
    found = operation.get_attributes()
    common = {
        "kernel_shape": found["kernel"],
        "pads": [*found["pads_begin"], *found["pads_end"]],
        "strides": found["strides"],
        "ceil_mode": int(found["rounding_type"] == "ceil"),
    }
    if operation.get_type_name() == "MaxPool":
        return [helper.make_node("MaxPool", inputs, [name], **common)]
    return [helper.make_node("AveragePool", inputs, [name], count_include_pad=int(not found["exclude-pad"]), **common)]


def _mean(operation: Any, inputs: list[str], name: str) -> list[onnx.NodeProto]:
    axes = operation.inputs()[1].get_source_output().get_node().data.ravel().tolist()
    kept = int(operation.get_attributes()["keep_dims"])
    return [helper.make_node("ReduceMean", inputs[:1], [name], axes=axes, keepdims=kept)]


def _normalise(operation: Any, inputs: list[str], name: str) -> list[onnx.NodeProto]:
    """Less the mean, by the deviation: `eps` stands beneath the root."""
    axes = operation.inputs()[1].get_source_output().get_node().data.ravel().tolist()
    eps = numpy_helper.from_array(np.array(operation.get_attributes()["eps"], np.float32))
    mean, centred, squares, variance, small, sum_, root = (f"{name}/{index}" for index in range(7))
    return [
        helper.make_node("ReduceMean", inputs[:1], [mean], axes=axes),
        helper.make_node("Sub", [inputs[0], mean], [centred]),
        helper.make_node("Mul", [centred, centred], [squares]),
        helper.make_node("ReduceMean", [squares], [variance], axes=axes),
        helper.make_node("Constant", [], [small], value=eps),
        helper.make_node("Add", [variance, small], [sum_]),
        helper.make_node("Sqrt", [sum_], [root]),
        helper.make_node("Div", [centred, root], [name]),
    ]
