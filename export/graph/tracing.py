"""From torch to a graph of ONNX: traced, made simpler, written to a file."""

import warnings
from pathlib import Path

import onnx
import onnxslim
import torch

from export.graph.errors import ExportError
from export.graph.subject import Subject

OPSET = 20
"""What torch's exporter chooses by itself; ONNX Runtime, TensorRT 10 and later, and OpenVINO read it."""
OPSETS = 18, 22
"""The least and the most: from 23 on, attention is one operator, whose masks ONNX Runtime does not take as torch has
them."""


def write_graph(subject: Subject, file: Path, *, opset: int = OPSET) -> None:
    """Writes the network as ONNX, its axes free as `Subject.free_axes` says.

    torch's exporter folds constants and batch norms by itself (onnxscript's optimiser); onnxslim takes out what is left
    of the arithmetic with shapes.

    Raises:
        ExportError: if torch cannot write this network in that opset, or fixes an axis that should be free.
    """
    free = subject.free_axes
    try:
        with warnings.catch_warnings():
            # They are about the exporter's own ways, and nobody who exports can mend them.
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                subject.network.eval(),
                subject.example(),
                dynamo=True,
                dynamic_shapes=tuple(free for _ in subject.inputs),
                input_names=list(subject.inputs),
                output_names=list(subject.outputs),
                opset_version=opset,
                verbose=False,
            )
            assert program is not None
            model = onnxslim.slim(program.model_proto)
    except torch.onnx.errors.OnnxExporterError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise ExportError(
            f"{subject.architecture}: torch cannot write it as ONNX of opset {opset}: {reason}"
        ) from error
    _check_axes(model, subject)
    onnx.save(model, file)


def _check_axes(model: onnx.ModelProto, subject: Subject) -> None:
    """torch fixes an axis without a word where the network's arithmetic asks for it."""
    sizes = model.graph.input[0].type.tensor_type.shape.dim
    fixed = [name for axis, name in subject.free_axes.items() if not sizes[axis].dim_param]
    if fixed:
        raise ExportError(f"{subject.architecture}: expected {' and '.join(fixed)} to be free, torch fixed it")
