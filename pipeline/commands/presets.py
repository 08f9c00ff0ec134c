"""What `--preset` stands for: networks and a provider that go together, and why."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from pipeline.config_errors import ConfigError
from pipeline.model_zoo import is_at_hand, known_models
from reid_runtime.session import Provider

PresetName = Literal["cpu", "gpu", "offline"]


@dataclass(frozen=True, slots=True)
class Preset:
    """Networks that go together.

    Attributes:
        detector: name of a network.
        encoder: name of a network.
        provider: where both run.
        library: the module that the provider needs, and the extra that brings it.
        why: in a few words.
    """

    detector: str
    encoder: str
    provider: Provider
    library: tuple[str, str]
    why: str


PRESETS: dict[PresetName, Preset] = {
    "cpu": Preset(
        "person-detection-retail-0013",
        "person-reidentification-retail-0277",
        "openvino",
        ("openvino", "openvino"),
        "of those that a processor runs they make the fewest mistakes on real people",
    ),
    "gpu": Preset(
        "yolox-nano",
        "osnet-x0-25-msmt17",
        "cuda",
        ("onnxruntime", "gpu"),
        "ONNX files, which CUDA runs, and they have seen real people",
    ),
    "offline": Preset(
        "passerby-detector",
        "passerby-encoder",
        "cpu",
        ("onnxruntime", "cpu"),
        "they come with the package and need no download; they have seen simulated people alone",
    ),
}


def find_preset(name: str) -> Preset:
    """A preset all of which is on this machine.

    Raises:
        ConfigError: if there is none of that name, or something of it is missing; the message says how to get it.
    """
    preset = next((preset for known, preset in PRESETS.items() if known == name), None)
    if preset is None:
        raise ConfigError(f"--preset: expected one of {', '.join(PRESETS)}, found {name!r}")
    module, extra = preset.library
    if find_spec(module) is None:
        raise ConfigError(f"--preset {name}: {module} is not installed: install passerby with the extra `{extra}`")
    missing = [each for each in (preset.detector, preset.encoder) if each in known_models() and not is_at_hand(each)]
    if missing:
        commands = " and ".join(f"`reid-pipeline fetch {each}`" for each in missing)
        raise ConfigError(f"--preset {name}: {' and '.join(missing)} not on this machine: run {commands}")
    return preset


def describe_preset(name: str, preset: Preset) -> str:
    """One line: what was chosen, and why."""
    return f"Preset {name}: {preset.detector} and {preset.encoder} on {preset.provider}: {preset.why}."
