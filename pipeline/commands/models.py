"""`reid-pipeline fetch`: networks of the list."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from pipeline.model_zoo import Downloaded, fetch, is_at_hand, known_models


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
    table = Table(Column("name", no_wrap=True), "here", "what it is")
    for name, model in known_models().items():
        about = f"{model.notes} Family {model.family}; {model.licence}; trained on: {model.trained_on}."
        table.add_row(name, "yes" if is_at_hand(name) else "no", about)
    Console(highlight=False).print(table)
    return 0
