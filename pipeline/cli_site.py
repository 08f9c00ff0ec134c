"""Commands for a site that runs: its view, and who is to be forgotten."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_options import deployment


def serve(
    config: Annotated[
        Path,
        typer.Argument(
            parser=deployment, metavar="CONFIG", help="YAML file of the site, the same that its matcher has."
        ),
    ],
    port: Annotated[int | None, typer.Option(help="Replaces what the file says.  [default: 8181]")] = None,
) -> int:
    """Serves the view of a site: who is where, why, and how its cameras are; beside a matcher, reading Redis."""
    from pipeline.commands.stopping import StopSignal

    with StopSignal() as stop:
        from pipeline.commands.serve import serve_site

        return serve_site(config, stop, port=port)


def erase(
    config: Annotated[
        Path | None,
        typer.Argument(parser=deployment, metavar="CONFIG", help="YAML file of the site; without it, $REDIS_URL."),
    ] = None,
    person: Annotated[str | None, typer.Option(help="Id of the person, as events have it.")] = None,
    site: Annotated[str, typer.Option(help="Name of the site, where no file says it.")] = "site",
    forgotten: Annotated[
        bool, typer.Option("--forgotten", help="Tell consumers although the site remembers nothing of the person.")
    ] = False,
    audit: Annotated[bool, typer.Option("--audit", help="Print what became of requests, as JSON lines.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="For the answer of the matcher, in seconds.")] = 30.0,
) -> int:
    """Erases a person: vectors, tracks, events that were not delivered; and tells consumers to do the same."""
    from pipeline.commands.erase import Target, erase_person, print_audit

    target = Target.of(config, site)
    return print_audit(target, person) if audit else erase_person(target, person, wait_s=wait, tells_anyway=forgotten)
