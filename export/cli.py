"""`reid-export`: trained networks as the artefacts that serving runs. Exit code 0 done, 1 failed, 2 misuse."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reid_runtime.session import Provider


app = typer.Typer(
    name="reid-export", help="Export trained networks.", pretty_exceptions_enable=False, rich_markup_mode=None
)

CheckpointArgument = Annotated[
    list[Path],
    typer.Argument(
        default_factory=list,
        show_default=False,
        metavar="[CHECKPOINT]",
        help="Folder of what was trained: a stage of `reid-train fit`, or a run of `python -m detectors.training`.",
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(help="NAME=FOLDER of a data set, or a folder of tracklets or images, to compare on; else simulated."),
]
CalibrateOption = Annotated[
    str | None, typer.Option(help="The same, to calibrate on; else those of --data, or simulated people.")
]
SamplesOption = Annotated[int, typer.Option(min=1, help="Tracklets or images to calibrate on; simulated: persons.")]
PersonsOption = Annotated[int, typer.Option(min=2, help="Simulated persons, or images, to compare on.")]
LabelsOption = Annotated[
    bool,
    typer.Option("--labels/--parity", help="Count whom it finds, too; or compare embeddings alone."),
]
ThreadsOption = Annotated[int, typer.Option(min=1, max=1024, help="On the processor.")]
ProviderOption = Annotated[str | None, typer.Option(help="Where the artefacts run; else on the processor.")]


@app.callback()
def app_callback() -> None:
    """Export trained networks."""


@app.command("onnx")
def onnx_command(
    checkpoint: CheckpointArgument,
    file: Annotated[Path, typer.Argument(help="To write, with the suffix .onnx; the card goes beside it.")],
    licence: Annotated[
        str | None, typer.Option(help="Of the weights, an SPDX name or words; that of the data has a say.")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="What it was trained on, and what it is not good for.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Cosine from which two tracks are one person.")] = None,
    network: Annotated[
        str | None,
        typer.Option(help="Without CHECKPOINT: which network, of random weights. With one of TKP: which of its two."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=(1 << 32) - 1, help="Of random weights.")] = 0,
    trunk: Annotated[
        str | None, typer.Option(help="Frame network under random weights, if not the catalogue's.")
    ] = None,
    frames: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Of the clips that serving gives it, where it takes any number.")
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(min=32, max=4096, help="Of a detector's images, or of crops under random weights; pixels."),
    ] = None,
    width: Annotated[
        int | None, typer.Option(min=32, max=4096, help="See --height; a larger image finds smaller people, slower.")
    ] = None,
    opset: Annotated[int, typer.Option(help="Of ONNX.")] = 20,
    mask: Annotated[
        bool, typer.Option("--mask", help="A second input: which frames of each clip are no padding.")
    ] = False,
    attention: Annotated[
        bool, typer.Option("--attention", help="More outputs: what the network looked at, where its paper has that.")
    ] = False,
) -> int:
    """An ONNX file with its card: a trained network, or one of random weights to try an engine with."""
    from export.commands.onnx import Request, run
    from export.graph.errors import ExportError
    from export.graph.sources import Sizes

    if len(checkpoint) > 1:
        raise ExportError(f"expected one CHECKPOINT and one FILE, found {len(checkpoint)} and one")
    request = Request(
        file=file,
        run=checkpoint[0] if checkpoint else None,
        network=network,
        seed=seed,
        trunk=trunk,
        sizes=Sizes(frames, height, width),
        licence=licence,
        notes=notes,
        threshold=threshold,
        opset=opset,
        has_mask=mask,
        has_attention=attention,
    )
    typer.echo(run(request))
    return 0


@app.command()
def engine(
    onnx: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="The network, with its card beside it.")],
    file: Annotated[Path, typer.Argument(metavar="OUT.engine", help="To write; the card goes beside it.")],
    runtime: Annotated[str, typer.Option("--for", help="tensorrt or tensorrt-rtx; the latter builds without a GPU.")],
    batch: Annotated[str, typer.Option(help="Clips or images at once: least, usual, most.")] = "1,8,32",
    frames: Annotated[str | None, typer.Option(help="Of a clip, where the network takes any number: the same.")] = None,
    workspace_mib: Annotated[int | None, typer.Option(min=1, max=1 << 20, help="Memory that layers may take.")] = None,
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
        targets=tuple(dict.fromkeys(target or ())),
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


@app.command()
def precision(
    file: Annotated[Path, typer.Argument(help="Network in single precision, with its card.")],
    out: Annotated[Path, typer.Option(help="To write, with the suffix .onnx; the card goes beside it.")],
    to: Annotated[str, typer.Option(help="fp16 or int8.")],
    calibrate: CalibrateOption = None,
    data: DataOption = None,
    samples: SamplesOption = 32,
    persons: PersonsOption = 60,
    labels: LabelsOption = True,
    cosine: Annotated[
        float | None,
        typer.Option(help="Between embeddings of a clip, at least; stricter than the gate's."),
    ] = None,
    threads: ThreadsOption = 1,
) -> int:
    """The same network in half precision or in 8 bits, if it still says the same."""
    from rich.console import Console

    from export.commands.precision import Asked, run
    from export.verification.trials import Samples

    if to not in ("fp16", "int8"):
        raise typer.BadParameter(f"expected fp16 or int8, found {to}", param_hint="--to")
    asked = Asked(
        file,
        out,
        "fp16" if to == "fp16" else "int8",
        calibrate=calibrate,
        data=data,
        samples=Samples(samples, persons),
        has_labels=labels,
        least_cosine=cosine,
        threads=threads,
    )
    typer.echo(run(asked, Console(stderr=True, highlight=False)))
    return 0


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Artefacts, each with its card.")],
    against: Annotated[Path, typer.Option(help="What they were made from: an artefact in fp32, or a run's folder.")],
    data: DataOption = None,
    persons: PersonsOption = 60,
    labels: LabelsOption = True,
    provider: ProviderOption = None,
    threads: ThreadsOption = 1,
    json: Annotated[Path | None, typer.Option(help="Write the figures there.")] = None,
) -> int:
    """Hold artefacts against the network that they were made from; exit code 1 if one is not good."""
    from rich.console import Console

    from export.commands.verify import Asked, run
    from export.verification.trials import Samples

    samples = Samples(1, persons)
    asked = Asked(files, against, data, samples, labels, provider_named(provider), threads, json)
    lines, is_good = run(asked, Console(stderr=True, highlight=False))
    typer.echo("\n".join(lines))
    return 0 if is_good else 1


@app.command()
def bench(
    files: Annotated[list[Path], typer.Argument(help="Artefacts of one network, each with its card.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures and the plot.")],
    checkpoint: Annotated[Path | None, typer.Option(help="Folder of the run, for torch beside them.")] = None,
    network: Annotated[
        str | None, typer.Option(help="Without a run: which network of random weights is torch's; it takes as long.")
    ] = None,
    batch: Annotated[
        list[int] | None, typer.Option(min=1, max=1 << 16, help="Clips or images at once; again for more.")
    ] = None,
    frames: Annotated[list[int] | None, typer.Option(min=1, max=1024, help="Of a clip; again for more.")] = None,
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
    asked = Asked(
        files, out, checkpoint, network, batch or (1, 4, 16), frames or (), providers, rounds, compile_too, threads
    )
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
    # A command that is ended clears away what it has begun, as one that fails does.
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main(sys.argv[1:]))


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


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


if __name__ == "__main__":
    entry()
