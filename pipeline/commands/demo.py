"""`reid-pipeline demo`: a simulated shop from nothing to its score, without a download."""

import time
from pathlib import Path

from rich.console import Console

from pipeline.commands.evaluate import print_scores
from pipeline.commands.flags import Flags
from pipeline.commands.run import run_pipeline
from pipeline.commands.simulate import write_simulation
from pipeline.commands.stopping import StopSignal
from pipeline.deployment.simulated import Replaced, SimulationConfig, load_simulation
from pipeline.shipped import find_config

SHOP = find_config("simulation", "shop")


def run_demo(site: Path | None, out: Path, replaced: Replaced, stop: StopSignal) -> int:
    """Records a site, runs the pipeline over the videos, scores it, and says where all lies; returns the exit code."""
    console = Console(stderr=True, highlight=False)
    started_s = time.monotonic()
    config = load_simulation(site or SHOP, replaced)
    deployment = record_site(config, out, console, stop)
    console.print("2. Recognising who is who.")
    failed = run_pipeline(deployment, Flags(videos=True, report=True, thumbnails=True), stop)
    if failed or stop.is_set():
        return failed
    score(out, console)
    console.print(f"Took {time.monotonic() - started_s:.0f} s. Open {out / 'out' / 'report.html'}, and watch:")
    for camera in config.cameras:
        console.print(f"  {out / 'out' / 'videos' / camera.name}.mp4", soft_wrap=True)
    return 0


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
