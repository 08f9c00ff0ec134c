"""docker/compose.yaml as Compose reads it: anchors merged, variables filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testing.paths import ROOT

DOCKER = ROOT / "docker"
COMPOSE = DOCKER / "compose.yaml"
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::[?-]([^}]*))?\}")
SECRETS = {"REDIS_PASSWORD": "3f9a", "CAMERA_PASSWORD": "c0ffee", "GRAFANA_PASSWORD": "9b1d"}
"""What docker/.env would hold."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is run, and with which variables.

    Attributes:
        command: after the entry point of the image.
        environment: all of it.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]


def read_compose(path: Path = COMPOSE) -> dict[str, Any]:
    """The file, with variables filled in from `SECRETS`; KeyError if it wants another one and has no default."""
    content: dict[str, Any] = _filled_in(yaml.safe_load(path.read_text(encoding="utf-8")))
    return content


def service(name: str) -> Service:
    found = read_compose()["services"][name]
    environment = {key: str(value) for key, value in found.get("environment", {}).items()}
    return Service(tuple(str(word) for word in found.get("command", ())), environment)


def _filled_in(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled_in(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled_in(each) for each in value]
    return VARIABLE.sub(_value, value) if isinstance(value, str) else value


def _value(match: re.Match[str]) -> str:
    if match[0] == "$$":
        return "$"
    is_needed = match[0].startswith(f"${{{match[1]}:?")
    return SECRETS[match[1]] if is_needed or match[1] in SECRETS else match[2]
