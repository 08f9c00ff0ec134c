"""`reid-export`: trained networks as the artefacts that serving runs. Exit code 0 done, 1 failed, 2 misuse."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reid_runtime.session import Provider


app = typer.Typer(
    name="reid-export", help="Export trained networks.", pretty_exceptions_enable=False, rich_markup_mode=None
)

RunArgument = Annotated[Path, typer.Argument(help="Folder of the run that trained it.")]
FileArgument = Annotated[Path, typer.Argument(help="To write, with the suffix .onnx; the card goes beside it.")]
StepsOption = Annotated[int | None, typer.Option(min=1, help="Of the run, if not those of the recipe.")]
DataOption = Annotated[
    str | None,
    typer.Option(help="NAME=FOLDER of a data set, or a folder of tracklets or images, to compare on; else simulated."),
]
CalibrateOption = Annotated[
    str | None, typer.Option(help="The same, to calibrate on; else those of --data, or simulated people.")
]
SamplesOption = Annotated[int, typer.Option(min=1, help="Tracklets or images to calibrate on; simulated: persons.")]
PersonsOption = Annotated[int, typer.Option(min=2, help="Simulated persons, or images, to compare on.")]
ThreadsOption = Annotated[int, typer.Option(min=1, help="On the processor.")]
ProviderOption = Annotated[str | None, typer.Option(help="Where the artefacts run; else on the processor.")]
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
def precision(
    file: Annotated[Path, typer.Argument(help="Network in single precision, with its card.")],
    out: Annotated[Path, typer.Option(help="To write, with the suffix .onnx; the card goes beside it.")],
    to: Annotated[str, typer.Option(help="fp16 or int8.")],
    calibrate: CalibrateOption = None,
    data: DataOption = None,
    samples: SamplesOption = 32,
    persons: PersonsOption = 60,
    threads: ThreadsOption = 1,
) -> int:
    """The same network in half precision or in 8 bits, if it still says the same."""
    from rich.console import Console

    from export.commands.precision import Asked, run
    from export.verification.trials import Samples

    if to not in ("fp16", "int8"):
        raise typer.BadParameter(f"expected fp16 or int8, found {to}", param_hint="--to")
    asked = Asked(file, out, "fp16" if to == "fp16" else "int8", calibrate, data, Samples(samples, persons), threads)
    typer.echo(run(asked, Console(stderr=True, highlight=False)))
    return 0


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Artefacts, each with its card.")],
    against: Annotated[Path, typer.Option(help="What they were made from: an artefact in fp32, or a run's folder.")],
    data: DataOption = None,
    persons: PersonsOption = 60,
    provider: ProviderOption = None,
    threads: ThreadsOption = 1,
    json: Annotated[Path | None, typer.Option(help="Write the figures there.")] = None,
) -> int:
    """Hold artefacts against the network that they were made from; exit code 1 if one is not good."""
    from rich.console import Console

    from export.commands.verify import Asked, run
    from export.verification.trials import Samples

    samples = Samples(1, persons)
    asked = Asked(files, against, data, samples, provider_named(provider), threads, json)
    lines, is_good = run(asked, Console(stderr=True, highlight=False))
    typer.echo("\n".join(lines))
    return 0 if is_good else 1


@app.command()
def bench(
    files: Annotated[list[Path], typer.Argument(help="Artefacts of one network, each with its card.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures and the plot.")],
    checkpoint: Annotated[Path | None, typer.Option(help="Folder of the run, for torch beside them.")] = None,
    batch: Annotated[list[int] | None, typer.Option(min=1, help="Clips or images at once; again for more.")] = None,
    frames: Annotated[list[int] | None, typer.Option(min=1, help="Of a clip; again for more.")] = None,
    provider: Annotated[
        list[str] | None, typer.Option(help="Where to run; again for more; else all there are.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=3, help="In each, every way runs once.")] = 20,
    compile_too: Annotated[bool, typer.Option("--compile/--no-compile", help="torch.compile beside them.")] = True,
    threads: ThreadsOption = 1,
) -> int:
    """Measure clips a second and latency of artefacts beside torch, and how fast this machine lets them be."""
    from rich.console import Console

    from export.commands.bench import Asked, run

    providers = [name for name in map(provider_named, provider or ()) if name]
    asked = Asked(files, out, checkpoint, batch or (1, 4, 16), frames or (), providers, rounds, compile_too, threads)
    run(asked, Console(highlight=False), Console(stderr=True, highlight=False))
    return 0


def provider_named(name: str | None) -> "Provider | None":
    """The provider of a name; None: none was named."""
    from typing import get_args

    from reid_runtime.session import Provider

    found: Provider | None = next((each for each in get_args(Provider) if each == name), None)
    if name is not None and found is None:
        raise typer.BadParameter(f"expected one of {', '.join(get_args(Provider))}, found {name}")
    return found


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
