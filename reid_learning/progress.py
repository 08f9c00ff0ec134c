"""A run that people can watch: a bar, and a line now and then."""

import time
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from reid_learning.loop import TrainingStep


def watch_training(
    steps: Iterable[TrainingStep], *, total: int, console: Console, line_every: int = 50
) -> Iterator[TrainingStep]:
    """Hands the steps on; draws a bar on a terminal, and prints the mean losses every few steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    progress = Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )
    sums: dict[str, float] = {}
    since, since_s = 0, time.monotonic()
    with progress:
        task = progress.add_task("training", total=total)
        for step in steps:
            progress.update(task, completed=step.number + 1)
            sums = {name: sums.get(name, 0.0) + value for name, value in step.losses.items()}
            since += 1
            if since == line_every or step.number + 1 == total:
                took_s = time.monotonic() - since_s
                means = ", ".join(f"{name} {value / since:.3f}" for name, value in sums.items())
                console.print(f"step {step.number + 1} of {total}: {means} ({since / took_s:.2f} steps/s)")
                sums, since, since_s = {}, 0, time.monotonic()
            yield step
