"""The papers' networks in the stream: trained small on simulated people, exported in each precision, run over a shop.

    reid-pipeline simulate-tracklets --out sets/few --persons 120 --cameras 6 --seed 6
    python -m benchmarks.accuracy.papers --out RUNS --start START/frames --data mars=sets/few --seeds 0 \
        --recipes cosam-tp gltr tkp attributes vrstc-nl     # START: see that benchmark
    python -m benchmarks.accuracy.exported_networks --runs RUNS --out FOLDER

Each run's last stage is exported by `reid-export onnx` and `reid-export precision`. The shop is that of the demo, with
people of whom nobody was learnt; detector and tracker are the shipped ones; the gate asks for other people again, and
the threshold is calibrated for each file on their tracklets. Scores are means over nine thresholds up to 0.1 below and
above that one. What lies in FOLDER already is used again.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.accuracy.simulated_site import Embedded, Variant, decided, embed, other_people, record_site, variants
from pipeline.deployment.simulated import Replaced
from pipeline.matching.calibration import read_calibration, write_calibration
from pipeline.scheduling.threads import keep_to_one_thread
from reid_models.training.recipes.catalogue import read_plan

RECIPES = ("cosam-tp", "gltr", "tkp", "attributes", "vrstc-nl")
NOTES = "Trained for minutes on simulated people, to compare formats. Recognises nobody well."
CALIBRATED = "a calibrated one"
PRECISIONS = ("fp32", "fp16", "int8")
SHIFTS = tuple(step / 40 for step in range(-4, 5))
"""Of the calibrated threshold: a single one moves IDF1 by points when one long track falls to the other side of it, and
the last digits of a network decide which."""


def main(argv: Sequence[str]) -> int:
    asked = _parsed(argv)
    if missing := [recipe for recipe in asked.recipes if not (asked.runs / f"{recipe}-seed0").is_dir()]:
        print(f"expected runs of {', '.join(missing)} in {asked.runs}, found none: train them first", file=sys.stderr)
        return 2
    keep_to_one_thread()
    site = record_site(asked.out / "shop", Replaced(seconds=asked.seconds))
    others = other_people(asked.out / "tracklets")
    print("| network | precision | file, MB | demo IDF1 | HOTA | IDF1 at the threshold |\n|---|---|--:|--:|--:|--:|")
    for recipe in asked.recipes:
        for precision in asked.precisions:
            file = _exported(recipe, precision, others, asked)
            if file is None:
                print(f"| {recipe} | {precision} | | not exported | | |", flush=True)
                continue
            embedded = embed(site, None, str(file), asked.out / f"run-{file.stem}")
            calibration = asked.out / f"{file.stem}.calibration.json"
            chosen = next(
                variant for variant in variants(embedded, others, str(file), calibration) if variant.title == CALIBRATED
            )
            cells = f"{file.stat().st_size / 1e6:.1f} | {' | '.join(_scores(embedded, chosen, calibration))}"
            print(f"| {recipe} | {precision} | {cells} |", flush=True)
    return 0


def _scores(embedded: Embedded, chosen: Variant, calibration: Path) -> Iterator[str]:
    """IDF1 and HOTA, means over the thresholds about the calibrated one; and IDF1 at that one."""
    known = read_calibration(calibration, model_id=embedded.encoder.model_id)
    shifted = calibration.with_suffix(".shifted.json")
    matching = chosen.matching.model_copy(update={"calibration": shifted})
    found = []
    for shift in SHIFTS:
        threshold = min(1.0, known.overall.threshold + shift)
        overall = known.overall.model_copy(update={"threshold": threshold})
        write_calibration(shifted, known.model_copy(update={"overall": overall}))
        found.append(decided(embedded, replace(chosen, matching=matching))[0].across)
    yield f"{statistics.mean(one.idf1 for one in found):.1%}"
    yield f"{statistics.mean(one.hota for one in found):.1%}"
    yield f"{found[len(found) // 2].idf1:.1%}"


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
