"""Numbers that the authors' published modules gave, and how to hold ours against them.

def test_the_block_agrees_with_the_published_one(shared: Path) -> None:
    numbers = golden(shared, "gltr_tsa")
    block = NonLocalBlock(24)
    load(block, numbers, {"W.0": "out", "W.1": "norm"})
    assert_close(block.eval()(numbers["x"]), numbers["out"], 2e-5)
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from reid_models.architectures.weights import COUNTER

Change = Callable[[Tensor], Tensor]


def golden(shared: Path, name: str) -> dict[str, Tensor]:
    """The arrays of golden/<name>.npz as tensors; float scalars stay float64."""
    with np.load(shared / "golden" / f"{name}.npz") as arrays:
        return {key: torch.from_numpy(np.asarray(arrays[key])) for key in arrays.files}


def load(
    module: nn.Module,
    numbers: Mapping[str, Tensor],
    names: Mapping[str, str],
    *,
    prefix: str = "w.",
    changes: Mapping[str, Change] | None = None,
) -> None:
    """Loads every tensor whose key begins with the prefix, strictly: none is left over, none of the module's missing.

    Args:
        module: ours.
        numbers: of `golden`.
        names: beginning of an official name, up to a dot or its end -> ours; what it does not name keeps its name. The
            longest that fits counts.
        prefix: of the official weights in the file.
        changes: by official name: what to do to a tensor whose layout differs from ours. Axes of size 1 need none.

    Raises:
        RuntimeError: if a key is missing, left over, or of another shape.
    """
    official = {key.removeprefix(prefix): value for key, value in numbers.items() if key.startswith(prefix)}
    assert official, f"no key begins with {prefix!r}"
    state = {}
    for name, value in official.items():
        state[_renamed(name, names)] = (changes or {}).get(name, _same)(value)
    own = module.state_dict()
    for name in own.keys() & state.keys():
        if _without_ones(state[name]) == _without_ones(own[name]):
            state[name] = state[name].reshape(own[name].shape)
    counters = {name: value for name, value in own.items() if name.endswith(COUNTER)}
    module.load_state_dict({**counters, **state}, strict=True)


def _renamed(name: str, names: Mapping[str, str]) -> str:
    fitting = [start for start in names if name == start or name.startswith(f"{start}.")]
    if not fitting:
        return name
    start = max(fitting, key=len)
    return names[start] + name.removeprefix(start)


def _same(value: Tensor) -> Tensor:
    return value


def _without_ones(value: Tensor) -> list[int]:
    return [size for size in value.shape if size != 1]


def assert_close(found: Tensor, expected: Tensor, tolerance: float) -> None:
    """The largest difference is within the tolerance, and the shapes are the same."""
    assert found.shape == expected.shape
    worst = float((found - expected).detach().abs().max())
    assert worst <= tolerance, f"differs by {worst:.2e}, {tolerance:.0e} allowed"


def architecture(shared: Path, name: str) -> "Published":
    """The entry of golden/architectures.json."""
    return Published(json.loads((shared / "golden" / "architectures.json").read_text(encoding="utf-8"))[name])


class Published:
    """What is known of a published network: parameters by block, and shapes by stage."""

    def __init__(self, entry: Mapping[str, object]) -> None:
        self._entry = entry

    def parameters(self, *path: str) -> int:
        """Of a block, by the keys on the way to it: parameters("blocks", "cosam", "2"), parameters("total_params")."""
        found: object = self._entry
        for key in path:
            assert isinstance(found, Mapping)
            found = found[key]
        assert isinstance(found, int)
        return found

    def shape(self, stage: str) -> tuple[int, ...]:
        """Of a stage's output."""
        shapes = self._entry["stage_output_shapes"]
        assert isinstance(shapes, Mapping)
        return tuple(shapes[stage])


def parameters(*modules: nn.Module) -> int:
    """How many numbers the modules learn."""
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def output_shapes(network: nn.Module, clips: Tensor, submodules: Mapping[str, nn.Module]) -> dict[str, tuple[int, ...]]:
    """Shapes of what the submodules yield when the network runs on the clips, by the names given.

    Build the network and the clips under `torch.device("meta")`: no number is computed then, and it takes no time.
    """
    found: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            found[name] = tuple(output.shape)

        return hook

    handles = [module.register_forward_hook(note(name)) for name, module in submodules.items()]
    network(clips)
    for handle in handles:
        handle.remove()
    return found
