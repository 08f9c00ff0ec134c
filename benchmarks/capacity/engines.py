"""Every network of the catalogue as an engine of TensorRT-RTX, in single and half precision and in 8 bits: what builds,
and what the parser or the builder refuses, in its own words.

    python -m benchmarks.capacity.engines                          all: some minutes a network, most of it not the build
    python -m benchmarks.capacity.engines cosam-resnet50 yolox     these
    python -m benchmarks.capacity.engines --small                  on EfficientNet-lite0 and crops of 128 x 64
    python -m benchmarks.capacity.engines --keep FOLDER            what is there already is not made again
    python -m benchmarks.capacity.engines --write                  the rows into docs/engines.md, each when it is done

The weights are random numbers: they say nothing of accuracy, and of the build as much as any. TensorRT-RTX builds
without a GPU; nothing here says how fast an engine is. Each step is a process of its own,
and half precision and 8 bits are made without the gate of `reid-export precision`: random weights have nothing to lose.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from export.gpu_report.steps import EXPORT, Done, Step, run_step
from reid_models.architectures.catalogue import CATALOGUE
from testing.paths import ROOT

DOCUMENT = ROOT / "docs" / "engines.md"
BEGIN = "<!-- python -m benchmarks.capacity.engines --write -->"
END = "<!-- end of the table -->"
HEAD = "| network | precision | ONNX, MiB | engine, MiB | build, s | refused |\n|---|---|--:|--:|--:|---|"
PRECISIONS = "fp32", "fp16", "int8"
MIB = 1 << 20
MOST_S = 1800
SMALL = "--trunk", "efficientnet_lite0", "--height", "128", "--width", "64"
"""What `--small` asks of the exporter."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity.engines")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the catalogue; none: all of them")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="for the networks and engines; else they are removed"
    )
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--small", action="store_true", help="other trunks and smaller crops than the papers'")
    parser.add_argument("--write", action="store_true", help="put the rows into the table of docs/engines.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(CATALOGUE):
        parser.error(f"expected names of {', '.join(CATALOGUE)}; found {', '.join(sorted(unknown))}")
    print(HEAD)
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.names or CATALOGUE:
            # Whose trunk is part of the paper keeps it.
            small = SMALL if arguments.small and CATALOGUE[name].small_depths is not None else ()
            for precision in arguments.precisions:
                found = row(name, precision, folder, small)
                print(found, flush=True)
                if arguments.write:
                    write(DOCUMENT, f"{titled(name, small)} | {precision}", found)
    return 0


def titled(name: str, small: Sequence[str]) -> str:
    """As a network stands in the table."""
    return f"{name}, small" if small else name


def row(name: str, precision: str, folder: Path, small: Sequence[str]) -> str:
    """Makes what is missing, step by step, until one is refused."""
    file, engine = folder / f"{name}-{precision}.onnx", folder / f"{name}-{precision}.engine"
    title = titled(name, small)
    for step in steps(name, precision, folder, small):
        if (done := run_step(step, left_s=MOST_S)).fault:
            return cells(title, precision, file, None, done)
    done = run_step(build_step(file, engine), left_s=MOST_S)
    return cells(title, precision, file, engine, done)


def steps(name: str, precision: str, folder: Path, small: Sequence[str]) -> list[Step]:
    """Those before the build whose files are not there yet."""
    single, file = folder / f"{name}-fp32.onnx", folder / f"{name}-{precision}.onnx"
    found = []
    if not single.is_file():
        found.append(Step("export", (*EXPORT, "onnx", str(single), "--network", name, *small), MOST_S))
    if file != single and not file.is_file():
        command = (sys.executable, "-m", "benchmarks.capacity.lower_ungated", str(single), str(file), precision)
        found.append(Step("precision", command, MOST_S))
    return found


def build_step(file: Path, engine: Path) -> Step:
    return Step("build", (*EXPORT, "engine", str(file), str(engine), "--for", "tensorrt-rtx"), MOST_S)


def cells(name: str, precision: str, file: Path, engine: Path | None, done: Done) -> str:
    sizes = [f"{path.stat().st_size / MIB:.1f}" if path and path.is_file() else "" for path in (file, engine)]
    took = f"{done.seconds:.0f}" if done.is_good and engine else ""
    words = "" if done.is_good else " ".join(done.fault.split()).replace("|", "\\|")
    return f"| {name} | {precision} | {sizes[0]} | {sizes[1]} | {took} | {words} |"


def write(document: Path, key: str, found: str) -> None:
    """Puts a row into the table, in the place of the one of that network and precision."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    known = {
        " | ".join(cell.strip() for cell in line.split("|")[1:3]): line for line in table.splitlines() if "|" in line
    }
    known[key] = found
    titles = [title for name in CATALOGUE for title in (name, titled(name, SMALL))]
    keys = [f"{title} | {precision}" for title in titles for precision in PRECISIONS]
    rows = [known[each] for each in keys if each in known]
    document.write_text("\n".join([f"{before}{BEGIN}", HEAD, *rows, f"{END}{after}"]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
