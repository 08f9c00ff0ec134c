"""Which nodes a network cannot do without in single precision: found by measuring, until the gate lets it pass."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from export.precision.graphs import save
from export.precision.quantise import METHODS, Feed, Ranges, measure_ranges, quantised
from reid_runtime.onnx_session import ONLY_ERRORS
from reid_runtime.quiet_onnxruntime import ort

PROBES = 4
"""Passes on which nodes and methods are compared: they are ranked, not judged."""

Advance = Callable[[int, int], None]
"""(done, of how many)."""


class Probe:
    """Some passes through a network, and what came of them in single precision."""

    def __init__(self, model: onnx.ModelProto, feeds: Sequence[Feed], folder: Path, *, threads: int) -> None:
        chosen = np.linspace(0, len(feeds) - 1, min(PROBES, len(feeds))).astype(int)
        self._feeds = [feeds[row] for row in chosen]
        self._path = folder / "probe.onnx"
        self._threads = threads
        self._expected = self._outputs(model)

    def error(self, model: onnx.ModelProto) -> float:
        """1 minus the least cosine between what the network yields and what it yielded in single precision."""
        return max(
            1 - _cosine(found, expected) for found, expected in zip(self._outputs(model), self._expected, strict=True)
        )

    def largest(self, model: onnx.ModelProto) -> dict[str, float]:
        """The largest magnitude among all numbers that each node reads and writes, by the node's name."""
        shown = onnx.shape_inference.infer_shapes(model)
        graph = shown.graph
        hidden = {name for node in graph.node for name in node.output} - {value.name for value in graph.output}
        floats = [value for value in graph.value_info if value.type.tensor_type.elem_type == TensorProto.FLOAT]
        graph.output.extend(value for value in floats if value.name in hidden)
        session = self._session(shown)
        sizes: dict[str, float] = defaultdict(float)
        for feed in self._feeds:
            for value, array in zip(session.get_outputs(), session.run(None, feed), strict=True):
                sizes[value.name] = max(sizes[value.name], float(np.abs(array).max(initial=0.0)))
        return {node.name: max(sizes[name] for name in (*node.input, *node.output)) for node in model.graph.node}

    def _outputs(self, model: onnx.ModelProto) -> list[NDArray[Any]]:
        session = self._session(model)
        first = session.get_outputs()[0].name
        return [np.asarray(session.run([first], feed)[0]) for feed in self._feeds]

    def _session(self, model: onnx.ModelProto) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.log_severity_level = ONLY_ERRORS
        options.intra_op_num_threads = self._threads
        return ort.InferenceSession(save(model, self._path), options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs to have one node alone in less than single precision; see `Probe.error`."""

    node: str
    error: float


def best_ranges(model: onnx.ModelProto, feeds: Sequence[Feed], probe: Probe, folder: Path) -> Ranges:
    """The ranges of the method by which the network loses least, all of it in 8 bits."""
    found = [measure_ranges(model, feeds, method, folder) for method in METHODS]
    return min(found, key=lambda ranges: probe.error(quantised(model, ranges)))


def costs(names: Sequence[str], alone: Callable[[str], onnx.ModelProto], probe: Probe, advance: Advance) -> list[Cost]:
    """Of every node, the dearest first.

    Args:
        names: of the nodes.
        alone: the network with one of them in less than single precision, and all others in it.
        probe: measures.
        advance: hears how far it is.
    """
    found = []
    for number, name in enumerate(names):
        found.append(Cost(name, probe.error(alone(name))))
        advance(number + 1, len(names))
    return sorted(found, key=lambda cost: -cost.error)


def fewest(order: Sequence[str], is_good: Callable[[Collection[str]], bool]) -> list[str] | None:
    """The first few of some nodes without which it is good; None if it is good without no number of them.

    One, two, four and so on are tried, and then what lies between the last that was not good and the first that was.

    Args:
        order: the dearest first.
        is_good: asked of those that are left out; not of none.
    """
    bad, tried = 0, min(1, len(order))
    while tried > bad and not is_good(order[:tried]):
        bad, tried = tried, min(2 * tried, len(order))
    if tried == bad:
        return None
    good = tried
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if is_good(order[:middle]) else (middle, good)
    return list(order[:good])


def _cosine(one: NDArray[Any], other: NDArray[Any]) -> float:
    a, b = (array.astype(np.float64).ravel() for array in (one, other))
    found = float(a @ b / max(1e-30, float(np.linalg.norm(a) * np.linalg.norm(b))))
    return found if np.isfinite(found) else -1.0
