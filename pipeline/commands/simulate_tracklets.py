"""`reid-pipeline simulate-tracklets`: labelled tracklets in the layout of MARS, for training and calibration."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from pipeline.commands.rendering import Tell, render_all
from pipeline.commands.stopping import StopSignal
from pipeline.config_errors import ConfigError
from reid_simulation.output.dataset import TrackletMaker, TrackletSetParams, Written, write_tables

AT_A_TIME = 50
"""People in one job: each job makes the cameras' backgrounds anew."""


@dataclass(frozen=True, slots=True)
class _Share:
    params: TrackletSetParams
    out: Path
    numbers: range


def simulate_tracklets(
    out: Path,
    *,
    persons: int,
    cameras: int,
    tracklets: int,
    crops: int,
    style: str,
    look_alikes: float,
    seed: int,
    stop: StopSignal,
) -> int:
    """Writes a set, and says how large it is; returns the exit code.

    Raises:
        ConfigError: if there can be no such set, or the folder holds something already.
        RenderingStoppedError: if `stop` was set.
    """
    try:
        params = TrackletSetParams(
            persons=persons,
            cameras=cameras,
            most_tracklets=tracklets,
            crops=crops,
            style=style,
            look_alikes=look_alikes,
            seed=seed,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if out.exists() and any(out.iterdir()):
        raise ConfigError(
            f"--out: expected an empty folder or none at {out}, found files; remove them, or name another"
        )
    numbers = range(1, params.people + 1)
    shares = [_Share(params, out, numbers[start : start + AT_A_TIME]) for start in range(0, len(numbers), AT_A_TIME)]
    console = Console(stderr=True, highlight=False)
    written = [each for made in render_all(_write, shares, {"people": params.people}, console, stop) for each in made]
    write_tables(out, params, written)
    count = sum(len(each.names) for each in written)
    Console(highlight=False).print(
        f"{params.persons:,} persons, {len(written):,} tracklets, {count:,} crops: {out}", soft_wrap=True
    )
    return 0


def _write(share: _Share, tell: Tell) -> list[Written]:
    maker = TrackletMaker(share.params, share.out)
    written = []
    for number in share.numbers:
        written += maker.write(number)
        tell("people")
    return written
