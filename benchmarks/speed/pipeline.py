"""What the pipeline costs beside its networks, and whether its memory grows.

  python -m benchmarks.speed.pipeline overhead [--cameras 1 4] [--frames 300] [--rounds 5] [--tiles 3 2] [--provider P]
  python -m benchmarks.speed.pipeline memory [--minutes 20]

Both run PETS2009 S2.L1, views 1 and 6 by turns, of the folder PASSERBY_SHARED (by default ../shared), with the default
networks, which must be at hand (`reid-pipeline fetch yolox-nano`, `reid-pipeline fetch osnet-x0-25-msmt17`).

Overhead: for 1 and 4 cameras the whole pipeline as `reid-pipeline run` runs it, in as many processes as there are cores
for, once its networks are loaded; then the same calls of detector and encoder alone, in one process, from as many
threads, each in the order in which it made them, as fast as it can; then only the passes through the networks, on
inputs that are ready. They take turns for several rounds; the ratio of each round is networks over whole, and the limit
is 0.9. Seconds of all cores stand beside those of the wall, because they say the same on a busy machine. The second
table is where the cores' time goes: each stage alone, one thread, on what it was given in the run.

Memory: two cameras at the videos' own rate, over and over, with a short retention; draws docs/memory.png.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.speed.pipeline_calls import Bench, Calls, Took
from benchmarks.speed.pipeline_memory import measure_memory
from benchmarks.speed.pipeline_parts import beginning, pets, views
from detectors.tiling import TilingParams
from pipeline.config import ComputeConfig, PipelineConfig
from pipeline.scheduling.threads import keep_to_one_thread
from reid_runtime.card import ArtefactError

CAMERAS = (1, 4)
LIMIT = 0.9


def main() -> None:
    keep_to_one_thread()  # as the command does
    arguments = read_arguments()
    if missing := [video for video in views() if not video.is_file()]:
        sys.exit(f"{missing[0]}: expected a video, found no such file: set PASSERBY_SHARED to the folder of real data")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.what == "memory":
            measure_memory(arguments.minutes, Path(folder))
        else:
            videos = [beginning(video, arguments.frames, Path(folder)) for video in views()]
            compute = ComputeConfig(provider=arguments.provider)
            usual = [pets(count, videos, TilingParams(*arguments.tiles)) for count in arguments.cameras]
            configs = [config.model_copy(update={"compute": compute}) for config in usual]
            try:
                measure_overhead(configs, arguments.rounds, Path(folder))
            except ArtefactError as error:
                sys.exit(str(error))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.pipeline")
    commands = parser.add_subparsers(dest="what", required=True)
    overhead = commands.add_parser("overhead", help="the whole pipeline beside its networks alone")
    overhead.add_argument("--cameras", type=positive, nargs="+", default=CAMERAS, help="numbers of them to run with")
    overhead.add_argument("--frames", type=positive, default=300, help="of each camera")
    overhead.add_argument("--rounds", type=positive, default=5)
    overhead.add_argument("--tiles", type=positive, nargs=2, default=(1, 1), help="columns and rows of parts looked at")
    overhead.add_argument("--provider", choices=["cpu", "cuda"], default="cpu", help="where the networks run")
    memory = commands.add_parser("memory", help="of the whole pipeline over looped videos")
    memory.add_argument("--minutes", type=float, default=20)
    return parser.parse_args()


def positive(text: str) -> int:
    """A number of things, of which there must be one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, found {number}")
    return number


def measure_overhead(configs: Sequence[PipelineConfig], rounds: int, folder: Path) -> None:
    print("| cameras | frames | run | wall, s | cores, s | networks / whole, wall | networks / whole, cores |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    breakdowns = {len(config.cameras): compare(config, rounds, folder) for config in configs}
    print(f"\nThe limit is {LIMIT} on the wall, for detector and encoder. Median of {rounds} rounds (least to most).\n")
    print_breakdowns(breakdowns)


def compare(config: PipelineConfig, rounds: int, folder: Path) -> dict[str, float]:
    """Prints the rows of a configuration; returns the milliseconds per frame of each stage."""
    with ExitStack() as owned:
        return compare_rounds(Bench(config, folder, owned), rounds)


def compare_rounds(bench: Bench, rounds: int) -> dict[str, float]:
    calls = bench.record()
    whole: list[Took] = []
    networks: list[Took] = []
    bare: list[Took] = []
    for _ in range(rounds):
        whole.append(bench.whole())
        networks.append(bench.networks(calls))
        bare.append(bench.bare(calls))
    cameras, count = len(calls.looked), sum(map(len, calls.looked.values()))
    for name, runs in (("whole", whole), ("detector and encoder", networks), ("bare networks", bare)):
        print(f"| {cameras} | {count} | {name} | {row(runs, whole)} |")
    return breakdown(bench, calls, whole, count)


def row(runs: Sequence[Took], whole: Sequence[Took]) -> str:
    pairs = list(zip(runs, whole, strict=True))
    cells = [
        spread([took.wall_s for took in runs], "{:.2f}"),
        spread([took.cpu_s for took in runs], "{:.2f}"),
        spread([took.wall_s / of.wall_s for took, of in pairs], "{:.3f}"),
        spread([took.cpu_s / of.cpu_s for took, of in pairs], "{:.3f}"),
    ]
    return " | ".join(cells)


def spread(values: Sequence[float], form: str) -> str:
    middle, least, most = (form.format(pick(values)) for pick in _PICKS)
    return f"{middle} ({least} to {most})"


_PICKS: tuple[Callable[[Sequence[float]], float], ...] = (statistics.median, min, max)


def breakdown(bench: Bench, calls: Calls, whole: Sequence[Took], count: int) -> dict[str, float]:
    stages = bench.stages(calls)
    total_s = statistics.median(took.cpu_s for took in whole)
    stages["channel, counters, threads in each other's way"] = total_s - sum(stages.values())
    stages["whole"] = total_s
    return {stage: 1000 * seconds / count for stage, seconds in stages.items()}


def print_breakdowns(breakdowns: Mapping[int, Mapping[str, float]]) -> None:
    """Those of each number of cameras."""
    print(f"| ms of a core per frame, by cameras | {' | '.join(map(str, breakdowns))} |")
    print(f"|---|{'---:|' * len(breakdowns)}")
    for stage in next(iter(breakdowns.values())):
        print(f"| {stage} | {' | '.join(f'{each[stage]:.2f}' for each in breakdowns.values())} |")


if __name__ == "__main__":
    main()
