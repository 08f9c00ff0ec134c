"""`reid-export engine`: an ONNX file as an engine of TensorRT or TensorRT-RTX, with its card."""

import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from export.engines.build import build_engine
from export.engines.options import EngineOptions
from export.engines.progress import BuildStep

MIB = 1 << 20


def run(onnx: Path, engine: Path, options: EngineOptions) -> str:
    """Builds, and says in one line what was written.

    Raises:
        PasserbyError: if it cannot be; one line.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, disable=not sys.stderr.isatty()) as shown:
        tasks: dict[str, TaskID] = {}

        def observe(step: BuildStep) -> None:
            if step.phase not in tasks:
                tasks[step.phase] = shown.add_task(step.phase, total=step.steps)
            shown.update(tasks[step.phase], completed=step.done)

        card = build_engine(onnx, engine, options, observers=(observe,))
    assert card.engine is not None
    size = engine.stat().st_size / MIB
    return (
        f"{engine}: {card.model_id}, {size:.1f} MiB, {card.engine.runtime} {card.engine.version}, "
        f"for compute capability {', '.join(card.engine.targets)}"
    )
