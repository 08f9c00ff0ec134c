"""Runs ONNX files and Intel's IR (.xml with .bin beside it) with OpenVINO, on the processor."""

import os
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ArtefactError, ModelCard, TensorSpec
from reid_runtime.probe import NEGATION, verdict
from reid_runtime.session import Arrays
from reid_runtime.signature import Signature, as_known, check_inputs, check_signature

# OpenVINO reports every import to its maker through this package, unless it is missing: a machine that sees people
# tells nobody about it.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # an import of it fails
import openvino as ov  # noqa: E402
from openvino.frontend import FrontEndManager  # noqa: E402

DEVICE = "CPU"
Shapes = tuple[tuple[str, tuple[int, ...]], ...]
MOST_SHAPES = 4
"""For which a network is compiled apart; on a processor batches are small, mostly of one size."""
READERS = {".onnx": "onnx", ".xml": "ir"}
"""OpenVINO's own readers by suffix: left to choose, it tries all, and each prints what it thinks of the file."""


class OpenVinoSession:
    """One network, loaded. Camera threads share it: their passes run beside each other."""

    def __init__(self, path: Path, card: ModelCard, *, threads: int) -> None:
        """Loads the file.

        Args:
            path: an ONNX file, or an IR's .xml.
            card: what it must turn out to be.
            threads: within one pass.

        Raises:
            ArtefactError: if the file is not what its card says, or so many threads are not to be had.
        """
        model = _read(path)
        check_signature(_signature(model, card), card, path)
        self._path, self._threads, self._card = path, threads, card
        self._any_shape = _Passes(_compile(model, path, threads=threads))
        self._model = model if model.is_dynamic() else None
        self._by_shapes: dict[Shapes, _Passes] = {}
        self._lock = Lock()

    @property
    def card(self) -> ModelCard:
        """What the network expects and yields."""
        return self._card

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """One forward pass; see `Session.run`."""
        check_inputs(inputs, self._card)
        arrays = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        passes = self._any_shape if self._model is None else self._passes_for(self._model, arrays)
        return passes.run(arrays, [spec.name for spec in self._card.outputs])

    def _passes_for(self, model: ov.Model, arrays: Arrays) -> "_Passes":
        """Where sizes are free, a network of its own for each of the first few that come: it is faster."""
        shapes = tuple((name, array.shape) for name, array in sorted(arrays.items()))
        with self._lock:
            if shapes not in self._by_shapes and len(self._by_shapes) < MOST_SHAPES:
                self._by_shapes[shapes] = self._shaped(model, shapes)
            return self._by_shapes.get(shapes, self._any_shape)

    def _shaped(self, model: ov.Model, shapes: Shapes) -> "_Passes":
        shaped = model.clone()
        try:
            shaped.reshape({name: list(shape) for name, shape in shapes})
        except RuntimeError:  # a network that OpenVINO can only run with its sizes left free
            return self._any_shape
        return _Passes(_compile(shaped, self._path, threads=self._threads))


class _Passes:
    """A compiled network; each thread takes an infer request that nobody else has."""

    def __init__(self, network: ov.CompiledModel) -> None:
        self._network = network
        self._idle: deque[ov.InferRequest] = deque()

    def run(self, arrays: Arrays, outputs: Sequence[str]) -> dict[str, NDArray[Any]]:
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._network.create_infer_request()
        try:
            found = request.infer(dict(arrays))
            return {name: found[name] for name in outputs}
        finally:
            self._idle.append(request)


def describe(path: Path) -> Signature:
    """The inputs and outputs of a file, without a card.

    Raises:
        ArtefactError: if it is no network.
    """
    return _signature(_read(path), None)


def fault() -> str | None:
    """What keeps OpenVINO from working here; None if it works."""
    try:
        core = ov.Core()
        network = core.compile_model(core.read_model(NEGATION), DEVICE)
        return verdict(network({"x": np.ones(1, np.float32)})["y"])
    except RuntimeError as error:
        return _reason(error)


def _read(path: Path) -> ov.Model:
    try:
        if not FrontEndManager().load_by_framework(READERS[path.suffix]).supported(path):
            raise ArtefactError(f"{path}: expected a network that OpenVINO loads, found none in it")
        return ov.Core().read_model(path)
    except RuntimeError as error:
        raise ArtefactError(f"{path}: expected a network that OpenVINO loads, found: {_reason(error)}") from error


def _compile(model: ov.Model, path: Path, *, threads: int) -> ov.CompiledModel:
    """As many streams as passes have room beside each other: a pass waits where all are busy."""
    streams = max(1, len(os.sched_getaffinity(0)) // threads)
    wanted = {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams * threads,
        # Processors with half precision would take it by themselves, for other vectors than elsewhere.
        "INFERENCE_PRECISION_HINT": "f32",
        # Decoding and other processes share the cores.
        "ENABLE_CPU_PINNING": False,
        "ENABLE_HYPER_THREADING": True,
    }
    try:
        network = ov.Core().compile_model(model, DEVICE, wanted)
    except RuntimeError as error:
        raise ArtefactError(f"{path}: expected a network that OpenVINO runs, found: {_reason(error)}") from error
    found = {name: network.get_property(name) for name in ("NUM_STREAMS", "INFERENCE_NUM_THREADS")}
    if found["INFERENCE_NUM_THREADS"] < found["NUM_STREAMS"] * threads:
        raise ArtefactError(
            f"{path.name}: asked OpenVINO for {threads} threads a pass, got "
            f"{found['INFERENCE_NUM_THREADS'] // found['NUM_STREAMS']}: ask for no more than this machine has cores"
        )
    return network


def _signature(model: ov.Model, card: ModelCard | None) -> Signature:
    """What a network declares, outputs in the words of the card where they do not contradict it."""
    inputs, outputs = (card.inputs, card.outputs) if card else ((), ())
    return Signature(
        inputs=tuple(_spec(port, inputs) for port in model.inputs),
        outputs=tuple(as_known(_spec(port, outputs), outputs) for port in model.outputs),
    )


def _spec(port: ov.Output, known: Iterable[TensorSpec]) -> TensorSpec:
    """A tensor, under the name that the card has where it has several."""
    names = port.get_names() or {port.get_node().get_friendly_name()}
    return TensorSpec(
        name=next((spec.name for spec in known if spec.name in names), min(names)),
        shape=tuple(axis.get_length() if axis.is_static else None for axis in port.get_partial_shape()),
        dtype=port.get_element_type().to_dtype().name,
    )


def _reason(error: RuntimeError) -> str:
    """The line of OpenVINO's that says what is wrong; those before it say where in its sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    words = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return (words or lines or ["no reason given"])[-1]
