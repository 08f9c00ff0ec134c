"""Runs engines of TensorRT and of TensorRT-RTX: two libraries with one interface, and no torch."""

import math
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ArtefactError, ModelCard, TensorSpec
from reid_runtime.cuda_device import Buffer, Stream, first_gpu
from reid_runtime.engine_card import EngineCard, EngineRuntime
from reid_runtime.engine_checks import NAMES, RTX_DEFAULT, check_gpu, check_sizes, check_version
from reid_runtime.rtx_context import rtx_context
from reid_runtime.session import Arrays
from reid_runtime.signature import Signature, as_known, check_inputs, check_signature
from reid_runtime.tensorrt_library import collecting_log, load_library, reason

Shapes = tuple[tuple[int, ...], ...]
MOST_SHAPES = 8
"""That have a context, and with TensorRT a CUDA graph, of their own: each takes memory on the GPU."""


class EngineSession:
    """One engine, loaded, with a stream and buffers of its own. Threads share it; their passes follow each other."""

    def __init__(self, path: Path, card: ModelCard) -> None:
        """Loads the file.

        Args:
            path: the engine.
            card: what it must turn out to be; it says for which library, version and GPU.

        Raises:
            ArtefactError: if it is for another library, version or GPU, with the command that builds it anew; or if it
                is not what its card says.
        """
        assert card.engine is not None
        trt = load_library(card.engine.runtime)
        check_version(card.engine, path.name, trt.__version__)
        gpu = first_gpu()
        check_gpu(card.engine, path.name, gpu=gpu.name, capability=gpu.capability)
        self._card, self._shapes, self._lock = card, card.engine, Lock()
        self._log: list[str] = []
        engine = self._engine = _deserialise(trt, path, card.engine, self._log)
        check_signature(_signature(trt, engine, card.outputs), card, path)
        stack = ExitStack()
        finalize(self, stack.close)
        self._stream = Stream()
        stack.callback(self._stream.close)
        self._buffers = {spec.name: Buffer(size) for spec, size in _most_bytes(trt, engine, card)}
        for buffer in self._buffers.values():
            stack.callback(buffer.close)
        self._passes = _Passes(trt, engine, card.engine.runtime)

    @property
    def card(self) -> ModelCard:
        """What the network expects and yields."""
        return self._card

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """One forward pass; see `Session.run`.

        Raises:
            ValueError: if the inputs are not those of the card, or of a size that the engine was not built for.
        """
        check_inputs(inputs, self._card)
        check_sizes(inputs, self._shapes, self._card.name)
        shapes = tuple(inputs[spec.name].shape for spec in self._card.inputs)
        with self._lock:
            for name, array in inputs.items():
                np.copyto(self._buffers[name].view(array.shape, array.dtype.name), array)
            found = self._passes.of(shapes, self._card, self._buffers)
            found.begin(self._stream, self._buffers)
            self._stream.wait()
            return {
                spec.name: self._buffers[spec.name].view(found.outputs[spec.name], spec.dtype).copy()
                for spec in self._card.outputs
            }


class _Passes:
    """A context for each shape that came, the least recent forgotten; with TensorRT-RTX one for all of them.

    A CUDA graph belongs to the context that it was recorded from. TensorRT-RTX records by itself.
    """

    def __init__(self, trt: ModuleType, engine: Any, runtime: EngineRuntime) -> None:
        self._engine, self._known = engine, dict[Shapes, _Pass]()
        self._rtx_context = rtx_context(trt, engine) if runtime == "tensorrt-rtx" else None

    def of(self, shapes: Shapes, card: ModelCard, buffers: Mapping[str, Buffer]) -> "_Pass":
        """The pass for these shapes of the inputs."""
        if self._rtx_context is not None:
            return _Pass(self._rtx_context, shapes, card, buffers, records=False)
        found = self._known.pop(shapes, None)
        if found is None:
            if len(self._known) == MOST_SHAPES:
                self._known.pop(next(iter(self._known))).close()
            found = _Pass(self._engine.create_execution_context(), shapes, card, buffers, records=True)
        self._known[shapes] = found
        return found


class _Pass:
    """A context that is set for certain shapes; from its third run on with TensorRT a CUDA graph.

    Attributes:
        outputs: shape of each.
    """

    def __init__(
        self, context: Any, shapes: Shapes, card: ModelCard, buffers: Mapping[str, Buffer], *, records: bool
    ) -> None:
        self._context, self._card, self._shapes = context, card, shapes
        for spec, shape in zip(card.inputs, shapes, strict=True):
            _must(context.set_input_shape(spec.name, shape), f"the shape {shape} of {spec.name}")
        for name, buffer in buffers.items():
            _must(context.set_tensor_address(name, buffer.device), f"the memory of {name}")
        self.outputs = {spec.name: tuple(context.get_tensor_shape(spec.name)) for spec in card.outputs}
        _must(
            all(min(shape, default=0) >= 0 for shape in self.outputs.values()), "outputs whose size nobody knows before"
        )
        self._runs_until_recorded = 2 if records else math.inf
        self._recorded: Any = None
        self._stream: Stream | None = None

    def begin(self, stream: Stream, buffers: Mapping[str, Buffer]) -> None:
        """Begins a pass over what lies in the buffers of the inputs."""
        if self._recorded is not None:
            stream.replay(self._recorded)
            return
        # TensorRT finishes its own preparations in the first passes; those must not be recorded.
        self._runs_until_recorded -= 1
        if self._runs_until_recorded >= 0:
            self._enqueue(stream, buffers)
            return
        stream.record()
        self._enqueue(stream, buffers)
        self._recorded, self._stream = stream.recorded(), stream
        stream.replay(self._recorded)

    def close(self) -> None:
        """Frees the graph; the context frees itself."""
        if self._stream is not None:
            self._stream.forget(self._recorded)

    def _enqueue(self, stream: Stream, buffers: Mapping[str, Buffer]) -> None:
        for spec, shape in zip(self._card.inputs, self._shapes, strict=True):
            stream.to_gpu(buffers[spec.name], _bytes(shape, spec.dtype))
        context = self._context
        _must(context.execute_async_v3(stream.handle), "the pass")
        for spec in self._card.outputs:
            stream.from_gpu(buffers[spec.name], _bytes(self.outputs[spec.name], spec.dtype))


def fault(runtime: EngineRuntime) -> str | None:
    """What keeps engines of a library from running here, as far as can be told without one; None if nothing does."""
    try:
        load_library(runtime)
        gpu = first_gpu()
    except ArtefactError as error:
        return str(error)
    if (
        runtime == "tensorrt-rtx"
        and gpu.capability not in RTX_DEFAULT
        and float(gpu.capability) < float(RTX_DEFAULT[-1])
    ):
        return f"{NAMES[runtime]} does not run on {gpu.name} (compute capability {gpu.capability})"
    return None


def _deserialise(trt: ModuleType, path: Path, card: EngineCard, log: list[str]) -> Any:
    runtime = trt.Runtime(collecting_log(trt, log))
    if card.version_compatible:
        # Such an engine carries the runtime that it was built with; its card's fingerprint was checked.
        runtime.engine_host_code_allowed = True
    engine = runtime.deserialize_cuda_engine(path.read_bytes())
    if engine is None:
        raise ArtefactError(f"{path}: expected an engine that {NAMES[card.runtime]} loads, found: {reason(log)}")
    return engine


def _signature(trt: ModuleType, engine: Any, known: Iterable[TensorSpec]) -> Signature:
    names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
    inputs = [name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT]
    return Signature(
        inputs=tuple(_spec(trt, engine, name) for name in inputs),
        outputs=tuple(as_known(_spec(trt, engine, name), known) for name in names if name not in inputs),
    )


def _spec(trt: ModuleType, engine: Any, name: str) -> TensorSpec:
    shape = tuple(None if size < 0 else size for size in engine.get_tensor_shape(name))
    return TensorSpec(name=name, shape=shape, dtype=np.dtype(trt.nptype(engine.get_tensor_dtype(name))).name)


def _most_bytes(trt: ModuleType, engine: Any, card: ModelCard) -> Iterable[tuple[TensorSpec, int]]:
    """Of each input and output, how many bytes it has at most."""
    assert card.engine is not None
    context = engine.create_execution_context()
    for allowed in card.engine.shapes:
        context.set_input_shape(allowed.name, allowed.most)
    for spec in (*card.inputs, *card.outputs):
        yield spec, _bytes(tuple(context.get_tensor_shape(spec.name)), spec.dtype)


def _bytes(shape: tuple[int, ...], dtype: str) -> int:
    return math.prod(shape) * np.dtype(dtype).itemsize


def _must(did: bool, what: str) -> None:
    if not did:
        raise ArtefactError(f"the engine does not take {what}")
