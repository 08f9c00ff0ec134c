"""Whether an engine, and the arrays given to it, are for what is here; said before anything else is tried."""

from reid_runtime.card import ArtefactError
from reid_runtime.engine_card import EngineCard
from reid_runtime.session import Arrays

NAMES = {"tensorrt": "TensorRT", "tensorrt-rtx": "TensorRT-RTX"}
AMPERE = 8.0
RTX_DEFAULT = "8.0", "8.6", "8.9", "12.0"
"""What TensorRT-RTX builds for where nothing is asked: compute capabilities of Ampere, Ada and Blackwell."""
RTX_OPEN_FROM = 12.0
"""An engine for those runs on whatever comes later, too."""


def check_version(engine: EngineCard, name: str, version: str) -> None:
    """Holds an engine against the library that is installed.

    Args:
        engine: its card.
        name: of the file.
        version: of the library.

    Raises:
        ArtefactError: if it was built by one that this one does not read; with the command that builds it anew.
    """
    if version == engine.version or (engine.version_compatible and _follows(version, engine.version)):
        return
    raise ArtefactError(
        f"{name}: built by {NAMES[engine.runtime]} {engine.version}, found version {version}: "
        f"build it anew: {engine.command}"
    )


def check_gpu(engine: EngineCard, name: str, *, gpu: str, capability: str) -> None:
    """Holds an engine against the GPU that is here.

    Args:
        engine: its card.
        name: of the file.
        gpu: its name.
        capability: its compute capability, such as `8.6`.

    Raises:
        ArtefactError: if it was built for another one; with the command that builds it anew.
    """
    if _runs_on(engine, gpu, capability):
        return
    raise ArtefactError(
        f"{name}: built for {_targets(engine)}, found {gpu} of compute capability {capability}: "
        f"build it anew for this one: {engine.command}"
    )


def check_sizes(inputs: Arrays, engine: EngineCard, name: str) -> None:
    """Holds arrays against the sizes that an engine was built for.

    Raises:
        ValueError: at the first that is outside them.
    """
    for allowed in engine.shapes:
        shape = inputs[allowed.name].shape
        if not all(low <= size <= high for low, size, high in zip(allowed.least, shape, allowed.most, strict=True)):
            raise ValueError(
                f"{name}: input {allowed.name}: expected from {allowed.least} to {allowed.most}, found {shape}: "
                f"build an engine of other sizes"
            )


def _follows(version: str, earlier: str) -> bool:
    numbers, earlier_numbers = ([int(number) for number in each.split(".")[:2]] for each in (version, earlier))
    return numbers[0] == earlier_numbers[0] and numbers >= earlier_numbers


def _runs_on(engine: EngineCard, gpu: str, capability: str) -> bool:
    if engine.runtime == "tensorrt-rtx":
        is_open = engine.targets == RTX_DEFAULT and float(capability) >= RTX_OPEN_FROM
        return is_open or capability in engine.targets
    match engine.hardware:
        case "ampere-plus":
            return float(capability) >= AMPERE
        case "same-compute-capability":
            return capability in engine.targets
    return gpu == engine.gpu


def _targets(engine: EngineCard) -> str:
    capabilities = f"compute capability {', '.join(engine.targets)}"
    return f"{engine.gpu} of {capabilities}" if engine.gpu else capabilities
