"""What TensorRT-RTX alone can do: to build for GPUs that are not here."""

from types import ModuleType
from typing import Any

from export.engines.errors import EngineMisuseError


def set_targets(trt: ModuleType, config: Any, targets: tuple[str, ...]) -> None:
    """Has the engine built for these compute capabilities, such as `8.6`.

    Raises:
        EngineMisuseError: if the library does not know one of them.
    """
    known = {
        name[2:-1] + "." + name[-1]: each for name, each in trt.ComputeCapability.__members__.items() if "SM" in name
    }
    if unknown := [each for each in targets if each not in known]:
        raise EngineMisuseError(
            f"--target: expected compute capabilities of {', '.join(sorted(known, key=float))}, "
            f"found {', '.join(unknown)}: TensorRT-RTX {trt.__version__} builds for no other"
        )
    config.num_compute_capabilities = len(targets)
    for index, each in enumerate(targets):
        config.set_compute_capability(known[each], index)
