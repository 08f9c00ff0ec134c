"""`reid-train`: sets of labelled crops, and trainings on them. Messages to stderr; exit code 0 done, 1 failed, 2
misuse.

Each command imports what it needs when it runs, so that the help comes at once.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

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


@app.command()
def run(
    sets: Annotated[list[Path], typer.Argument(help="Folders that `render` or `pack` wrote.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the run; one that was stopped goes on.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Of the optimiser, if not those of the recipe.")] = None,
    watch: Annotated[
        Path | None, typer.Option(help="Tracklets in the layout of MARS to rank now and then; not learnt from.")
    ] = None,
    watch_every: Annotated[int, typer.Option(help="Steps between two looks.")] = 500,
    threads: Annotated[int, typer.Option(help="Of the processor.")] = 1,
) -> int:
    """Train the compact encoder."""
    import cv2
    import torch
    from rich.console import Console

    from reid_models.training.data import read_crop_set
    from reid_models.training.evaluate import read_ranked_clips
    from reid_models.training.recipes.compact import compact
    from reid_models.training.train import Watch, train

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    recipe = compact(steps=steps)
    watched = Watch(read_ranked_clips(watch, recipe.clip), watch_every) if watch else None
    train(recipe, read_crop_set(sets), out, console=Console(stderr=True, highlight=False), watch=watched)
    return _done(f"{recipe.loop.steps} steps: {out}")


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
    typer.echo(f"reid-train: {message}", err=True)
    return code


def _done(message: str) -> int:
    typer.echo(message, err=True)
    return 0
