"""`reid-export bench`: how fast artefacts are, beside torch and beside what this machine allows."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from export.bench.costs import Costs, Peak, count_costs, measure_peak
from export.bench.plot import draw
from export.bench.rounds import Size, Timing, time_ways, timing
from export.graph.sources import Sizes, random_subject, trained_subject
from export.target import check_folder, write_text
from export.verification.sessions import TorchSession, check_source
from export.verification.trials import SamplesError, check_alike
from reid_runtime.card import ModelCard, read_card
from reid_runtime.load import load_session, providers_of, working_providers
from reid_runtime.session import Arrays, Provider, Session

BUILDS_FOR_MINUTES: tuple[Provider, ...] = ("tensorrt",)
"""Providers that are measured only where they are named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Attributes:
        files: artefacts of one network.
        out: folder for the figures and the plot.
        checkpoint: folder of the run, for torch beside them; None: without.
        network: where there is no run, which network of random weights is torch's: it takes as long.
        batches: N of each.
        frames: T of each; none: that of the card.
        providers: where to run; none: all that work.
        rounds: in each, every way runs once.
        is_compiled: whether torch.compile is among them.
        threads: on the processor.
    """

    files: Sequence[Path]
    out: Path
    checkpoint: Path | None = None
    network: str | None = None
    batches: Sequence[int] = (1, 4, 16)
    frames: Sequence[int] = ()
    providers: Sequence[Provider] = field(default=())
    rounds: int = 20
    is_compiled: bool = True
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """An artefact, or torch, ready to run."""

    name: str
    session: Session
    file: Path | None = None


def run(asked: Asked, figures: Console, console: Console) -> list[Timing]:
    """Measures, prints the table, and leaves `bench.json` and `bench.png` in the folder.

    Args:
        asked: see there.
        figures: where the table is printed.
        console: for progress.

    Raises:
        PasserbyError: if an artefact cannot be loaded, or takes no such clips; one line.
    """
    cards = [read_card(file) for file in asked.files]
    for card in cards[1:]:
        check_alike(card, cards[0])
    sizes = _sizes(asked, cards[0])
    check_folder(asked.out)
    ways = _ways(asked)
    card = cards[0]
    peak = measure_peak(threads=asked.threads)
    timings: list[Timing] = []
    bar = Progress(console=console, disable=not console.is_terminal, transient=True)
    with bar as progress, tempfile.TemporaryDirectory() as folder:
        task = progress.add_task("rounds", total=asked.rounds * len(sizes))
        for size in sizes:
            timings += _measured(asked, ways, size, peak, Path(folder), lambda: progress.advance(task))
    title = f"{card.name}, {asked.threads} threads, median of {asked.rounds} interleaved rounds"
    figures.print(title, soft_wrap=True)
    figures.print(_table(timings))
    figures.print(
        f"this machine now: {peak.flop_per_s / 1e9:.0f} GFLOP/s in float32, {peak.int8_per_s / 1e9:.0f} G/s in 8 bits, "
        f"{peak.bytes_per_s / 1e9:.1f} GB/s copied",
        soft_wrap=True,
    )
    asked.out.mkdir(parents=True, exist_ok=True)
    record = {"title": title, "peak": asdict(peak), "timings": [asdict(each) for each in timings]}
    write_text(asked.out / "bench.json", json.dumps(record, indent=1) + "\n")
    draw(timings, asked.out / "bench.png", title=title)
    return timings


def _ways(asked: Asked) -> list[_Way]:
    providers = asked.providers or [
        provider
        for provider, fault in working_providers().items()
        if fault is None and provider not in BUILDS_FOR_MINUTES
    ]
    found = [
        _Way(f"{file.stem} {provider}", load_session(file, provider=provider, threads=asked.threads), file)
        for file in asked.files
        for provider in _that_run(file, providers)
    ]
    if not found:
        raise SamplesError(
            f"expected a provider that runs {asked.files[0].name}, found {', '.join(providers)}: "
            "name another --provider"
        )
    return [*found, *_ways_of_torch(asked, on_gpu="cuda" in providers)]


def _ways_of_torch(asked: Asked, *, on_gpu: bool) -> list[_Way]:
    """Eager, compiled, and on a GPU in half precision too."""
    card = read_card(asked.files[0])
    if asked.checkpoint is not None:
        subject = trained_subject(asked.checkpoint)
    elif asked.network is not None:
        subject = random_subject(asked.network, seed=0, sizes=_sizes_of(card))
    else:
        return []
    check_source(subject, card)
    network = subject.network
    torch.set_num_threads(asked.threads)
    device = "cuda" if on_gpu else "cpu"
    network = network.to(device)
    where = " cuda" if on_gpu else ""
    found = [_Way(f"torch eager{where}", TorchSession(network, card, device=device))]
    if on_gpu:
        found.append(_Way(f"torch eager{where}, fp16", TorchSession(network, card, device=device, is_half=True)))
    if asked.is_compiled:
        compiled = torch.compile(network)
        found.append(_Way(f"torch.compile{where}", TorchSession(compiled, card, device=device)))
    return found


def _sizes_of(card: ModelCard) -> Sizes:
    """Of a network that takes what the artefact takes."""
    if card.clip is not None:
        return Sizes(card.clip.frames, card.clip.height, card.clip.width)
    return Sizes() if card.detection is None else Sizes(None, card.detection.height, card.detection.width)


def _that_run(file: Path, asked: Sequence[Provider]) -> Sequence[Provider]:
    """Of an engine and of Intel's files their own; of others those that were asked for."""
    able = providers_of(file, read_card(file))
    return able if len(able) == 1 else [provider for provider in asked if provider in able]


def _sizes(asked: Asked, card: ModelCard) -> list[Size]:
    """Those that the network takes.

    Raises:
        SamplesError: if it takes none of them.
    """
    batch, *others = card.inputs[0].shape
    batches = [size for size in asked.batches if batch in (None, size)] or ([batch] if batch else [])
    if card.clip is None:
        if asked.frames:
            raise SamplesError(f"{card.name} takes images, found --frames {asked.frames[0]}: leave it away")
        return [Size(size, 0) for size in batches]
    frames = list(asked.frames) or [card.clip.frames]
    wrong = [length for length in frames if others[0] not in (None, length)]
    if wrong:
        raise SamplesError(f"{card.name} takes clips of {others[0]} frames, found --frames {wrong[0]}: leave it away")
    return [Size(size, length) for length in frames for size in batches]


def _measured(
    asked: Asked, ways: Sequence[_Way], size: Size, peak: Peak, folder: Path, advance: Callable[[], None]
) -> list[Timing]:
    inputs = {way.name: noise_for(way.session.card, size) for way in ways}
    shape = inputs[ways[0].name][ways[0].session.card.inputs[0].name].shape
    calls = {way.name: _call(way.session, inputs[way.name]) for way in ways}
    taken = time_ways(calls, rounds=asked.rounds, advance=advance)
    found = []
    for way in ways:
        costs = _costs(way, shape, folder)
        least_s = None if costs is None else peak.least_s(costs, way.session.card.precision)
        found.append(timing(way.name, size, taken[way.name], least_s=least_s))
    return found


def _call(session: Session, inputs: Arrays) -> Callable[[], object]:
    return lambda: session.run(inputs)


def _costs(way: _Way, shape: tuple[int, ...], folder: Path) -> Costs | None:
    """Of ONNX files; the peak is that of the processor."""
    is_counted = way.file is not None and way.file.suffix == ".onnx"
    return count_costs(way.file, shape, folder) if is_counted and way.file is not None else None


def noise_for(card: ModelCard, size: Size | None = None) -> dict[str, NDArray[Any]]:
    """What a network takes: noise for the first input, ones for others; one clip or image where no size is named."""
    rng = np.random.default_rng(0)
    first, *others = card.inputs
    batch, *rest = first.shape
    shape = [size.batch if size else batch or 1, *(side or 1 for side in rest)]
    if card.clip is not None:
        shape[1] = size.frames if size else card.clip.frames
    if card.detection is not None:
        shape[2:4] = card.detection.height, card.detection.width
    noise = rng.integers(0, 256, shape).astype(first.dtype)
    ones = {
        spec.name: np.ones([own or side for own, side in zip(spec.shape, shape, strict=False)], spec.dtype)
        for spec in others
    }
    return {first.name: noise, **ones}


def _table(timings: Sequence[Timing]) -> Table:
    found = Table()
    for column in ("way", "N", "T", "median, ms", "p95, ms", "a second", "of the roofline"):
        found.add_column(column, justify="left" if column == "way" else "right")
    for each in timings:
        found.add_row(
            each.way,
            str(each.size.batch),
            str(each.size.frames or ""),
            f"{each.median_ms:.1f}",
            f"{each.p95_ms:.1f}",
            f"{each.per_s:.1f}",
            "" if each.roofline is None else f"{each.roofline:.0%}",
        )
    return found
