"""Dead letters of a site from the command line: list, play, drop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.commands.erase import Target

letters = typer.Typer(help="Dead letters of a site, in Redis.", no_args_is_help=True, rich_markup_mode=None)

ConfigArgument = Annotated[
    Path | None, typer.Argument(metavar="CONFIG", help="YAML file of the site; without it, $REDIS_URL.")
]
SiteOption = Annotated[str, typer.Option(help="Name of the site, where no file says it.")]


@letters.command("list")
def list_(config: ConfigArgument = None, site: SiteOption = "site") -> int:
    """Prints what lies there and why, as JSON lines, the oldest first."""
    from pipeline.commands.letters import print_letters

    return print_letters(_target(config, site))


@letters.command()
def play(config: ConfigArgument = None, site: SiteOption = "site") -> int:
    """Puts all of them back where they waited, once the fault is mended; what is still unusable comes back."""
    from pipeline.commands.letters import play_letters

    return play_letters(_target(config, site))


@letters.command()
def drop(config: ConfigArgument = None, site: SiteOption = "site") -> int:
    """Deletes all of them."""
    from pipeline.commands.letters import drop_letters

    return drop_letters(_target(config, site))


def _target(config: Path | None, site: str) -> "Target":
    from pipeline.commands.erase import Target

    return Target.of(config, site)
