"""Runs ONNX files with ONNX Runtime, on exactly the provider that was asked for."""

import ctypes
import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ArtefactError, ModelCard, TensorSpec
from reid_runtime.onnx_binding import BoundPasses
from reid_runtime.probe import NEGATION, verdict
from reid_runtime.quiet_onnxruntime import ort, ort_errors
from reid_runtime.session import Arrays, Provider
from reid_runtime.signature import Signature, check_inputs, check_signature

# What TensorRT cannot run of a network goes to CUDA, never to the processor.
PROVIDERS: dict[Provider, list[str]] = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": ["CUDAExecutionProvider"],
    "tensorrt": ["TensorrtExecutionProvider", "CUDAExecutionProvider"],
}
DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}
LOAD_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.EPFail,
    ort_errors.RuntimeException,
    RuntimeError,  # where the libraries of TensorRT are missing
)
# Severities of ONNX Runtime's log. Its warnings concern authors of graphs; what keeps it from a GPU, we say ourselves.
ONLY_ERRORS, ONLY_FATAL = 3, 4
DRIVER = "libcuda.so.1"


class OnnxSession:
    """One ONNX file, loaded. Camera threads share it: each runs its own pass at the same time."""

    def __init__(self, path: Path, card: ModelCard, *, provider: Provider, threads: int) -> None:
        """Loads the file.

        Args:
            path: the ONNX file.
            card: what it must turn out to be.
            provider: where it must run.
            threads: within one pass, on the processor.

        Raises:
            ArtefactError: if the file is not what its card says, or the provider is not to be had.
        """
        self._session = _open(path, provider=provider, threads=threads)
        self._outputs = [spec.name for spec in card.outputs]
        self._card = card
        self._quiet = ort.RunOptions()
        self._quiet.log_severity_level = ONLY_FATAL  # what goes wrong in a pass, we say ourselves
        check_signature(_signature(self._session), card, path)
        # On the processor inputs and outputs lie where they are used.
        self._bound = None if provider == "cpu" else BoundPasses(self._session, self._outputs, device="cuda")

    @property
    def card(self) -> ModelCard:
        """What the network expects and yields."""
        return self._card

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """One forward pass; see `Session.run`.

        Raises:
            ArtefactError: if the network fails on such inputs, or there is not the memory for them.
        """
        check_inputs(inputs, self._card)
        try:
            if self._bound is not None:
                return self._bound.run(inputs)
            found = self._session.run(self._outputs, dict(inputs), self._quiet)
        except LOAD_ERRORS as error:
            sizes = ", ".join(str(array.shape) for array in inputs.values())
            raise ArtefactError(
                f"{self._card.name}: expected a network that takes {sizes}, found: {str(error).splitlines()[0]}"
            ) from error
        return dict(zip(self._outputs, found, strict=True))


def describe(path: Path) -> Signature:
    """The inputs and outputs of an ONNX file, without a card.

    Raises:
        ArtefactError: if the file is no ONNX network.
    """
    return _signature(_open(path, provider="cpu", threads=1))


def fault(provider: Provider) -> str | None:
    """What keeps a provider from working here; None if it works."""
    names = PROVIDERS[provider]
    if names[0] not in ort.get_available_providers():
        return "not in this ONNX Runtime; comes with the extra `gpu`"
    find_libraries(provider)
    options = ort.SessionOptions()
    options.log_severity_level = ONLY_FATAL
    try:
        session = ort.InferenceSession(NEGATION, options, providers=names, enable_fallback=0)
        if session.get_providers()[0] != names[0]:
            return f"runs on {session.get_providers()[0]} instead: {why_not_there()}"
        (output,) = session.run(None, {"x": np.ones(1, np.float32)})
    except LOAD_ERRORS as error:
        return str(error).splitlines()[0]
    return verdict(output)


def find_libraries(provider: Provider) -> None:
    """Loads CUDA and cuDNN from where pip puts them, which the loader does not know; elsewhere it finds them itself."""
    if provider != "cpu":
        ort.set_default_logger_severity(ONLY_FATAL)
        with redirect_stdout(io.StringIO()):  # it prints what it misses there
            ort.preload_dlls()


def why_not_there() -> str:
    """What keeps a GPU's provider from working, as far as can be told, and what to do."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return f"there is no driver of NVIDIA's here ({DRIVER}): install it, or give the container the GPU"
    return "check the versions of the driver and of the CUDA libraries"


def _open(path: Path, *, provider: Provider, threads: int) -> ort.InferenceSession:
    wanted = PROVIDERS[provider]
    offered = ort.get_available_providers()
    if wanted[0] not in offered:
        raise ArtefactError(
            f"{path.name}: expected the provider {provider}, but this ONNX Runtime offers only {', '.join(offered)}: "
            "install the extra `gpu` in the place of `cpu`, or ask for provider cpu"
        )
    find_libraries(provider)
    try:
        session = ort.InferenceSession(path, _options(threads), providers=wanted, enable_fallback=0)
    except LOAD_ERRORS as error:
        reason = str(error).splitlines()[0]
        raise ArtefactError(
            f"{path}: expected a network that ONNX Runtime loads on {provider}, found: {reason}"
        ) from error
    if session.get_providers()[0] != wanted[0]:
        raise ArtefactError(
            f"{path.name}: asked for {wanted[0]}, got {session.get_providers()[0]}: {why_not_there()}, "
            "or ask for provider cpu"
        )
    return session


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = ONLY_ERRORS
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle workers sleep rather than spin: other cameras' decoding and passes need the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _signature(session: ort.InferenceSession) -> Signature:
    return Signature(
        inputs=tuple(_spec(node) for node in session.get_inputs()),
        outputs=tuple(_spec(node) for node in session.get_outputs()),
        metadata=dict(session.get_modelmeta().custom_metadata_map),
    )


def _spec(node: ort.NodeArg) -> TensorSpec:
    shape = tuple(size if isinstance(size, int) else None for size in node.shape)
    return TensorSpec(name=node.name, shape=shape, dtype=DTYPES.get(node.type, node.type))
