"""Every network of the catalogue on one of its paper's clips: size, arithmetic, time and memory, beside its bare trunk.

    python -m benchmarks.speed.networks                           the table, without torch.compile: a few minutes
    python -m benchmarks.speed.networks --compile                 with it: about a minute a network
    python -m benchmarks.speed.networks gltr-released-resnet50    these rows only
    python -m benchmarks.speed.networks --compile --write         the rows into docs/models.md, each when it is done

Times are processor time on one thread, best of the rounds, network, trunk and compiled network taking turns; each
network has a process of its own. Arithmetic is counted, not timed: a multiplication and an addition are two, and only
convolutions and products of matrices count. "Added" is what the network does on top of its trunk, as a share of what
the trunk does: where time grows by much more than arithmetic, a layer is slow.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict

from benchmarks.speed.network_costs import MEGA, Size, Times, size_of, times_of
from benchmarks.speed.tables import Page, put_row
from reid_models.architectures.catalogue import CATALOGUE
from testing.paths import ROOT

HEAD = (
    "| network | clip | parameters, M | GFLOP | D | eager, ms | compiled, ms | trunk, ms | added GFLOP | added time | "
    "peak, MiB |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)
PAGE = Page(ROOT / "docs" / "models.md", "<!-- python -m benchmarks.speed.networks --compile --write -->", HEAD)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.networks")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the catalogue; none: all of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="measure torch.compile too")
    parser.add_argument("--write", action="store_true", help="put the rows into the table of docs/models.md")
    parser.add_argument("--one", action="store_true", help="print the times of one network as JSON")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(CATALOGUE)
    if unknown:
        parser.error(f"expected names of {', '.join(CATALOGUE)}; found {', '.join(sorted(unknown))}")
    if arguments.one:
        times = times_of(arguments.names[0], rounds=arguments.rounds, is_compiled=arguments.compile)
        print(json.dumps(asdict(times)))
        return 0
    print(HEAD)
    for name in arguments.names or CATALOGUE:
        found = row(name, size_of(name), measure(name, arguments))
        print(found, flush=True)
        if arguments.write:
            put_row(PAGE, name, found, order=CATALOGUE)
    return 0


def measure(name: str, arguments: argparse.Namespace) -> Times:
    command = [sys.executable, "-m", "benchmarks.speed.networks", "--one", name, "--rounds", str(arguments.rounds)]
    if arguments.compile:
        command.append("--compile")
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Times(**json.loads(done.stdout.splitlines()[-1]))


def row(name: str, size: Size, times: Times) -> str:
    clip = CATALOGUE[name].clip
    added_time = times.eager_ms / times.trunk_ms - 1
    cells = (
        name,
        f"{clip.frames} x {clip.height} x {clip.width}",
        count_size(size),
        f"{times.eager_ms:.0f}",
        "" if times.compiled_ms is None else f"{times.compiled_ms:.0f}",
        f"{times.trunk_ms:.0f}",
        f"{size.gflop / size.trunk_gflop - 1:+.1%}",
        f"{added_time:+.1%}",
        f"{times.peak_mib:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def count_size(size: Size) -> str:
    """The cells that no machine changes."""
    return f"{size.parameters / MEGA:.3f} | {size.gflop:.2f} | {size.embedding}"


if __name__ == "__main__":
    sys.exit(main())
