"""Networks small enough to be made in a test: as ONNX files, and in memory."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from reid_runtime.card import ClipSpec, DetectionSpec, ModelCard, Pixels, TensorSpec, artefact_sha256, write_card
from reid_runtime.session import Arrays

Shape = list[int | str]


class MemorySession:
    """A session whose network is a function of its one input; remembers the batch sizes."""

    def __init__(self, card: ModelCard, network: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
        self.card = card
        self.batches: list[int] = []
        self._network = network

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        (rows,) = inputs.values()
        self.batches.append(len(rows))
        return {self.card.outputs[0].name: self._network(rows)}


def card(
    shape: tuple[int | None, ...],
    *,
    family: str = "osnet",
    pixels: Pixels | None = None,
    clip: ClipSpec | None = None,
    detection: DetectionSpec | None = None,
) -> ModelCard:
    """A card of a network with one input and one output."""
    pixels = pixels or Pixels(order="rgb", layout="nchw")
    return ModelCard(
        name="tiny",
        family=family,
        file="tiny.onnx",
        sha256="0" * 64,
        inputs=(TensorSpec(name="in", shape=shape, dtype=pixels.dtype),),
        outputs=(TensorSpec(name="out", shape=(None, None), dtype="float32"),),
        pixels=pixels,
        clip=clip,
        detection=detection,
        licence="CC0-1.0",
        origin="made in a test",
    )


def mean_network(path: Path, shape: Shape, *, axes: list[int], dtype: int = TensorProto.FLOAT) -> Path:
    """Writes a network that yields the mean over `axes`, and tells where."""
    nodes = [
        helper.make_node("Cast", ["in"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["out"], axes=axes, keepdims=0),
    ]
    kept: Shape = [size for axis, size in enumerate(shape) if axis not in axes]
    return _write(path, nodes, shape, kept, dtype=dtype)


def constant_network(path: Path, shape: Shape, output: NDArray[np.float32]) -> Path:
    """Writes a network that yields `output` whatever it is given, and tells where."""
    nodes = [
        helper.make_node("ReduceMean", ["in"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "values"], ["out"]),
    ]
    constants = {"zero": np.float32(0), "values": output}
    return _write(path, nodes, shape, list(output.shape), constants=constants)


def constant_outputs(
    path: Path,
    image: Shape,
    outputs: Mapping[str, NDArray[Any]],
    *,
    dtype: int = TensorProto.FLOAT,
    sizes: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Writes a network that yields `outputs` whatever it is given, and tells where.

    Args:
        path: where.
        image: shape of its input `images`.
        outputs: by name.
        dtype: of the input.
        sizes: whether it has a second input, `orig_target_sizes` (n, 2) int64, which changes nothing.
        metadata: what an exporter leaves in the file.
    """
    inputs = [helper.make_tensor_value_info("images", dtype, image)]
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    if sizes:
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ["n", 2]))
        nodes.append(helper.make_node("Identity", ["orig_target_sizes"], ["sizes"]))
    constants = [numpy_helper.from_array(np.asarray(np.float32(0)), "zero")]
    infos = []
    for name, values in outputs.items():
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        constants.append(numpy_helper.from_array(values, f"{name}-values"))
        nodes += [
            helper.make_node("Cast", ["nothing"], [f"{name}-nothing"], to=kind),
            helper.make_node("Add", [f"{name}-nothing", f"{name}-values"], [name]),
        ]
        infos.append(helper.make_tensor_value_info(name, kind, list(values.shape)))
    model = helper.make_model(
        helper.make_graph(nodes, "tiny", inputs, infos, constants),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, path)
    return path


def looking_network(path: Path, *, height: int, width: int) -> Path:
    """Writes a clip network with its card: its vector is the mean colour, and it looks where a frame is bright.

    It has `frame_weights` and `attention_maps`; T is 2.
    """
    nodes = [
        helper.make_node("Cast", ["clips"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["embeddings"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["floats"], ["frame_weights"], axes=[2, 3, 4], keepdims=0),
        helper.make_node("ReduceMean", ["floats"], ["attention_maps"], axes=[4], keepdims=0),
    ]
    clips = ("n", 2, height, width, 3)
    outputs = {"embeddings": ("n", 3), "frame_weights": ("n", 2), "attention_maps": ("n", 2, height, width)}
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
    taken = [helper.make_tensor_value_info("clips", TensorProto.UINT8, clips)]
    graph = helper.make_graph(nodes, "tiny", taken, infos)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    meanings = ("embedding", "(N, T): brightness", "(N, T, h, w): brightness")
    write_card(
        ModelCard(
            name="looking",
            family="clip",
            file=path.name,
            sha256=artefact_sha256(path),
            inputs=(TensorSpec(name="clips", shape=(None, 2, height, width, 3), dtype="uint8"),),
            outputs=tuple(
                TensorSpec(name=name, shape=(None, *shape[1:]), dtype="float32", meaning=meaning)
                for (name, shape), meaning in zip(outputs.items(), meanings, strict=True)
            ),
            pixels=Pixels(order="rgb", layout="nthwc", dtype="uint8"),
            clip=ClipSpec(2, height, width),
            licence="CC0-1.0",
            origin="made in a test",
            threshold=0.5,
        ),
        path,
    )
    return path


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    shape: Shape,
    output_shape: Shape,
    *,
    dtype: int = TensorProto.FLOAT,
    constants: dict[str, Any] | None = None,
) -> Path:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("in", dtype, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, output_shape)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
