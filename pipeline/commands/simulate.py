"""`reid-pipeline simulate`: a site with known truth as videos, truth, and a configuration that `run` takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from pipeline.commands.rendering import Tell, render_all
from pipeline.commands.stopping import StopSignal
from pipeline.deployment.simulated import Replaced, SimulationConfig, chosen_cameras, load_simulation, write_deployment
from reid_simulation.output.recording import frames_of, record
from reid_simulation.output.truth import write_floor, write_identities
from reid_simulation.seams.cameras import Camera
from reid_simulation.world.cast import Cast
from reid_simulation.world.site import SimulatedSite

FLOOR_HZ = 10


@dataclass(frozen=True, slots=True)
class _Recording:
    site: SimulatedSite
    camera: Camera
    out: Path


def simulate(path: Path, out: Path, replaced: Replaced, names: Sequence[str], stop: StopSignal) -> int:
    """Writes a simulated site, and says where; returns the exit code."""
    config = load_simulation(path, replaced)
    cameras = chosen_cameras(config, names)
    deployment = write_simulation(config, cameras, out, Console(stderr=True, highlight=False), stop)
    Console(highlight=False).print(f"{deployment}\n{out / 'truth'}", soft_wrap=True)
    return 0


def write_simulation(
    config: SimulationConfig, cameras: Sequence[Camera], out: Path, console: Console, stop: StopSignal
) -> Path:
    """Records all cameras, as many at once as there are cores, and writes what is true; returns `pipeline.yaml`.

    Raises:
        RenderingStoppedError: if `stop` was set.
    """
    out.mkdir(parents=True, exist_ok=True)
    largest_first = sorted(cameras, key=lambda camera: -camera.fps * camera.width * camera.height)
    recordings = [_Recording(config, camera, out) for camera in largest_first]
    totals = {camera.name: frames_of(camera, config.duration_s) for camera in cameras}
    render_all(_record, recordings, totals, console, stop, meanwhile=partial(_write_people, config, out))
    return write_deployment(config, cameras, out)


def _record(recording: _Recording, tell: Tell) -> None:
    cast, camera = Cast(recording.site), recording.camera
    record(
        recording.site,
        camera,
        cast.scenario(),
        cast.figure,
        recording.out,
        observers=[lambda frame: tell(frame.camera)],
    )


def _write_people(site: SimulatedSite, out: Path) -> None:
    """Who was where, and who everybody is."""
    cast = Cast(site)
    scenario = cast.scenario()
    moments = [scenario.stances(k / FLOOR_HZ) for k in range(round(site.duration_s * FLOOR_HZ))]
    write_floor(out / "floor.csv", moments)
    numbers = sorted({stance.person for stances in moments for stance in stances})
    write_identities(out / "identities.json", [(cast.identity(number), cast.labels(number)) for number in numbers])
