"""`reid-pipeline run`: the whole pipeline with one command."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.build import source_length
from pipeline.commands.outputs import clear_outputs, write_outputs
from pipeline.commands.stopping import StopSignal
from pipeline.config import PipelineConfig, load_site, parse, read_fields
from pipeline.config_errors import ConfigError
from pipeline.deployment.deployment import Deployment
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.model_zoo import is_at_hand
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.sources.errors import SourceError
from pipeline.telemetry.http_server import HealthServer

SHIPPED_ENCODER = "passerby-encoder"
"""What is taken where nobody named an encoder and none of the better ones was fetched."""
REDRAW_EVERY_S = 0.5
"""Between two looks at the progress bars: drawing is not free."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said; None, False or empty: nothing."""

    cameras: tuple[str, ...] = ()
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
    report: bool = False
    thumbnails: bool = False
    http_port: int | None = None


def run_pipeline(path: Path | None, flags: Flags, stop: StopSignal) -> int:
    """Runs until the files end, or until a signal to stop; returns the exit code."""
    console = Console(stderr=True, highlight=False)
    config, hints = merge_flags(path, flags)
    lengths = {camera.name: source_length(camera) for camera in config.cameras}
    for hint in hints:
        console.print(hint)
    started_s = time.monotonic()
    bars = _Bars(lengths, console)
    failed = _run(config, bars, stop)
    write_outputs(config, bars.frames, time.monotonic() - started_s, console, stop)
    return _say_failures(failed, console)


def _run(config: PipelineConfig, bars: "_Bars", stop: StopSignal) -> dict[str, SourceError]:
    """Runs it from building to closing; the recordings that failed, and why."""
    keep_to_one_thread()
    with ExitStack() as stack:
        deployment = stack.enter_context(Deployment(config))
        http = config.http
        if http.port is not None:
            stack.enter_context(HealthServer(deployment.health, deployment.registry, http.host, http.port))
        clear_outputs(config.output.directory)
        supervisor = deployment.connect(stack.enter_context(JsonLinesSink(config.output.directory / "events.jsonl")))
        stop.calls(supervisor.stop)
        with bars.of(deployment.frames):
            return supervisor.run()


def merge_flags(path: Path | None, flags: Flags) -> tuple[PipelineConfig, list[str]]:
    """The configuration file with what the command line said in its place.

    Returns:
        The configuration, and a hint for each network that nobody named and that is not on this machine.

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
    if flags.detector or "detector" not in fields:
        fields["detector"] = _detector(flags.detector, hints)
    if flags.encoder or "encoder" not in fields:
        fields["encoder"] = _encoder(flags.encoder, hints)
    _put(fields, "matching", calibration=flags.calibration)
    _put(fields, "matching.params", threshold=flags.threshold)
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
    return {"name": name, "source": source, "frame_rate": flags.frame_rate, "tiles": _tiles(flags.tiles)}


def _tiles(text: str | None) -> dict[str, int]:
    columns, by, rows = (text or "1x1").partition("x")
    if not by or not columns.isdecimal() or not rows.isdecimal():
        raise ConfigError(f"--tiles: expected COLUMNSxROWS, found {text!r}")
    return {"columns": int(columns), "rows": int(rows)}


def _detector(asked: str | None, hints: list[str]) -> dict[str, object]:
    if asked == "hog":
        return {"kind": "hog"}
    if asked is not None:
        return {"kind": "ultralytics" if asked.endswith(".pt") else "yolox", "model": asked}
    if is_at_hand("yolox-nano"):
        return {"kind": "yolox"}
    hints.append("Detector: HOG, which is weak. For a better one: reid-pipeline fetch yolox-nano")
    return {"kind": "hog"}


def _encoder(asked: str | None, hints: list[str]) -> dict[str, object]:
    if asked == "colour-stripes":
        return {"kind": "colour-stripes"}
    if asked is not None:
        return {"kind": "network", "model": asked}
    if is_at_hand("osnet-x0-25-msmt17"):
        return {"kind": "network"}
    hints.append(f"Encoder: {SHIPPED_ENCODER}, which is weak. For a better one: reid-pipeline fetch osnet-x0-25-msmt17")
    return {"kind": "network", "model": SHIPPED_ENCODER}


class _Bars:
    """A progress bar for each camera, on a terminal only.

    Attributes:
        frames: of each camera, once it has run.
    """

    def __init__(self, lengths: Mapping[str, int | None], console: Console) -> None:
        self.frames: Counter[str] = Counter(dict.fromkeys(lengths, 0))
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks = {camera: self._progress.add_task(camera, total=total) for camera, total in lengths.items()}
        self._is_over = threading.Event()

    @contextmanager
    def of(self, frames: Callable[[str], int]) -> Iterator[None]:
        """Shows meanwhile how many frames of each camera went through."""
        thread = threading.Thread(target=self._show, args=(frames,), name="bars", daemon=True)
        with self._progress:
            thread.start()
            try:
                yield
            finally:
                self._is_over.set()
                thread.join()

    def _show(self, frames: Callable[[str], int]) -> None:
        while not self._is_over.wait(REDRAW_EVERY_S):
            if not self._progress.disable:
                self._update(frames)
        self._update(frames)

    def _update(self, frames: Callable[[str], int]) -> None:
        for camera, task in self._tasks.items():
            self.frames[camera] = frames(camera)
            self._progress.update(task, completed=self.frames[camera])


def _say_failures(failed: Mapping[str, SourceError], console: Console) -> int:
    for error in failed.values():
        console.print(f"reid-pipeline: {error}", markup=False, soft_wrap=True)
    return 1 if failed else 0
