"""The papers' networks in the stream: trained small on simulated people, exported in each precision, run over a shop.

    reid-pipeline simulate-tracklets --out sets/tracklets --persons 300 --cameras 6 --seed 5
    python -m benchmarks.accuracy.papers --out RUNS --data mars=sets/tracklets --start-steps 300 \
        --recipes cosam-tp gltr tkp attributes vrstc-nl --seeds 0
    python -m benchmarks.accuracy.exported_networks --runs RUNS --out FOLDER

Each run's last stage is exported by `reid-export onnx` and `reid-export precision`. The shop is that of the demo, with
people of whom nobody was learnt; detector and tracker are the shipped ones; the gate asks for other people again, and
the threshold is calibrated for each file on their tracklets. What lies in FOLDER already is used again.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.simulated_site import decide_site, embed, other_people, record_site, variants
from pipeline.deployment.simulated import Replaced
from pipeline.scheduling.threads import keep_to_one_thread
from reid_models.training.recipes.catalogue import read_plan

RECIPES = ("cosam-tp", "gltr", "tkp", "attributes", "vrstc-nl")
NOTES = "Trained for minutes on simulated people, to compare formats. Recognises nobody well."
CALIBRATED = "a calibrated one"
PRECISIONS = ("fp32", "fp16", "int8")


def main(argv: Sequence[str]) -> int:
    asked = _parsed(argv)
    if missing := [recipe for recipe in asked.recipes if not (asked.runs / f"{recipe}-seed0").is_dir()]:
        print(f"expected runs of {', '.join(missing)} in {asked.runs}, found none: train them first", file=sys.stderr)
        return 2
    keep_to_one_thread()
    site = record_site(asked.out / "shop", Replaced(seconds=asked.seconds))
    others = other_people(asked.out / "tracklets")
    print("| network | precision | file, MB | demo IDF1 | HOTA |\n|---|---|--:|--:|--:|")
    for recipe in asked.recipes:
        for precision in asked.precisions:
            file = _exported(recipe, precision, others, asked)
            if file is None:
                print(f"| {recipe} | {precision} | | not exported | |", flush=True)
                continue
            embedded = embed(site, None, str(file), asked.out / f"run-{file.stem}")
            chosen = next(
                variant
                for variant in variants(embedded, others, str(file), asked.out / f"{file.stem}.calibration.json")
                if variant.title == CALIBRATED
            )
            idf1, hota, *_ = decide_site(embedded, chosen)
            print(f"| {recipe} | {precision} | {file.stat().st_size / 1e6:.1f} | {idf1} | {hota} |", flush=True)
    return 0


def _exported(recipe: str, precision: str, others: Path, asked: argparse.Namespace) -> Path | None:
    """The file of a recipe's last stage; None: the gate, or the exporter, refused, and said why."""
    file: Path = asked.out / f"{recipe}-{precision}.onnx"
    if file.is_file():
        return file
    if precision == "fp32":
        stage = asked.runs / f"{recipe}-seed0" / read_plan(f"{recipe}-small").stages[-1].name
        words = ["onnx", str(stage), str(file), "--licence", "Apache-2.0", "--notes", NOTES]
    else:
        words = ["precision", str(asked.out / f"{recipe}-fp32.onnx"), "--to", precision, "--out", str(file)]
        words += ["--data", f"mars={others}"]
        words += ["--cosine", str(asked.cosine)] if precision == "int8" and asked.cosine else []
    command = str(Path(sys.executable).parent / "reid-export")
    done = subprocess.run([command, *words], check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr, flush=True)
        return None
    return file


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.exported_networks", description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder of `benchmarks.accuracy.papers`")
    parser.add_argument("--out", type=Path, required=True, help="for the videos, the files and the runs")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES))
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--cosine", type=float, help="in 8 bits, if it is to be closer than the gate asks")
    parser.add_argument("--seconds", type=float, help="to record; replaces what the shop's file says")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
