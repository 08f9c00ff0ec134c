"""Renders frames of simulated people, and trains the small person detector on them.

python -m detectors.training render FOLDER --seed 1
python -m detectors.training run FOLDER... --out RUN
"""

import argparse
import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console

from detectors.training.frames import FrameSet, write_frames
from detectors.training.simulated import label_frames
from detectors.training.train import small_person_detector, train
from reid_runtime.faults import exit_code, in_one_line
from reid_simulation.output.scatter import ScatterParams, anybody, scattered_frames

PERSONS = 100


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m detectors.training")
    commands = parser.add_subparsers(dest="command", required=True)
    render = commands.add_parser("render", help="frames of simulated people")
    render.add_argument("folder", type=Path)
    render.add_argument("--frames", type=_positive, default=1000)
    render.add_argument("--cameras", type=_positive, default=40)
    render.add_argument("--seed", type=int, default=0)
    run = commands.add_parser("run", help="train; a run that was stopped goes on")
    run.add_argument("folders", type=Path, nargs="+")
    run.add_argument("--out", type=Path, required=True)
    run.add_argument("--steps", type=_positive, help="if not those of the recipe")
    run.add_argument("--threads", type=_positive, default=1)
    arguments = parser.parse_args()
    console = Console(stderr=True, highlight=False)
    try:
        return _render(arguments, console) if arguments.command == "render" else _run(arguments, console)
    except Exception as error:
        if (code := exit_code(error)) is None:
            raise
        console.print(f"detectors.training: {in_one_line(error)}", markup=False, soft_wrap=True)
        return code


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {number}")
    return number


def _render(arguments: argparse.Namespace, console: Console) -> int:
    params = ScatterParams(
        cameras=arguments.cameras,
        frames=-(-arguments.frames // arguments.cameras),
        group=PERSONS,
        most_people=25,
        least_px=26.0,
        rooms=0.6,
        seed=arguments.seed,
    )
    everybody = np.arange(1, PERSONS + 1, dtype=np.int64)
    frames = (frame for _, frame in scattered_frames(anybody(arguments.seed), everybody, params))
    count = write_frames(
        arguments.folder, label_frames(islice(frames, arguments.frames)), trained_on="simulated people"
    )
    console.print(f"{count} frames: {arguments.folder}")
    return 0


def _run(arguments: argparse.Namespace, console: Console) -> int:
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    recipe = small_person_detector(steps=arguments.steps)
    train(recipe, FrameSet(arguments.folders), arguments.out, console=console)
    console.print(f"{recipe.loop.steps} steps: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
