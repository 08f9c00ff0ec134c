"""`reid-pipeline simulate`: a site with known truth as films, truth, and a configuration that `run` takes."""

import os
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from queue import Queue

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.simulating import SimulationConfig, chosen_cameras, load_simulation, write_deployment
from simulation.cameras import Camera
from simulation.cast import Cast
from simulation.recording import frames_of, record
from simulation.site import SimulatedSite
from simulation.truth import write_floor, write_identities

FLOOR_HZ = 10
LOOK_S = 0.2
"""Between two looks at the progress."""


def simulate(path: Path, out: Path, *, seconds: float | None, seed: int | None, names: Sequence[str]) -> int:
    """Writes a simulated site, and says where; returns the exit code."""
    config = load_simulation(path, seconds=seconds, seed=seed)
    cameras = chosen_cameras(config, names)
    deployment = write_simulation(config, cameras, out, Console(stderr=True, highlight=False))
    Console(highlight=False).print(f"{deployment}\n{out / 'truth'}", soft_wrap=True)
    return 0


def write_simulation(config: SimulationConfig, cameras: Sequence[Camera], out: Path, talk: Console) -> Path:
    """Films all cameras, as many at once as there are cores, and writes what is true; returns `pipeline.yaml`."""
    out.mkdir(parents=True, exist_ok=True)
    processes = get_context("spawn")
    bars = Progress(
        TextColumn("filming {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=talk,
        disable=not talk.is_terminal,
    )
    tasks = {camera.name: bars.add_task(camera.name, total=frames_of(camera, config.duration_s)) for camera in cameras}
    at_once = min(len(cameras), os.cpu_count() or 1)
    # The largest first, so that none of them is left for the end, when the other cores have nothing to do.
    largest_first = sorted(cameras, key=lambda camera: -camera.fps * camera.width * camera.height)
    with bars, processes.Manager() as manager, ProcessPoolExecutor(at_once, processes) as pool:
        told = manager.Queue()
        films = [pool.submit(_film, config, camera, out, told) for camera in largest_first]
        try:
            _write_people(config, out)
            is_done = False
            while not is_done:
                is_done = _are_done(films)
                for _ in range(told.qsize()):
                    bars.advance(tasks[told.get()])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return write_deployment(config, cameras, out)


def _film(site: SimulatedSite, camera: Camera, out: Path, told: "Queue[str]") -> None:
    """In a process of its own; tells the name of the camera with each picture."""
    cv2.setNumThreads(1)
    cast = Cast(site)
    record(site, camera, cast.scenario(), cast.figure, out, on_frame=lambda: told.put(camera.name))


def _write_people(site: SimulatedSite, out: Path) -> None:
    """Who was where, and who everybody is."""
    cast = Cast(site)
    scenario = cast.scenario()
    moments = [scenario.stances(k / FLOOR_HZ) for k in range(round(site.duration_s * FLOOR_HZ))]
    write_floor(out / "floor.csv", moments)
    numbers = sorted({stance.person for stances in moments for stance in stances})
    write_identities(out / "identities.json", [(cast.identity(number), cast.labels(number)) for number in numbers])


def _are_done(films: Sequence[Future[None]]) -> bool:
    """Whether all have ended; raises what one of them raised."""
    done, waiting = wait(films, timeout=LOOK_S, return_when=FIRST_EXCEPTION)
    for film in done:
        film.result()
    return not waiting
