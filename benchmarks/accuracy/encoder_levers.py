"""What each lever of the shipped encoder brings: short runs on simulated people that differ in one of them.

    reid-train render sets/people --persons 2000 --first 20001 --cameras 96 --seed 61
    python -m benchmarks.accuracy.encoder_levers --set sets/people --out RUNS

Asked are real people of whom nothing was learnt: Market-1501's training images without those who are in
`mars_query_half` (`data/reid` of the folder PASSERBY_SHARED), so that what is chosen by these figures can be reported
on MARS. What is done stands in RUNS and is not done again.
"""

import argparse
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from testing.paths import SHARED

MARKET, MARS = SHARED / "data/reid/market1501_train", SHARED / "data/reid/mars_query_half/bbox_test"
NAME = re.compile(r"(\d{4})_c(\d)s(\d)_(\d{6})_(\d{2})\.jpg")
SIZES = "feed.sizes=[{until: 1.0, height: 96, width: 48}]"
"""Half of the time of 128 x 64."""
HARDER = (
    "feed.augment.swap=0.8",
    "feed.augment.wild=0.12",
    "feed.augment.effects.light=0.4",
    "feed.augment.effects.gain=0.35",
    "feed.augment.effects.cast=0.18",
)
LEVERS: dict[str, tuple[str, ...]] = {
    "all": (),
    "a quarter of the rate": ("loop.optimiser.rate=0.0005",),
    "no contrast, whole triplets": ("objective.contrast=0.0", "objective.triplet=1.0"),
    "pooled whole, without stripes": ("network.name=pooling-neck-se-resnet50",),
    "no ImageNet": ("network.weights=null",),
    "crops changed as compact's": HARDER,
    "hard pairs": ("feed.sampler.kind=graph",),
    "cameras not balanced": ("feed.sampler.by_camera=false",),
    "classifier at random": ("classifier=random",),
    "instance norm": ("network.trunk.instance_stages=[1, 2]",),
}


def main(argv: Sequence[str]) -> int:
    asked = _parsed(argv)
    if not MARKET.is_dir() or not MARS.is_dir():
        print(f"expected Market-1501's images and MARS's at {MARKET} and {MARS}, found none: set PASSERBY_SHARED")
        return 2
    people = choice_set(asked.out / "choice", asked.persons)
    print(f"| {'recipe `encoder`, but':28} | R1 | mAP |\n|---|--:|--:|")
    for name in asked.levers:
        print(f"| {name:28} | {' | '.join(_learnt(name, people, asked))} |", flush=True)
    return 0


def choice_set(folder: Path, persons: int) -> Path:
    """Links to so many persons' images, as tracklets of a person, camera and sequence in MARS's layout."""
    seen = {path.name for path in MARS.iterdir()}
    files = defaultdict(list)
    for path in sorted(MARKET.rglob("*.jpg")):
        if (match := NAME.fullmatch(path.name)) and match[1] not in seen:
            files[match[1]].append((path, match))
    for person in sorted(files)[:persons]:
        (folder / person).mkdir(parents=True, exist_ok=True)
        for path, match in files[person]:
            link = folder / person / f"{person}C{match[2]}T{match[3]}F{match[4]}.jpg"
            if not link.is_symlink():
                link.symlink_to(path.resolve())
    return folder


def _learnt(name: str, people: Path, asked: argparse.Namespace) -> list[str]:
    folder = asked.out / re.sub(r"\W+", "-", name)
    changes = [word for change in (SIZES, *LEVERS[name]) for word in ("--set", change)]
    fit = _call("fit", "encoder", "--data", str(asked.set), "--out", str(folder), "--steps", str(asked.steps), *changes)
    if fit.returncode and "steps to go" not in fit.stderr:
        sys.exit(fit.stderr.strip().splitlines()[-1])
    found = _call("evaluate", str(folder / "crops"), "--data", f"folder={people}", "--protocol", "mars")
    if found.returncode:
        sys.exit(found.stderr.strip().splitlines()[-1])
    return [found.stdout.split(figure)[1].split("│")[1].strip() for figure in ("R1 ", "mAP ")]


def _call(*words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = str(Path(sys.executable).parent / "reid-train")
    return subprocess.run([command, *words], check=False, capture_output=True, text=True, env=environment)


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.encoder_levers", description=__doc__)
    parser.add_argument("--set", type=Path, required=True, help="folder of crops that `reid-train render` wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--persons", type=int, default=200, help="of Market-1501 who are asked")
    parser.add_argument("--levers", nargs="+", choices=list(LEVERS), default=list(LEVERS))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
