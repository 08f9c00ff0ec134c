"""Builds an engine from an ONNX file, and writes it with its card, whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from export.engines.errors import EngineError, EngineMisuseError
from export.engines.network import read_network
from export.engines.options import EngineOptions, check_options, command
from export.engines.profile import add_profile, shape_ranges
from export.engines.progress import BuildStep, progress_monitor
from export.engines.rtx import set_targets
from export.target import check_place, check_target, folder_beside, written_whole
from reid_runtime.card import ModelCard, TensorSpec, artefact_sha256, read_card, write_card
from reid_runtime.cuda_device import first_gpu
from reid_runtime.engine_card import EngineCard, ShapeRange
from reid_runtime.engine_checks import NAMES, RTX_DEFAULT
from reid_runtime.tensorrt_library import collecting_log, load_library, reason

SUFFIX = ".engine"
MIB = 1 << 20
Observer = Callable[[BuildStep], None]


@dataclass(frozen=True, slots=True)
class _Gpu:
    """What an engine is built for: its targets, and the GPU that it is built on."""

    targets: tuple[str, ...]
    name: str | None


def build_engine(
    onnx: Path, engine: Path, options: EngineOptions, *, observers: tuple[Observer, ...] = ()
) -> ModelCard:
    """Builds and writes an engine and its card; nothing is left of either where it fails.

    Args:
        onnx: the network, with its card.
        engine: to write; replaced where it is there.
        options: see there.
        observers: called with each step of the builder, in its thread.

    Returns:
        The card of the engine.

    Raises:
        EngineError: if the library refuses the network, in one line.
        TargetError: if the engine cannot lie there.
        ArtefactError: if the network has no card, or there is no GPU where the library needs one.
        OSError: if the engine cannot be written.
    """
    check_options(options)
    check_target(engine, SUFFIX)
    if options.timing_cache is not None:
        check_place(options.timing_cache)
    if onnx.suffix != ".onnx":
        raise EngineMisuseError(f"expected a network with the suffix .onnx, found {onnx}")
    card = read_card(onnx)
    ranges = shape_ranges(card, options)
    trt = load_library(options.runtime)
    gpu = _gpu(options)
    with written_whole(engine) as partial:
        outputs = _write(trt, onnx, partial, card, options, ranges, observers)
        engine_card = _card(card, onnx, partial, options, ranges, gpu, trt.__version__, outputs)
        write_card(engine_card, partial)
    return engine_card


def _gpu(options: EngineOptions) -> _Gpu:
    if options.runtime == "tensorrt-rtx":
        return _Gpu(options.targets or RTX_DEFAULT, None)
    found = first_gpu()
    return _Gpu((found.capability,), found.name)


def _write(
    trt: ModuleType,
    onnx: Path,
    file: Path,
    card: ModelCard,
    options: EngineOptions,
    ranges: tuple[ShapeRange, ...],
    observers: tuple[Observer, ...],
) -> tuple[TensorSpec, ...]:
    """Builds into a file; returns what the library says of the outputs."""
    lines: list[str] = []
    log = collecting_log(trt, lines)
    builder = trt.Builder(log)
    network = read_network(trt, builder, onnx, log, lines)
    config = builder.create_builder_config()
    if observers:
        config.progress_monitor = progress_monitor(trt, observers)
    add_profile(builder, config, ranges)
    _configure(trt, config, options)
    del lines[:]
    built = builder.build_serialized_network(network, config)
    if built is None:
        raise EngineError(f"{onnx.name}: {NAMES[options.runtime]} cannot build it: {reason(lines)}")
    file.write_bytes(built)
    if options.timing_cache is not None:
        _write_timing_cache(config.get_timing_cache(), options.timing_cache)
    return tuple(_output(network.get_output(index), card) for index in range(network.num_outputs))


def _configure(trt: ModuleType, config: Any, options: EngineOptions) -> None:
    if options.workspace_mib is not None:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_mib * MIB)
    if options.version_compatible:
        config.set_flag(trt.BuilderFlag.VERSION_COMPATIBLE)
    if options.hardware != "none":
        config.hardware_compatibility_level = {
            "ampere-plus": trt.HardwareCompatibilityLevel.AMPERE_PLUS,
            "same-compute-capability": trt.HardwareCompatibilityLevel.SAME_COMPUTE_CAPABILITY,
        }[options.hardware]
    if options.timing_cache is not None:
        known = options.timing_cache.read_bytes() if options.timing_cache.is_file() else b""
        cache = config.create_timing_cache(known)
        if not config.set_timing_cache(cache, ignore_mismatch=False):
            raise EngineError(f"{options.timing_cache}: a timing cache of another GPU or version: remove the file")
    if options.targets:
        set_targets(trt, config, options.targets)


def _write_timing_cache(cache: Any, file: Path) -> None:
    """Whole or not at all: half a cache spoils every build after it."""
    with folder_beside(file) as folder:
        partial = folder / file.name
        partial.write_bytes(cache.serialize())
        partial.replace(file)


def _output(tensor: Any, card: ModelCard) -> TensorSpec:
    """As the card says it, with the sizes that the library knows of axes that the file leaves open."""
    spec = next(each for each in card.outputs if each.name == tensor.name)
    shape = (
        size if size is not None or found < 0 else found for size, found in zip(spec.shape, tensor.shape, strict=True)
    )
    return spec.model_copy(update={"shape": tuple(shape)})


def _card(
    card: ModelCard,
    onnx: Path,
    file: Path,
    options: EngineOptions,
    ranges: tuple[ShapeRange, ...],
    gpu: _Gpu,
    version: str,
    outputs: tuple[TensorSpec, ...],
) -> ModelCard:
    engine = EngineCard(
        runtime=options.runtime,
        version=version,
        targets=gpu.targets,
        gpu=gpu.name,
        hardware=options.hardware,
        version_compatible=options.version_compatible,
        shapes=ranges,
        workspace_mib=options.workspace_mib,
        onnx=onnx.name,
        onnx_sha256=card.sha256,
        command=command(options, onnx.name, file.name),
    )
    return card.model_copy(
        update={"file": file.name, "sha256": artefact_sha256(file), "outputs": outputs, "engine": engine}
    )
