"""`reid-pipeline adopt` and `fetch`: networks, and the cards that they need."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipeline.config_errors import ConfigError
from pipeline.families import family_named
from pipeline.model_zoo import Downloaded, fetch, is_at_hand, known_models
from reid_runtime.adopt import adopt
from reid_runtime.card import card_path
from reid_runtime.family import Asked


def adopt_file(
    file: Path, family: str, name: str | None, licence: str, origin: str, person: str | None, size: str | None
) -> int:
    """Writes the card of a foreign network, and prints where."""
    height, width = _size(size)
    asked = Asked(person, height, width)
    card = adopt(file, family_named(family), name=name or file.stem, licence=licence, origin=origin, asked=asked)
    out = Console(highlight=False)
    out.print(f"{card_path(file)}: {card.model_id}, family {card.family}", soft_wrap=True, markup=False)
    return 0


def _size(text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    height, by, width = text.partition("x")
    if not by or not height.isdecimal() or not width.isdecimal():
        raise ConfigError(f"--size: expected HEIGHTxWIDTH, found {text!r}")
    return int(height), int(width)


def fetch_model(name: str, from_file: Path | None) -> int:
    """Brings a network into the cache, and prints where it lies."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=None)

        def show(downloaded: Downloaded) -> None:
            progress.update(task, completed=downloaded.there, total=downloaded.size)

        path = fetch(name, from_file=from_file, observers=[show])
    Console(highlight=False).print(str(path), soft_wrap=True, markup=False)
    return 0


def list_models() -> int:
    """Prints the networks that `fetch` knows."""
    table = Table("name", "family", "licence", "here", "notes")
    for name, model in known_models().items():
        table.add_row(name, model.family, model.licence, "yes" if is_at_hand(name) else "no", model.notes)
    Console(highlight=False).print(table)
    return 0
