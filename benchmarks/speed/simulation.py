"""How fast people are drawn: frames of one camera on one core, and training crops from two processes.

    python -m benchmarks.speed.simulation

The camera: 1280x720, ten people who walk through a shop at 4 to 14 metres, everything included from the pose to the
noise of the sensor. The crops: 256x128, 24 people before 6 of 12 cameras each, 8 crops of every passage; figures,
textures and disturbances included, backgrounds of the cameras before. Median of five rounds; processor time is what
the kernel counted, and says on a busy machine what time alone would not.
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.speed.one_thread import in_one_thread
from reid_simulation.output.crops import CropParams, Studio
from reid_simulation.people.figure import Figure
from reid_simulation.people.people import Population
from reid_simulation.render.render import Figures, Renderer
from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.scene import Box, Light, Scene
from reid_simulation.seams.stance import Stance

ROUNDS = 5
FRAMES = 25
PEOPLE = 10
PROCESSES = 2
PERSONS, CAMERAS_EACH, CROPS_EACH = 24, 6, 8
FRAMES_AIM, CROPS_AIM = 25.0, 300.0
SHOP = Scene(
    floor="tiles",
    boxes=(
        Box(10, -5, 24, 0.2, 3.2),
        Box(10, 5, 24, 0.2, 3.2, material="brick", colour=(150, 90, 70)),
        Box(20, 0, 0.2, 10, 3.2, material="glass", colour=(120, 140, 150)),
        Box(9, 3, 5, 0.8, 1.7, material="shelves"),
        Box(12, -3, 0.4, 0.4, 3.2, is_round=True),
    ),
    light=Light(elevation=1.2, sun=0.5, ambient=0.5),
)
CAMERA = Camera("bench", 0.0, 0.0, 3.0, pan=0.0, tilt=0.25, fov=1.2, k1=-0.08)


def main() -> None:
    in_one_thread("benchmarks.speed.simulation")
    cv2.setNumThreads(1)
    print("| what | per second | per second of processor | aim | ratio |")
    print("|---|---:|---:|---:|---:|")
    wall_s, busy_s = frame_times()
    report("frames, 1280x720, ten people, one core", 1 / wall_s, 1 / busy_s, FRAMES_AIM)
    wall_s, busy_s = crop_times()
    report("crops, 256x128, two processes", 1 / wall_s, PROCESSES / busy_s, CROPS_AIM)


def report(what: str, rate: float, busy_rate: float, aim: float) -> None:
    print(f"| {what} | {rate:.1f} | {busy_rate:.1f} | {aim:.0f} | {rate / aim:.2f} |")


def figures() -> Figures:
    population = Population(1, style="any")
    return lambda number, detail: Figure(population.identity(number), detail)


def frame_times() -> tuple[float, float]:
    """Seconds a frame, and of the processor."""
    renderer = Renderer(CAMERA, SHOP, figures())
    renderer.frame(walkers(0.0), 0.0)

    def frames() -> None:
        for number in range(FRAMES):
            renderer.frame(walkers(number / CAMERA.fps), number / CAMERA.fps)

    wall_s, busy_s = time_work(frames)
    return wall_s / FRAMES, busy_s / FRAMES


def walkers(time_s: float) -> list[Stance]:
    """Ten people side by side and behind each other, who all walk."""
    stances = []
    for person in range(1, PEOPLE + 1):
        x_m, y_m = 4.0 + 1.1 * (person - 1), 1.1 * ((person * 2) % 5 - 2) * (0.6 + 0.05 * person)
        heading = 2.4 * person
        walked_m = 1.3 * time_s
        place = (x_m + walked_m * np.cos(heading) * 0.3, y_m + walked_m * np.sin(heading) * 0.3)
        stances.append(Stance(person, *place, heading, walked_m, 1.3, "walk", time_s))
    return stances


def crop_times() -> tuple[float, float]:
    """Seconds a crop with all processes at work, and of one processor."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        rounds = pool.map(crop_rounds, range(PROCESSES))
    wall_s = statistics.mean(wall for wall, _ in rounds) / PROCESSES
    return wall_s, statistics.mean(busy for _, busy in rounds)


def crop_rounds(number: int) -> tuple[float, float]:
    """Seconds a crop in this process, and of its processor."""
    cv2.setNumThreads(1)
    params = CropParams(cameras=12, seed=number)
    studio = Studio(figures(), params)
    rng = np.random.default_rng(number)
    persons = iter(range(1, 1 << 30))
    for camera in range(params.cameras):
        studio.tracklet(rng, next(persons), camera=camera)
    counts: list[int] = []

    def crops() -> None:
        made = 0
        group = [next(persons) for _ in range(PERSONS)]
        for person in group:
            for camera in rng.choice(params.cameras, CAMERAS_EACH, replace=False):
                made += len(studio.tracklet(rng, person, camera=int(camera), count=CROPS_EACH, others=group))
        counts.append(made)

    wall_s, busy_s = time_work(crops)
    each = statistics.mean(counts)
    return wall_s / each, busy_s / each


def time_work(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and of the processor: medians of some rounds."""
    walls, busy = [], []
    for _ in range(ROUNDS):
        start, start_busy = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - start)
        busy.append(time.process_time() - start_busy)
    return statistics.median(walls), statistics.median(busy)


if __name__ == "__main__":
    main()
