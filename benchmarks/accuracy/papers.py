"""The papers' ideas laid beside each other on real people, at a size that two cores learn.

    reid-train fit frames --data mars=SIMULATED --out START              # of `reid-pipeline simulate-tracklets`
    python -m benchmarks.accuracy.papers --out RUNS --start START/frames
    python -m benchmarks.accuracy.papers --out OTHERS --start OTHER_START --data mars=SIMULATED

Market-1501's training images as tracklets (`data/reid/market1501_train` of the folder PASSERBY_SHARED, with the labels
of MARS-Attribute for those persons who are in MARS too): 500 persons to learn from, the other 251 to test. One trunk
has learnt from single frames of other people (recipe `frames`); each recipe, at the size of `small`, goes on from it
for the same number of steps, with each of the seeds, and is evaluated by one protocol. What is done stands in RUNS and
is not done again, so that several calls with other rows add to one table. With `--data` the same on another set.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from reid_learning.checkpoint import FILE
from reid_models.training.evaluation.subject import DESCRIBES_NOBODY
from reid_models.training.recipes.catalogue import read_plan
from testing.paths import SHARED

MARKET, LABELS = SHARED / "data/reid/market1501_train", SHARED / "data/reid/mars_attributes/mars_attributes.csv"
CLIPS = "video_to_video"
"""How all are asked. TKP's paper asks by images, which find less: its rows are asked both ways."""
BY_IMAGE = ", asked by images"
TRANSFER = "attribute-transfer"
CLAIMS = (
    ("COSAM on pooled frames", "cosam-tp", "gao-tp"),
    ("GLTR", "gltr", "gltr-baseline"),
    ("TKP, asked by images", f"tkp{BY_IMAGE}", f"tkp-baseline{BY_IMAGE}"),
    ("TKP, asked by clips", "tkp", "tkp-baseline"),
    ("attributes, disentangled", "attributes", "attributes-baseline"),
    ("VRSTC's non-local network", "vrstc-nl", "vrstc-baseline"),
)
"""Of the main five: what a paper adds, and what it says that this is better than."""
MAIN = ("gao-tp", "cosam-tp", "gltr", "tkp", "attributes", "vrstc-nl")
BASELINES = ("tkp-baseline", "attributes-baseline", "vrstc-baseline")
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
    *("gao-image", "cosam-rnn", "cosam-se-tp", "gltr-released", "tkp-f", "tkp-d", "attributes-plain", TRANSFER),
    *("m3d", "csa-flow", "vrstc"),
)
STEPS = 120
DONE = "done"
"""Lies in the folder of a row that need not be run again."""
SHARE = 10
"""The losses of the first and the last tenth of the steps are laid beside each other."""
NOT_LOSSES = ("step", "rate", "rank1", "mean_average_precision")
# Freed memory is kept for the next step, in the place of getting it again page by page.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**33), "MALLOC_TRIM_THRESHOLD_": str(2**34)}


@dataclass(frozen=True, slots=True)
class Row:
    """A recipe with a seed."""

    recipe: str
    seed: int

    def folder(self, runs: Path) -> Path:
        """Of the run."""
        return runs / f"{self.recipe}-seed{self.seed}"

    def is_done(self, runs: Path) -> bool:
        """Whether it has learnt and was evaluated."""
        return (self.folder(runs) / DONE).exists()


def main(argv: Sequence[str]) -> int:
    asked = _parsed(argv)
    if not asked.data and not MARKET.is_dir():
        print(f"expected Market-1501's training images at {MARKET}, found none: set PASSERBY_SHARED", file=sys.stderr)
        return 2
    if not (asked.start / FILE).is_file():
        print(
            f"--start: expected a trained stage in {asked.start}, found none: `reid-train fit frames`", file=sys.stderr
        )
        return 2
    data = asked.data or f"market1501-tracklets={_market(asked.out / 'market')}"
    rows = [Row(recipe, seed) for seed in asked.seeds for recipe in asked.recipes]
    with ThreadPoolExecutor(asked.jobs) as pool:
        for row, words in zip(rows, pool.map(lambda row: _learnt(row, data, asked), rows), strict=True):
            print(f"{row.recipe}, seed {row.seed}: {words}", file=sys.stderr, flush=True)
    print("\n".join(_table(asked.out)))
    return 0 if all(row.is_done(asked.out) for row in rows) else 1


def _market(folder: Path) -> Path:
    """Images and labels in one folder, by links."""
    folder.mkdir(parents=True, exist_ok=True)
    for link, real in ((folder / "bounding_box_train", MARKET), (folder / LABELS.name, LABELS)):
        if not link.is_symlink():
            link.symlink_to(real.resolve())
    return folder


def _learnt(row: Row, data: str, asked: argparse.Namespace) -> str:
    """Learns and asks, as far as that was not done; one line that says what came of it."""
    folder = row.folder(asked.out)
    if row.is_done(asked.out):
        return "done before"
    small = f"{row.recipe}-small"
    labelled = ("--data", asked.labelled) if row.recipe == TRANSFER and asked.labelled else ()
    fit = _call(
        "fit", small, *labelled, "--data", data, "--out", str(folder), "--steps", str(asked.steps),
        "--seed", str(row.seed), "--begin-with", str(asked.start),
    )  # fmt: skip
    if fit.returncode and "steps to go" not in fit.stderr:
        return fit.stderr.strip().splitlines()[-1]
    recognising = [
        stage for stage in read_plan(small).stages if not isinstance(stage.recipe.objective, DESCRIBES_NOBODY)
    ]
    for stage in recognising:
        asks_by_image = stage.recipe.test.matching != CLIPS
        for matching in ((), ("--matching", CLIPS)) if asks_by_image else ((),):
            found = _call("evaluate", str(folder / stage.name), "--data", data, "--protocol", "mars", *matching)
            if found.returncode:
                return found.stderr.strip().splitlines()[-1]
    (folder / DONE).touch()
    return " ".join(line.strip() for line in found.stdout.splitlines() if "R1 " in line or "mAP" in line)


def _table(runs: Path) -> Iterable[str]:
    """Of all that is done: means and standard deviations over the seeds, and whether each claim shows."""
    found: dict[str, dict[int, dict[str, float]]] = defaultdict(dict)
    for path in sorted(runs.glob("*-seed*/*/evaluations/*.json")):
        recipe, _, seed = path.parts[-4].rpartition("-seed")
        is_first = path.parts[-3] == "frames" and recipe.startswith("gltr")
        if not is_first and path.parts[-3] != read_plan(f"{recipe}-small").stages[-1].name:
            continue
        first, last = _losses(path.parents[1])
        scores = {**json.loads(path.read_text())["scores"], "first": first, "last": last}
        asked = "" if path.stem.endswith(CLIPS) else BY_IMAGE
        found[f"{'gltr-baseline' if is_first else recipe}{asked}"][int(seed)] = scores
    yield "| recipe | seeds | loss, first tenth | last tenth | R1 | mAP |\n|---|--:|--:|--:|--:|--:|"
    for recipe, of_seeds in found.items():
        losses = [statistics.mean(scores[name] for scores in of_seeds.values()) for name in ("first", "last")]
        figures = f"{losses[0]:.2f} | {losses[1]:.2f} | {_spread(of_seeds, 'R1')} | {_spread(of_seeds, 'mAP')}"
        yield f"| {recipe} | {len(of_seeds)} | {figures} |"
    yield "\n| what is added | mAP, percentage points | shows |\n|---|--:|---|"
    for name, better, worse in CLAIMS:
        both = sorted(found[better].keys() & found[worse].keys())
        gains = [100 * (found[better][seed]["mAP"] - found[worse][seed]["mAP"]) for seed in both]
        if gains:
            shows = "yes" if min(gains) > 0 else "no" if max(gains) <= 0 else "not by every seed"
            yield f"| {name} | {', '.join(f'{gain:+.1f}' for gain in gains)} | {shows} |"


def _losses(stage: Path) -> tuple[float, float]:
    """All losses of a step together: means over the first and over the last steps of a run."""
    lines = [json.loads(line) for line in (stage / "log.jsonl").read_text().splitlines()]
    sums = [
        sum(value for name, value in line.items() if name not in NOT_LOSSES)
        for line in lines
        if line.keys() - set(NOT_LOSSES)
    ]
    few = max(1, len(sums) // SHARE)
    return statistics.mean(sums[:few]), statistics.mean(sums[-few:])


def _spread(scores: dict[int, dict[str, float]], figure: str) -> str:
    values = [100 * one[figure] for one in scores.values()]
    mean = f"{statistics.mean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean


def _call(*words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **MEMORY, "OMP_NUM_THREADS": "1"}
    return subprocess.run([_reid_train(), *words], check=False, capture_output=True, text=True, env=environment)


def _reid_train() -> str:
    return str(Path(sys.executable).parent / "reid-train")


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.papers", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--data", help="NAME=FOLDER in the place of Market-1501, see `reid-train data`")
    parser.add_argument("--labelled", help=f"NAME=FOLDER of a set with attributes, from which {TRANSFER} takes them")
    parser.add_argument("--start", type=Path, required=True, help="folder of the stage that all begin with")
    parser.add_argument("--recipes", nargs="+", default=[*MAIN, *BASELINES])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=STEPS, help="of each row's stages")
    parser.add_argument("--jobs", type=int, default=2, help="rows at a time, each on one core")
    parser.epilog = f"other recipes: {', '.join(OTHERS)}"
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
