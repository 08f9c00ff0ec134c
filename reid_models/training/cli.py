"""`reid-train`: sets of labelled crops, and trainings on them. Messages to stderr; exit code 0 done, 1 failed, 2
misuse.

Each command imports what it needs when it runs, so that the help comes at once.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from reid_learning.machine import Machine

app = typer.Typer(
    name="reid-train",
    help="Train networks that recognise people.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def render(
    folder: Annotated[Path, typer.Argument(help="Where the set is written.")],
    persons: Annotated[int, typer.Option(min=1, help="How many simulated people.")] = 500,
    first: Annotated[int, typer.Option(min=1, help="Number of the first; several sets must not share numbers.")] = 1,
    cameras: Annotated[int, typer.Option(min=1, help="How many random cameras.")] = 60,
    seen_by: Annotated[int, typer.Option(min=1, help="By how many of them each person is seen.")] = 12,
    crops: Annotated[int, typer.Option(min=1, help="Of each person by each of those.")] = 2,
    seed: Annotated[int, typer.Option(help="Of people, cameras and scenes.")] = 0,
) -> int:
    """Render simulated people before random cameras, and cut them out."""
    from dataclasses import replace

    from reid_models.training.datasets.simulated import SetParams, crops_of, render_crops
    from reid_simulation.output.scatter import anybody

    params = SetParams(cameras=seen_by, crops=crops)
    params = replace(params, studio=replace(params.studio, cameras=cameras, seed=seed))
    cuts = crops_of(anybody(seed), range(first, first + persons), params)
    count = render_crops(folder, cuts, params, most=persons * seen_by * crops)
    return _done(f"{count} crops of {persons} people: {folder}")


@app.command()
def pack(
    source: Annotated[Path, typer.Argument(help="Tracklets in the layout of MARS.")],
    folder: Annotated[Path, typer.Argument(help="Where the set is written.")],
    height: Annotated[int, typer.Option(help="Of a crop, pixels.")] = 128,
    width: Annotated[int, typer.Option(help="Of a crop, pixels.")] = 64,
    trained_on: Annotated[
        str, typer.Option(help="What they are, for the cards of networks: name, licence.")
    ] = "unknown",
) -> int:
    """Make a set of crops from labelled tracklets."""
    from reid_models.training.data import pack_tracklets

    count = pack_tracklets(source, folder, height=height, width=width, trained_on=trained_on)
    return _done(f"{count} crops: {folder}")


@app.command("import")
def import_run(
    run: Annotated[Path, typer.Argument(help="Folder of a run of `reid-pipeline run`.")],
    folder: Annotated[Path, typer.Argument(help="Where the tracklets are written: FOLDER/train to learn from them.")],
    video: Annotated[
        list[str] | None,
        typer.Option(help="CAMERA=FILE, its recording; for none of any, the images that --thumbnails kept."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Crops of a track, spread over it.")] = 32,
) -> int:
    """Cut tracklets out of what a run saw; its persons are their labels."""
    from reid_models.training.commands.import_run import import_run as write

    videos: dict[str, Path] = {}
    for word in video or ():
        camera, equals, path = word.partition("=")
        if not equals:
            raise typer.BadParameter(f"expected CAMERA=FILE, found {word}", param_hint="--video")
        videos[camera] = Path(path)
    found = write(run, folder, videos, most=most)
    return _done(f"{found.crops} crops in {found.tracklets} tracklets of {found.persons} persons: {folder}")


@app.command()
def data() -> int:
    """List the data sets: what each holds, how it is laid out, who gives it out."""
    from reid_models.training.datasets.catalogue import DATASETS

    for name, entry in DATASETS.items():
        splits = f", {entry.splits} splits" if entry.splits > 1 else ""
        typer.echo(
            f"{name}: {entry.title}{splits}\n  {entry.holds}\n  {entry.layout}\n  {entry.where}; {entry.licence}"
        )
    return 0


@app.command()
def fit(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, or a YAML file that names one and changes it.")],
    data: Annotated[
        list[str],
        typer.Option("--data", help="NAME=FOLDER of a data set; for `compact`, folders of `render` or `pack`."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the run; one that was stopped goes on.")],
    network: Annotated[str | None, typer.Option(help="Another network of the catalogue.")] = None,
    trunk: Annotated[str | None, typer.Option(help="Another frame network under it.")] = None,
    weights: Annotated[
        str | None, typer.Option(help="Of the frame network: a file, one of torchvision's names, or `package`.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Of the optimiser; more of them lengthen a run.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Clips in a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all that is drawn.")] = None,
    fields: Annotated[
        list[str] | None, typer.Option("--set", help="Any other field, as PATH=VALUE: objective.margin=0.5.")
    ] = None,
    split: Annotated[int, typer.Option(min=0, help="Of data sets with several.")] = 0,
    ask: Annotated[str | None, typer.Option(help="NAME=FOLDER of another data set to rank now and then.")] = None,
    ask_every: Annotated[int, typer.Option(min=0, help="Steps between two rankings; 0: none.")] = 0,
    begin_with: Annotated[Path | None, typer.Option(help="A stage's folder of another run, to begin with.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    amp: Annotated[str, typer.Option(help="fp32, bf16, or fp16 on a GPU.")] = "fp32",
    compile_it: Annotated[bool, typer.Option("--compile", help="Through torch.compile.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Of the processor.")] = 1,
) -> int:
    """Train a network by a recipe."""
    from rich.console import Console

    from reid_models.training.commands.fit import Changes, Request, run

    request = Request(
        recipe=recipe,
        data=data,
        out=out,
        changes=Changes(network, trunk, weights, steps, batch, lr, seed, fields or ()),
        machine=_machine(device, amp, is_compiled=compile_it),
        split=split,
        asked=ask,
        ask_every=ask_every,
        begins_with=begin_with,
        threads=threads,
    )
    run(request, Console(stderr=True, highlight=False))
    return _done(f"{recipe}: {out}")


@app.command()
def complete(
    stage: Annotated[Path, typer.Argument(help="Folder of the stage `stcnet` of a run of `vrstc`.")],
    data: Annotated[str, typer.Option("--data", help="NAME=FOLDER of a data set.")],
    out: Annotated[Path, typer.Option("--out", help="Where the set is written; a data set of the name completed.")],
    split: Annotated[int, typer.Option(min=0, help="Of data sets with several.")] = 0,
    tau: Annotated[
        float | None, typer.Option(help="Similarity below which a part counts as hidden; the recipe says .89.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    amp: Annotated[str, typer.Option(help="fp32, bf16, or fp16 on a GPU.")] = "fp32",
    threads: Annotated[int, typer.Option(min=1, help="Of the processor.")] = 1,
) -> int:
    """Make up what is hidden in the frames of a data set."""
    from rich.console import Console

    from reid_models.training.commands.complete import Request, run

    request = Request(stage, data, out, split, tau, _machine(device, amp), threads)
    card = run(request, Console(stderr=True, highlight=False))
    return _done(f"{card.changed} of {card.frames} frames changed: {out}")


@app.command()
def reproduce(
    paper: Annotated[str, typer.Argument(help="Name of a paper, as `results` has it, or of one recipe.")],
    data: Annotated[list[str], typer.Option("--data", help="NAME=FOLDER of a data set.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the runs; what was stopped goes on.")],
    small: Annotated[bool, typer.Option("--small", help="At the size that two cores learn in twenty minutes.")] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="Of every stage.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all that is drawn.")] = None,
    fields: Annotated[
        list[str] | None, typer.Option("--set", help="Any other field, as PATH=VALUE: objective.margin=0.5.")
    ] = None,
    begin_with: Annotated[Path | None, typer.Option(help="A stage's folder of another run, to begin with.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    amp: Annotated[str, typer.Option(help="fp32, bf16, or fp16 on a GPU.")] = "fp32",
    threads: Annotated[int, typer.Option(min=1, help="Of the processor.")] = 1,
) -> int:
    """Train by a paper's recipes, evaluate, and print the rows beside the paper's."""
    from rich.console import Console

    from reid_models.training.commands.fit import Changes
    from reid_models.training.commands.fit import Request as Fit
    from reid_models.training.commands.reproduce import Request, run

    changes = Changes(steps=steps, seed=seed, fields=fields or ())
    each = Fit(paper, data, out, changes, _machine(device, amp), begins_with=begin_with, threads=threads)
    run(Request(paper, each, small), Console(highlight=False), Console(stderr=True, highlight=False))
    return 0


@app.command()
def evaluate(
    subjects: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folder of a stage; of each split one; or an .onnx file with its card."),
    ],
    data: Annotated[str, typer.Option("--data", help="NAME=FOLDER of a data set.")],
    protocol: Annotated[
        str | None, typer.Option(help="Another one than the set's or the recipe's: mars, ap3d, gao, tkp...")
    ] = None,
    matching: Annotated[
        str | None, typer.Option(help="Of TKP: image-to-video, video-to-video or image-to-image.")
    ] = None,
    split: Annotated[int | None, typer.Option(min=0, help="Of data sets with several.")] = None,
    rerank: Annotated[bool, typer.Option("--rerank", help="Also after k-reciprocal re-ranking.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="File for all numbers.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="File for the worst and the best queries.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    amp: Annotated[str, typer.Option(help="fp32, bf16, or fp16 on a GPU.")] = "fp32",
    threads: Annotated[int, typer.Option(min=1, help="Of the processor.")] = 1,
) -> int:
    """Rank a data set by a trained network, and print its scores."""
    from rich.console import Console

    from reid_models.training.commands.evaluate import Request, run

    request = Request(
        subjects=subjects,
        data=data,
        protocol=protocol,
        matching=matching,
        split=split,
        rerank=rerank,
        machine=_machine(device, amp),
        json=json,
        html=html,
        threads=threads,
    )
    run(request, Console(highlight=False), Console(stderr=True, highlight=False))
    return 0


@app.command()
def results(
    runs: Annotated[list[Path] | None, typer.Option("--runs", help="Folder of runs that were evaluated.")] = None,
    paper: Annotated[list[str] | None, typer.Option(help="Of this paper alone.")] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="Name of a data set that is there: not run, in the place of absent."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Figures without a recipe too.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="For a document.")] = False,
) -> int:
    """Print the figures of papers, and ours beside them."""
    from rich.console import Console

    from reid_models.training.commands.results import Request, run

    request = Request(runs or (), paper or (), data or (), everything, markdown)
    run(request, Console(highlight=False))
    return 0


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


def _machine(device: str, amp: str, *, is_compiled: bool = False) -> "Machine":
    from reid_learning.machine import Machine, MachineError, Precision

    if amp not in ("fp32", "bf16", "fp16"):
        raise MachineError(f"expected --amp fp32, bf16 or fp16, found {amp}")
    return Machine(device, cast(Precision, amp), is_compiled)


def _failed(message: str, code: int) -> int:
    typer.echo(f"reid-train: {message}", err=True)
    return code


def _done(message: str) -> int:
    typer.echo(message, err=True)
    return 0
