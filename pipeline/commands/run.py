"""`reid-pipeline run`: the whole pipeline in one process."""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.build import Process, source_length
from pipeline.camera_loop import Step
from pipeline.commands.outputs import write_outputs
from pipeline.commands.signals import stops_on_signal
from pipeline.config import ConfigError, PipelineConfig, load_site, parse, read_fields
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.health import HealthServer
from pipeline.models import is_at_hand
from pipeline.source_errors import SourceError

REDRAW_EVERY = 10
"""Frames of a camera between two looks at its progress bar: drawing is not free."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said; None, False or empty: nothing."""

    cameras: tuple[str, ...]
    detector: str | None
    encoder: str | None
    site: Path | None
    calibration: Path | None
    threshold: float | None
    frame_rate: float | None
    tiles: str | None
    provider: str | None
    out: Path | None
    videos: bool
    report: bool
    thumbnails: bool
    http_port: int | None


def run_pipeline(path: Path | None, flags: Flags) -> int:
    """Runs until the files end, or until SIGTERM or SIGINT; returns the exit code."""
    talk = Console(stderr=True, highlight=False)
    config = merged(path, flags, talk)
    lengths = {camera.name: source_length(camera) for camera in config.cameras}
    started_s = time.monotonic()
    with ExitStack() as stack:
        bars = stack.enter_context(_Bars(lengths, talk))
        process = stack.enter_context(Process(config, watchers=[bars.step]))
        sink = stack.enter_context(JsonLinesSink(config.output.directory / "events.jsonl"))
        supervisor = process.connect(sink)
        http = config.http
        if http.port is not None:
            stack.enter_context(HealthServer(process.health, process.metrics.registry, http.host, http.port))
        with stops_on_signal(supervisor.stop):
            failed = supervisor.run()
    write_outputs(config, bars.frames, time.monotonic() - started_s, talk)
    return _say_failures(failed, talk)


def merged(path: Path | None, flags: Flags, talk: Console) -> PipelineConfig:
    """The configuration file with what the command line said in its place.

    Raises:
        ConfigError: in one line.
    """
    fields = read_fields(path) if path else {}
    if flags.cameras:
        fields["cameras"] = [_camera(text, flags) for text in flags.cameras]
    if not fields.get("cameras"):
        raise ConfigError("expected a configuration file, or --camera NAME=SOURCE at least once; found neither")
    if flags.site:
        fields["site"] = load_site(flags.site)
    if flags.detector or "detector" not in fields:
        fields["detector"] = _detector(flags.detector, talk)
    if flags.encoder or "encoder" not in fields:
        fields["encoder"] = _encoder(flags.encoder, talk)
    _put(fields, "matching", calibration=flags.calibration, threshold=flags.threshold)
    _put(fields, "compute", provider=flags.provider)
    _put(fields, "http", port=flags.http_port)
    _put(
        fields,
        "output",
        directory=flags.out,
        videos=flags.videos or None,
        report=flags.report or None,
        thumbnails=flags.thumbnails or None,
    )
    return parse(PipelineConfig, fields, path or "command line")


def _put(fields: dict[str, object], section: str, **said: object) -> None:
    """What was said replaces that of a section; what was not stays."""
    before = fields.get(section, {})
    if not isinstance(before, dict):
        raise ConfigError(f"{section}: expected keys and values, found {before!r}")
    fields[section] = {**before, **{key: value for key, value in said.items() if value is not None}}


def _camera(text: str, flags: Flags) -> dict[str, object]:
    name, equals, source = text.partition("=")
    if not equals or not name or not source:
        raise ConfigError(f"--camera: expected NAME=SOURCE, found {'*' if '://' in text else text!r}")
    return {"name": name, "source": source, "frame_rate": flags.frame_rate, "tiles": _tiles(flags.tiles)}


def _tiles(text: str | None) -> dict[str, int]:
    columns, by, rows = (text or "1x1").partition("x")
    if not by or not columns.isdecimal() or not rows.isdecimal():
        raise ConfigError(f"--tiles: expected COLUMNSxROWS, found {text!r}")
    return {"columns": int(columns), "rows": int(rows)}


def _detector(asked: str | None, talk: Console) -> dict[str, object]:
    if asked == "hog":
        return {"kind": "hog"}
    if asked is not None:
        return {"kind": "ultralytics" if asked.endswith(".pt") else "yolox", "model": asked}
    if is_at_hand("yolox-nano"):
        return {"kind": "yolox"}
    talk.print("Detector: HOG, which is weak. For a better one: reid-pipeline fetch yolox-nano")
    return {"kind": "hog"}


def _encoder(asked: str | None, talk: Console) -> dict[str, object]:
    if asked == "stripes":
        return {"kind": "stripes"}
    if asked is not None:
        return {"kind": "network", "model": asked}
    if is_at_hand("osnet-x0-25-msmt17"):
        return {"kind": "network"}
    talk.print("Encoder: stripes of colour, which is weak. For a better one: reid-pipeline fetch osnet-x0-25-msmt17")
    return {"kind": "stripes"}


class _Bars:
    """A progress bar for each camera; counts its frames."""

    def __init__(self, lengths: Mapping[str, int | None], talk: Console) -> None:
        self.frames: Counter[str] = Counter(dict.fromkeys(lengths, 0))
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=talk,
        )
        self._lengths = lengths
        self._tasks = {camera: self._progress.add_task(camera, total=total) for camera, total in lengths.items()}

    def step(self, step: Step) -> None:
        camera = step.frame.camera
        self.frames[camera] += 1
        if self.frames[camera] % REDRAW_EVERY == 0:
            self._progress.update(self._tasks[camera], completed=self.frames[camera])

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        for camera, task in self._tasks.items():
            self._progress.update(task, completed=self.frames[camera])
        self._progress.stop()


def _say_failures(failed: Mapping[str, SourceError], talk: Console) -> int:
    for error in failed.values():
        talk.print(f"reid-pipeline: {error}", markup=False, soft_wrap=True)
    return 1 if failed else 0
