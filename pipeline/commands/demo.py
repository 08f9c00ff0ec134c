"""`reid-pipeline demo`: a simulated shop from nothing to its score, without a download."""

import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pipeline.build import read_encoder_card
from pipeline.commands.evaluate import print_scores
from pipeline.commands.flags import Flags, merge_flags
from pipeline.commands.run import run_pipeline
from pipeline.commands.simulate import write_simulation
from pipeline.commands.stopping import StopSignal
from pipeline.config import NetworkDetectorConfig
from pipeline.deployment.simulated import Replaced, SimulationConfig, load_simulation
from pipeline.model_zoo import find_artefact
from pipeline.shipped import find_config
from reid_runtime.card import read_card

SHOP = find_config("simulation", "shop")


def run_demo(site: Path | None, out: Path, replaced: Replaced, flags: Flags, stop: StopSignal) -> int:
    """Records a site, runs the pipeline over the videos, scores it, and says where all lies; returns the exit code.

    Args:
        site: configuration of the simulation; None: the shop.
        out: folder for all of it.
        replaced: of that configuration.
        flags: networks, threshold and provider in the place of what the demo takes.
        stop: ends it.

    Raises:
        PasserbyError: if a network that was named is not there, before anything is recorded.
    """
    check_networks(flags)
    console = Console(stderr=True, highlight=False)
    started_s = time.monotonic()
    config = load_simulation(site or SHOP, replaced)
    deployment = record_site(config, out, console, stop)
    console.print("2. Recognising who is who.")
    failed = run_pipeline(
        deployment, replace(flags, videos=True, report=True, thumbnails=True, view=True, images=True, view_port=0), stop
    )
    if failed or stop.is_set():
        return failed
    score(out, console)
    report = (out / "out" / "report.html").resolve().as_uri()
    took = f"Took {time.monotonic() - started_s:.0f} s."
    console.print(f"{took} The report, with this score under Health: {report}", soft_wrap=True)
    console.print("Watch:")
    for camera in config.cameras:
        console.print(f"  {out / 'out' / 'videos' / camera.name}.mp4", soft_wrap=True)
    return 0


def check_networks(flags: Flags) -> None:
    """Finds what the flags name: recording takes a minute, and a wrong name need not wait for its end."""
    config, _ = merge_flags(None, replace(flags, cameras=("demo=demo.mp4",)))
    read_encoder_card(config.encoder)
    if isinstance(config.detector, NetworkDetectorConfig):
        read_card(find_artefact(config.detector.model))


def record_site(config: SimulationConfig, out: Path, console: Console, stop: StopSignal) -> Path:
    """Records all cameras of a site; returns the configuration for `run`."""
    console.print(f"1. Recording the {config.name}: {len(config.cameras)} cameras, {config.duration_s:.0f} s each.")
    return write_simulation(config, config.built_cameras(), out, console, stop)


def score(out: Path, console: Console) -> None:
    """Prints how what was written compares with the truth."""
    console.print(
        "3. Comparing with the truth: `tracks` are as the tracker had them, `persons` as they were recognised."
    )
    print_scores(out / "out", [str(out / "truth")], None, None, layout=None, as_json=False)
