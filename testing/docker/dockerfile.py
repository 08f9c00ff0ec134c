"""A Dockerfile as instructions; as much of the syntax as ours use."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from testing.docker.compose_file import DOCKER

PIPELINE = DOCKER / "pipeline.Dockerfile"
CAMERA = DOCKER / "camera.Dockerfile"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word, and the rest on one line."""

    word: str
    rest: str


def instructions(path: Path) -> list[Instruction]:
    """Without comments; continued lines are joined."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]


def only(path: Path, word: str) -> str:
    """The rest of the one instruction of that word."""
    (found,) = (each.rest for each in instructions(path) if each.word == word)
    return found


def entry_point(path: Path) -> tuple[str, ...]:
    return tuple(json.loads(only(path, "ENTRYPOINT")))


def health_check(path: Path) -> tuple[str, ...]:
    """The command that says whether a container is well."""
    return tuple(json.loads(only(path, "HEALTHCHECK").partition("CMD ")[2]))
