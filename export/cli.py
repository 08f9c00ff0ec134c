"""`reid-export`: trained networks as the artefacts that serving runs. Exit code 0 done, 1 failed, 2 misuse."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="reid-export", help="Export trained networks.", pretty_exceptions_enable=False, rich_markup_mode=None
)

RunArgument = Annotated[Path, typer.Argument(help="Folder of the run that trained it.")]
FileArgument = Annotated[Path, typer.Argument(help="To write, with the suffix .onnx; the card goes beside it.")]
StepsOption = Annotated[int | None, typer.Option(min=1, help="Of the run, if not those of the recipe.")]
LicenceOption = Annotated[str, typer.Option(help="Of the weights, an SPDX name or words; that of the data has a say.")]
NotesOption = Annotated[str, typer.Option(help="What it was trained on, and what it is not good for.")]


@app.command()
def encoder(
    run: RunArgument,
    file: FileArgument,
    licence: LicenceOption,
    notes: NotesOption,
    steps: StepsOption = None,
    threshold: Annotated[float | None, typer.Option(help="Cosine from which two tracks are one person.")] = None,
) -> int:
    """The compact encoder of a run of `reid-train fit compact`."""
    from export.shipped import export_encoder

    return _print_export(
        *export_encoder(run, file, steps=steps, licence=licence, notes=notes, threshold=threshold), file
    )


@app.command()
def detector(
    run: RunArgument,
    file: FileArgument,
    licence: LicenceOption,
    notes: NotesOption,
    steps: StepsOption = None,
    height: Annotated[int, typer.Option(min=32, help="Of the image that it takes, pixels.")] = 384,
    width: Annotated[int, typer.Option(min=32, help="Of the image; larger finds smaller people, slower.")] = 512,
) -> int:
    """The small person detector of a run of `python -m detectors.training run`."""
    from export.shipped import export_detector

    return _print_export(
        *export_detector(run, file, steps=steps, licence=licence, notes=notes, height=height, width=width), file
    )


@app.command()
def engine(
    onnx: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="The network, with its card beside it.")],
    file: Annotated[Path, typer.Argument(metavar="OUT.engine", help="To write; the card goes beside it.")],
    runtime: Annotated[str, typer.Option("--for", help="tensorrt or tensorrt-rtx; the latter builds without a GPU.")],
    batch: Annotated[str, typer.Option(help="Clips or images at once: least, usual, most.")] = "1,8,32",
    frames: Annotated[str | None, typer.Option(help="Of a clip, where the network takes any number: the same.")] = None,
    workspace_mib: Annotated[int | None, typer.Option(min=1, help="Memory that layers may take.")] = None,
    timing_cache: Annotated[
        Path | None, typer.Option(help="File of TensorRT's measurements, read and written.")
    ] = None,
    version_compatible: Annotated[bool, typer.Option(help="For later versions of TensorRT too.")] = False,
    hardware: Annotated[
        str, typer.Option(help="Other GPUs that TensorRT's engine is for: none, same-compute-capability, ampere-plus.")
    ] = "none",
    target: Annotated[list[str] | None, typer.Option(help="Compute capability for TensorRT-RTX, such as 8.6.")] = None,
) -> int:
    """An engine of TensorRT or TensorRT-RTX from an ONNX file, in the precision that the file has."""
    from export.commands.engine import run
    from export.engines.options import EngineOptions, chosen, parse_sizes
    from reid_runtime.engine_card import EngineRuntime, Hardware

    options = EngineOptions(
        runtime=chosen(runtime, EngineRuntime, "--for"),
        batch=parse_sizes(batch, "--batch"),
        frames=None if frames is None else parse_sizes(frames, "--frames"),
        workspace_mib=workspace_mib,
        timing_cache=timing_cache,
        version_compatible=version_compatible,
        hardware=chosen(hardware, Hardware, "--hardware"),
        targets=tuple(target or ()),
    )
    typer.echo(run(onnx, file, options))
    return 0


@app.command("gpu-report")
def gpu_report(
    folder: Annotated[Path, typer.Argument(help="For the report: gpu-report.md and gpu-report.json.")],
    networks: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE.onnx]...", help="None: those that came with Passerby.")
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=1, help="Of time in all; what has no more is left away, and said.")
    ] = 10,
) -> int:
    """Builds, verifies and measures on this machine's GPU, and writes a report; what fails is a line of it."""
    from datetime import UTC, datetime

    from export.commands.gpu_report import run

    return run(networks or (), folder, minutes=minutes, date=datetime.now(UTC).strftime("%d %B %Y"))


def entry() -> None:
    """What the installed command calls."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Runs one command, or prints the help; returns the exit code. Bad input is one line on stderr."""
    try:
        return int(app(args=list(argv) or ["--help"], standalone_mode=False) or 0)
    except typer.TyperException as error:
        return _failed(error.format_message(), error.exit_code)
    except Exception as error:
        from reid_runtime.faults import exit_code, in_one_line

        if (code := exit_code(error)) is None:
            raise
        return _failed(in_one_line(error), code)


def _failed(message: str, code: int) -> int:
    typer.echo(f"reid-export: {message}", err=True)
    return code


def _print_export(model_id: str, difference: float, file: Path) -> int:
    typer.echo(f"{file}: {model_id}, differs from torch by {difference:.1e}")
    return 0


if __name__ == "__main__":
    entry()
