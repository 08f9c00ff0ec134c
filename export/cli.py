"""`reid-export`: trained networks as the artefacts that serving runs. Exit code 0 done, 1 failed, 2 misuse."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

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
    seed: Annotated[int, typer.Option(help="Of random weights.")] = 0,
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
