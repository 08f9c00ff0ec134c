"""Simulated sites for the pipeline: what an operator would know of one, and the files that `run` needs for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

import yaml
from pydantic import model_validator

from pipeline.config_errors import ConfigError
from pipeline.config_files import parse
from pipeline.site import Site
from pipeline.yaml_files import read_mapping
from reid_simulation.output.recording import camera_files
from reid_simulation.seams.cameras import Camera
from reid_simulation.world.site import PopulationParams, SimulatedSite

TRACKER = {
    "lost_after_s": 1.0,
    "high_score": 0.5,
    "new_track_score": 0.6,
    "low_score": 0.3,
    "least_overlap": 0.25,
    "most_different": 24.0,
}
"""At ten images a second people overlap less with where they were, so that colours must say who came out from behind
whom: whom the tracker loses is recognised again, and whom it confuses is not."""


class SimulationConfig(SimulatedSite):
    """A simulated site, and what its operator would write down about it.

    Attributes:
        known: which cameras overlap, how long walks take; goes into the deployment, and has no part in the simulation.
    """

    known: Site = Site()

    @model_validator(mode="after")
    def _knows_its_cameras(self) -> Self:
        unknown = self.known.cameras() - {camera.name for camera in self.cameras}
        if unknown:
            raise ValueError(f"`known` names cameras that are not there: {', '.join(sorted(unknown))}")
        return self


@dataclass(frozen=True, slots=True)
class Replaced:
    """What the command line says in the place of the file; None: nothing."""

    seconds: float | None = None
    seed: int | None = None
    look_alikes: float | None = None


def load_simulation(path: Path, replaced: Replaced) -> SimulationConfig:
    """Reads and checks the description of a simulated site.

    Raises:
        ConfigError: in one line, naming the file and the key.
    """
    fields = read_mapping(path)
    if replaced.seconds is not None:
        fields["duration_s"] = replaced.seconds
    if replaced.seed is not None:
        fields["seed"] = replaced.seed
    config = parse(SimulationConfig, fields, path)
    if replaced.look_alikes is None:
        return config
    people = {"style": config.population.style, "look_alikes": replaced.look_alikes}
    return config.model_copy(update={"population": parse(PopulationParams, people, "--look-alikes")})


def chosen_cameras(config: SimulationConfig, names: Sequence[str]) -> tuple[Camera, ...]:
    """The cameras of these names; all if there are none.

    Raises:
        ConfigError: if there is no such camera.
    """
    cameras = config.built_cameras()
    unknown = set(names) - {camera.name for camera in cameras}
    if unknown:
        found = ", ".join(camera.name for camera in cameras)
        raise ConfigError(f"--camera: expected names of {found}; found {', '.join(sorted(unknown))}")
    return tuple(camera for camera in cameras if not names or camera.name in names)


def write_deployment(config: SimulationConfig, cameras: Sequence[Camera], folder: Path) -> Path:
    """Writes `site.yaml` and `pipeline.yaml` for the videos of a simulation; returns the path of the second."""
    names = {camera.name for camera in cameras}
    known = config.known
    site = {
        "name": config.name,
        "overlaps": [list(pair) for pair in known.overlaps if set(pair) <= names],
        "transits": [way.model_dump(mode="json") for way in known.transits if set(way.between) <= names],
        "unnamed_pairs": known.unnamed_pairs,
        "clock_tolerance_s": known.clock_tolerance_s,
        "handover_s": known.handover_s,
        "plan": [
            {"camera": each.name, "at": [each.at[0], -each.at[1]]} for each in config.cameras if each.name in names
        ],
    }
    deployment = {
        "cameras": [
            {
                "name": camera.name,
                "source": str(camera_files(folder.resolve(), camera.name).video),
                "starts_at": (config.starts_at + timedelta(seconds=camera.clock_offset_s)).isoformat(),
            }
            for camera in cameras
        ],
        "site": "site.yaml",
        "detector": {"kind": "network", "model": "passerby-detector"},
        "encoder": {"kind": "network", "model": "passerby-encoder"},
        "tracker": {"kind": "bytetrack", "params": TRACKER},
        "output": {"directory": str(folder.resolve() / "out")},
    }
    _write_yaml(folder / "site.yaml", site)
    _write_yaml(folder / "pipeline.yaml", deployment)
    return folder / "pipeline.yaml"


def _write_yaml(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
