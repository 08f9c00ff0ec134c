"""`reid-pipeline check`: is a configuration sound, and what would it do."""

from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.build import Plan, build_plan, needed_libraries
from pipeline.commands.flags import Flags, merge_flags
from pipeline.config import CameraConfig, NetworkDetectorConfig, PipelineConfig
from pipeline.model_zoo import find_artefact
from pipeline.scheduling.threads import usable_cores
from pipeline.sources.errors import redact
from reid_runtime.faults import FAILED


def print_plan(path: Path, *, connects: bool, topic: str | None) -> int:
    """Looks into the recordings, reads the encoder's card, prints the plan.

    Args:
        path: of the configuration.
        connects: open live cameras, too, and ask Redis and Kafka, before the plan; it is left out if one of them fails.
        topic: of Kafka, for that.
    """
    config, hints = merge_flags(path, Flags())
    for hint in hints:
        Console(stderr=True, highlight=False).print(hint)
    _check_installed(config)
    if connects:
        # Clients of Redis and Kafka are loaded by who wants them.
        from pipeline.commands.connecting import print_contacts

        if not print_contacts(config, topic):
            return FAILED
    plan = build_plan(config)
    out = Console(highlight=False)
    out.print(_cameras(config, plan))
    clip = plan.encoder.clip
    lines = {
        "detector": getattr(config.detector, "model", config.detector.kind),
        "tracker": config.tracker.kind,
        "encoder": f"{plan.encoder.model_id}, clips of {clip.frames} crops of {clip.height}x{clip.width}",
        "threshold": _threshold(plan),
        "site": _site(config),
        "memory": f"tracks are forgotten after {config.matching.retention.keep_s / 3600:g} h",
        "runs on": f"{config.compute.provider}, {config.compute.threads} thread(s) a pass, "
        f"{config.processes(usable_cores())} process(es)",
        "writes": str(config.output.directory),
    }
    width = max(map(len, lines))
    out.print("\n".join(f"{key:<{width}}  {value}" for key, value in lines.items()), soft_wrap=True, markup=False)
    return 0


def _check_installed(config: PipelineConfig) -> None:
    """Raises what the run would, before anybody waits for it: a library, or the detector's network, is not here."""
    for module in needed_libraries(config):
        if find_spec(module) is None:
            raise ModuleNotFoundError(name=module)
    if isinstance(config.detector, NetworkDetectorConfig):
        find_artefact(config.detector.model)


def _threshold(plan: Plan) -> str:
    found = plan.calibration
    return f"calibrated, {found.overall.threshold:.3f}" if found else f"{plan.params.threshold:.3f}"


def _cameras(config: PipelineConfig, plan: Plan) -> Table:
    table = Table("camera", "source", "frames", "rate", "region")
    for camera in config.cameras:
        length = plan.lengths[camera.name]
        table.add_row(
            camera.name,
            redact(camera.source.get_secret_value()),
            "live" if camera.is_live else str(length or "unknown"),
            _rate(camera),
            "all" if camera.region is None else " ".join(map(str, camera.region)),
        )
    return table


def _rate(camera: CameraConfig) -> str:
    chosen = [f"{camera.frame_rate:g} (given)"] if camera.frame_rate else []
    return ", ".join([*chosen, *([f"at most {camera.max_fps:g}"] if camera.max_fps else [])]) or "its own"


def _site(config: PipelineConfig) -> str:
    site = config.site
    overlaps = [f"{a} and {b} overlap" for a, b in site.overlaps]
    walks = [
        f"{t.between[0]} {'to' if t.one_way else 'and'} {t.between[1]} {t.min_s:g} to {t.max_s or float('inf'):g} s"
        for t in site.transits
    ]
    return f"{site.name}: " + ("; ".join(overlaps + walks) or "nothing known of its ways")
