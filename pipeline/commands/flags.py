"""What the command line, or a program, says in the place of a configuration file, and what is taken where none does."""

from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.commands.presets import describe_preset, find_preset
from pipeline.config import (
    ColourStripesConfig,
    HogConfig,
    NetworkConfig,
    NetworkDetectorConfig,
    PipelineConfig,
    UltralyticsConfig,
)
from pipeline.config_errors import ConfigError
from pipeline.config_files import load_site, parse, read_fields
from pipeline.model_zoo import is_at_hand

SHIPPED_ENCODER = "passerby-encoder"
"""What is taken where nobody named an encoder and none of the better ones was fetched."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said; None, False or empty: nothing.

    Attributes:
        preset: see `pipeline.commands.presets`; what else was said replaces what it stands for.
        topic: of Kafka, for the events, beside the file.
        prints_events: to stdout, too; what else would be printed there goes to stderr.
        view: serve the view of the run while it goes on.
        images: the view may show them.
    """

    cameras: tuple[str, ...] = ()
    preset: str | None = None
    detector: str | None = None
    encoder: str | None = None
    site: Path | None = None
    calibration: Path | None = None
    threshold: float | None = None
    frame_rate: float | None = None
    tiles: str | None = None
    provider: str | None = None
    out: Path | None = None
    videos: bool = False
    mosaic: bool = False
    report: bool = False
    thumbnails: bool = False
    http_port: int | None = None
    topic: str | None = None
    prints_events: bool = False
    view: bool = False
    images: bool = False
    view_port: int | None = None


def merge_flags(path: Path | None, flags: Flags) -> tuple[PipelineConfig, list[str]]:
    """The configuration file with what the command line said in its place.

    Returns:
        The configuration, and what to tell: what a preset chose, and a hint for each network that nobody named and that
        is not on this machine.

    Raises:
        ConfigError: in one line.
    """
    fields = read_fields(path) if path else {}
    hints: list[str] = []
    if flags.cameras:
        fields["cameras"] = [_camera(text, flags) for text in flags.cameras]
    if not fields.get("cameras"):
        raise ConfigError("expected a configuration file, or --camera NAME=SOURCE at least once; found neither")
    if flags.site:
        fields["site"] = load_site(flags.site)
    if flags.preset:
        preset = find_preset(flags.preset)
        hints.append(describe_preset(flags.preset, preset))
        flags = replace(
            flags,
            detector=flags.detector or preset.detector,
            encoder=flags.encoder or preset.encoder,
            provider=flags.provider or preset.provider,
        )
    if flags.detector or "detector" not in fields:
        fields["detector"] = choose_detector(flags.detector, hints)
    if flags.encoder or "encoder" not in fields:
        fields["encoder"] = choose_encoder(flags.encoder, hints)
    _put(fields, "matching", calibration=flags.calibration)
    _put(fields, "matching.params", threshold=flags.threshold)
    _put(fields, "compute", provider=flags.provider)
    _put(fields, "http", port=flags.http_port)
    _put(fields, "view", port=flags.view_port, images=flags.images or None)
    _put(
        fields,
        "output",
        directory=flags.out,
        videos=flags.videos or None,
        mosaic=flags.mosaic or None,
        report=flags.report or None,
        thumbnails=flags.thumbnails or None,
    )
    return parse(PipelineConfig, fields, path or "command line"), hints


def _put(fields: dict[str, object], section: str, **options: object) -> None:
    """What was said replaces that of a section, or of one within; what was not stays."""
    within = fields
    for name in section.split("."):
        before = within.get(name, {})
        if not isinstance(before, dict):
            raise ConfigError(f"{section}: expected keys and values, found {before!r}")
        within[name] = within = dict(before)
    within.update({key: value for key, value in options.items() if value is not None})


def _camera(text: str, flags: Flags) -> dict[str, object]:
    name, equals, source = text.partition("=")
    if not equals or not name or not source:
        raise ConfigError(f"--camera: expected NAME=SOURCE, found {'*' if '://' in text else text!r}")
    if source.isdecimal() and not Path(source).exists():
        source = f"/dev/video{int(source)}"
    return {"name": name, "source": source, "frame_rate": flags.frame_rate, "tiles": _tiles(flags.tiles)}


def _tiles(text: str | None) -> dict[str, int]:
    columns, by, rows = (text or "1x1").partition("x")
    if not by or not columns.isdecimal() or not rows.isdecimal():
        raise ConfigError(f"--tiles: expected COLUMNSxROWS, found {text!r}")
    return {"columns": int(columns), "rows": int(rows)}


def choose_detector(asked: str | None, hints: list[str]) -> NetworkDetectorConfig | HogConfig | UltralyticsConfig:
    """The detector of that name, or the best that is on this machine; adds a hint where a better one is not."""
    if asked == "hog":
        return HogConfig(kind="hog")
    if asked is not None and asked.endswith(".pt"):
        return UltralyticsConfig(kind="ultralytics", model=Path(asked))
    if asked is not None:
        return NetworkDetectorConfig(model=asked)
    if is_at_hand(NetworkDetectorConfig().model):
        return NetworkDetectorConfig()
    hints.append(f"Detector: HOG, which is weak. For a better one: reid-pipeline fetch {NetworkDetectorConfig().model}")
    return HogConfig(kind="hog")


def choose_encoder(asked: str | None, hints: list[str]) -> NetworkConfig | ColourStripesConfig:
    """The encoder of that name, or the best that is on this machine; adds a hint where a better one is not."""
    if asked == "colour-stripes":
        return ColourStripesConfig(kind="colour-stripes")
    if asked is not None:
        return NetworkConfig(model=asked)
    if is_at_hand(NetworkConfig().model):
        return NetworkConfig()
    better = NetworkConfig().model
    hints.append(f"Encoder: {SHIPPED_ENCODER}, which is weak. For a better one: reid-pipeline fetch {better}")
    return NetworkConfig(model=SHIPPED_ENCODER)
