"""The papers' ideas laid beside each other on real people, at a size that two cores learn.

    python -m benchmarks.accuracy.papers --out RUNS

Market-1501's training images as tracklets (`data/reid/market1501_train` of the folder PASSERBY_SHARED): 500 persons to
learn from, the other 251 to test. One trunk learns from single frames (recipe `frames`); then each recipe, at the size
of `small`, goes on from it for the same number of steps, with each of the seeds, and is evaluated. What is done stands
in RUNS and is not done again. The table is that of `reid-train results --runs RUNS`.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from testing.paths import SHARED

DATA = f"market1501-tracklets={SHARED / 'data/reid/market1501_train'}"
MAIN = ("gao-tp", "cosam-tp", "gltr-baseline", "gltr", "tkp-baseline", "tkp", "vrstc-baseline", "vrstc-nl")
OTHERS = (
    "gao-ta",
    "gao-rnn",
    "cosam-ta",
    "gltr-dtp",
    "gltr-tsa",
    "csa",
    "stmp",
    "m3d-temporal",
    "sta",
    "ap3d",
    "modern",
)
STEPS = 200
START = "frames"


@dataclass(frozen=True, slots=True)
class Row:
    """A recipe with a seed."""

    recipe: str
    seed: int

    def folder(self, runs: Path) -> Path:
        """Of the run."""
        return runs / f"{self.recipe}-seed{self.seed}"


def main(argv: Sequence[str]) -> int:
    asked = _parsed(argv)
    start = asked.start or _started(asked.out)
    rows = [Row(recipe, seed) for seed in asked.seeds for recipe in asked.recipes]
    with ThreadPoolExecutor(asked.jobs) as pool:
        for row, words in zip(rows, pool.map(lambda row: _learnt(row, start, asked), rows), strict=True):
            print(f"{row.recipe}, seed {row.seed}: {words}", flush=True)
    return subprocess.run([_reid_train(), "results", "--runs", str(asked.out)], check=False).returncode


def _started(runs: Path) -> Path:
    """The stage that all rows begin with."""
    folder = runs / START
    if not (folder / START / "done").exists():
        found = _call("fit", START, "--data", DATA, "--out", str(folder))
        if found.returncode and "steps to go" not in found.stderr:
            sys.exit(found.stderr.strip().splitlines()[-1])
        (folder / START / "done").touch()
    return folder / START


def _learnt(row: Row, start: Path, asked: argparse.Namespace) -> str:
    """Learns and asks, as far as that was not done; the line of its scores."""
    folder = row.folder(asked.out)
    done = folder / "done"
    if not done.exists():
        small = f"{row.recipe}-small"
        fit = _call(
            "fit", small, "--data", DATA, "--out", str(folder), "--steps", str(asked.steps),
            "--seed", str(row.seed), "--begin-with", str(start),
        )  # fmt: skip
        if fit.returncode and "steps to go" not in fit.stderr:
            return fit.stderr.strip().splitlines()[-1]
        stage = next(_last_stages(row, folder))
        found = _call("evaluate", str(stage), "--data", DATA, "--protocol", "mars")
        if found.returncode:
            return found.stderr.strip().splitlines()[-1]
        done.write_text(found.stdout)
    return " ".join(line.strip() for line in done.read_text().splitlines() if "R1 " in line or "mAP" in line)


def _last_stages(row: Row, folder: Path) -> Iterator[Path]:
    """Of a recipe's stages the one whose network is the result."""
    from reid_models.training.recipes.catalogue import read_plan

    yield folder / read_plan(f"{row.recipe}-small").stages[-1].name


def _call(*words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run([_reid_train(), *words], check=False, capture_output=True, text=True, env=environment)


def _reid_train() -> str:
    return str(Path(sys.executable).parent / "reid-train")


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.papers", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--start", type=Path, help="a stage's folder to begin with, if not one that is trained first")
    parser.add_argument("--recipes", nargs="+", default=[*MAIN, *OTHERS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="of each row's stages")
    parser.add_argument("--jobs", type=int, default=2, help="rows at a time, each on one core")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
