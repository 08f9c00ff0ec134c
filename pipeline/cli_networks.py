"""`reid-pipeline adopt` and `fetch`: networks, and the cards that they need."""

from pathlib import Path
from typing import Annotated

import typer


def adopt(
    file: Annotated[Path, typer.Argument(help="A foreign network.")],
    family: Annotated[
        str | None,
        typer.Option(
            help="yolox, yolov8, end2end, detr, ssd, nanodet; osnet, intel-reid or clip.  [default: the one that fits]"
        ),
    ] = None,
    person_class: Annotated[
        str | None, typer.Option(help="Detectors: name or number of the class of people, where the file does not say.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Detectors: HEIGHTxWIDTH of the input, where the file takes any.")
    ] = None,
    try_on: Annotated[
        Path | None, typer.Option("--try", help="JPEG or PNG to try it on.  [default: a frame of the simulated shop]")
    ] = None,
    draw: Annotated[Path | None, typer.Option(help="Detectors: draw there, as JPEG, whom it found.")] = None,
    name: Annotated[str | None, typer.Option(help="Of the network.  [default: that of the file]")] = None,
    licence: Annotated[str, typer.Option(help="Of the weights.")] = "unknown",
    origin: Annotated[str, typer.Option(help="Where the file came from.")] = "unknown",
) -> int:
    """Finds out what a foreign network is, tries it on an image, and writes the card that it needs."""
    from pipeline.commands.adopt import Trial, adopt_file
    from reid_runtime.adopt import Origin

    words = Origin(name or file.stem, licence, origin)
    return adopt_file(file, family, words, Trial(try_on, draw), person_class, size)


def fetch(
    name: Annotated[str | None, typer.Argument(help="From the list, which is printed without it.")] = None,
    from_file: Annotated[Path | None, typer.Option("--from", help="A file that was downloaded by hand.")] = None,
) -> int:
    """Downloads a known network, checks its hash, and keeps it."""
    from pipeline.commands.models import fetch_model, list_models

    return list_models() if name is None else fetch_model(name, from_file)
