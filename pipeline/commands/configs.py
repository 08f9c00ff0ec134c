"""`reid-pipeline configs`: the configurations that come with the package."""

import sys

from rich.console import Console
from rich.table import Table

from pipeline.shipped import KINDS, UnknownNameError, configs_of, text_to_keep, title

USES = {"pipeline": "run, worker, match, check", "site": "run --site", "simulation": "simulate, demo --site"}


def list_configs() -> int:
    """Prints their names, what each is, and which commands take it."""
    table = Table("name", "for", "what")
    for kind in KINDS:
        for name, path in configs_of(kind).items():
            table.add_row(name, USES[kind], title(path))
    Console(highlight=False).print(table)
    return 0


def print_config(name: str) -> int:
    """Prints one, to be changed and kept."""
    everything = {name: path for kind in KINDS for name, path in configs_of(kind).items()}
    if name not in everything:
        raise UnknownNameError(f"expected one of {', '.join(everything)}; found {name!r}")
    sys.stdout.write(text_to_keep(everything[name]))
    return 0
