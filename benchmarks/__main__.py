"""Runs the benchmarks one after the other, each in a process of its own; goes on after one that fails.

python -m benchmarks                    all of them
python -m benchmarks decode trackers    these
python -m benchmarks --list             what there is
"""

import argparse
import subprocess
import sys

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "decode": ("speed.decode",),
    "detectors": ("accuracy.detectors",),
    "encoders": ("accuracy.encoders",),
    "networks": ("speed.networks",),
    "export": ("accuracy.export",),
    "processors": ("speed.processors",),
    "ranking": ("speed.ranking",),
    "trackers": ("accuracy.trackers",),
    "pets": ("accuracy.pets",),
    "overhead": ("speed.pipeline", "overhead"),
    "memory": ("speed.pipeline", "memory"),
    "matching": ("matching.throughput",),
    "search": ("matching.search",),
    "growth": ("matching.growth",),
    "hour": ("matching.hour",),
    "scaling": ("capacity.scaling",),
    "mars": ("capacity.mars",),
    "load": ("matching.simulated_load",),
    "simulation": ("speed.simulation",),
    "report": ("view.report",),
    "watching": ("view.watching",),
    "streams": ("view.streams",),
}
"""By name: the module, and what to say to it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; none: all of them")
    parser.add_argument("--list", action="store_true", help="print the commands, run nothing")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"expected names of {', '.join(BENCHMARKS)}; found {', '.join(sorted(unknown))}")
    chosen = arguments.names or list(BENCHMARKS)
    if arguments.list:
        print("\n".join(f"{name}: python -m benchmarks.{' '.join(BENCHMARKS[name])}" for name in chosen))
        return 0
    failed = [name for name in chosen if run(name)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run(name: str) -> int:
    """Returns the exit code."""
    print(f"\n## {name}\n", flush=True)
    module, *options = BENCHMARKS[name]
    return subprocess.run([sys.executable, "-m", f"benchmarks.{module}", *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
