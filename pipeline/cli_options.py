"""Arguments and options that several commands of `reid-pipeline` share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.shipped import Kind

CONFIG = "YAML file, or a name that `reid-pipeline configs` lists"


def _find(kind: "Kind", name_or_path: str) -> Path:
    from pipeline.shipped import UnknownNameError, find_config

    try:
        return find_config(kind, name_or_path)
    except UnknownNameError as error:
        raise typer.BadParameter(str(error)) from error


def deployment(text: str) -> Path:
    return _find("pipeline", text)


def site_file(text: str) -> Path:
    return _find("site", text)


def simulation(text: str) -> Path:
    return _find("simulation", text)


SecondsOption = Annotated[float | None, typer.Option(help="To record; replaces what the file says.")]
LookAlikesOption = Annotated[
    float | None, typer.Option(help="Share of people dressed like others; replaces what the file says.")
]
OutOption = Annotated[Path, typer.Option("--out", help="Folder for all that is written.")]
PresetOption = Annotated[
    str | None, typer.Option(help="cpu, gpu or offline: networks and a provider that go together.")
]
DetectorOption = Annotated[str | None, typer.Option(help="Name or file of a network, or `hog`.")]
EncoderOption = Annotated[str | None, typer.Option(help="Name or file of a network, or `colour-stripes`.")]
CalibrationOption = Annotated[Path | None, typer.Option(help="File that `calibrate` wrote.")]
ThresholdOption = Annotated[float | None, typer.Option(help="Cosine from which two tracks are one person.")]
ProviderOption = Annotated[str | None, typer.Option(help="cpu, openvino, cuda, tensorrt or tensorrt-rtx.")]
