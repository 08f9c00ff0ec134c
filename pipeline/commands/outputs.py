"""What people look at after a run: the summary, the annotated videos, the report."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice, takewhile
from pathlib import Path

from rich.console import Console
from rich.progress import track as with_progress
from rich.table import Table

from passerby_events.recordings import read_events
from passerby_events.reducing import fold, persons_of_camera
from passerby_events.schema import IdentityEvent
from pipeline.build import USUAL_RATE, build_source
from pipeline.commands.advice import advise
from pipeline.commands.stopping import StopSignal
from pipeline.config import CameraConfig, PipelineConfig
from pipeline.output.annotate import annotate_video
from pipeline.output.causes import sum_causes
from pipeline.output.mosaic import write_mosaic
from pipeline.output.mot_files import read_tracks, tracks_path
from pipeline.output.person_labels import person_colours
from pipeline.telemetry.track_counts import TrackCounts
from pipeline.view.alike import VectorShelf
from pipeline.view.book import Book, take_all
from pipeline.view.frozen import CameraSummary, RunSummary, Video, write_report

A_REAL_CLOCK_S = 1e8
"""Times of recordings that nobody gave a date begin in 1970."""


def write_outputs(
    config: PipelineConfig,
    counts: Mapping[str, TrackCounts],
    took_s: float,
    console: Console,
    stop: StopSignal,
    *,
    to_stderr: bool = False,
    shelf: VectorShelf | None = None,
) -> None:
    """Draws what was asked for, and prints what came out and where it lies.

    With `to_stderr`, stdout is for the events. `shelf` has the vectors of the tracks, for the report.

    Videos take as long again as the run: a signal to stop, before or meanwhile, ends the drawing.
    """
    output = config.output
    events = list(read_events(output.directory / "events.jsonl"))
    cameras = _summaries(counts, events)
    advice = advise(config, counts, cameras)
    written = [output.directory / "events.jsonl"]
    videos = {} if config.is_live else _draw(config, counts, events, console, stop)
    drawn = sorted((output.directory / "videos").glob("*.mp4")) if output.videos or output.mosaic else []
    written += drawn
    if output.report:
        thumbnails = output.directory / "thumbnails" if output.thumbnails else None
        written.append(output.directory / "report.html")
        plan = {place.camera: place.at for place in config.site.plan}
        summary = RunSummary(config.site.name, cameras, took_s, plan=plan, videos=videos, shelf=shelf, advice=advice)
        write_report(written[-1], events, summary, thumbnails=thumbnails)
    results = Console(stderr=to_stderr, highlight=False)
    _print_cameras(cameras, results)
    _print_summary(events, cameras, took_s, results)
    for line in advice:
        results.print(line, soft_wrap=True)
    results.print("\n".join(map(str, written)), soft_wrap=True)


def _draw(
    config: PipelineConfig,
    counts: Mapping[str, TrackCounts],
    events: Sequence[IdentityEvent],
    console: Console,
    stop: StopSignal,
) -> dict[str, Video]:
    """The videos that were asked for, by camera; a mosaic is made of them."""
    output, videos = config.output, dict[str, Video]()
    if not (output.videos or output.mosaic):
        return videos
    files: dict[str, tuple[Path, float]] = {}
    for camera in config.cameras:
        if counts[camera.name].frames and not stop.is_set():
            files[camera.name] = _annotate(camera, events, counts[camera.name].frames, output.directory, console, stop)
    for name, (path, start_s) in files.items():
        videos[name] = Video(f"{path.parent.name}/{path.name}", start_s)
    if output.mosaic and files and not stop.is_set():
        write_mosaic(files, output.directory / "videos" / "mosaic.mp4", _read_clock(files))
    if stop.is_set():
        console.print("Stopped: annotated videos end early, or are missing.")
    return videos


def _read_clock(files: Mapping[str, tuple[Path, float]]) -> Callable[[float], str]:
    """How times read in a mosaic: of the day, or since the first frame where no clock was real."""
    first_s = min(start_s for _, start_s in files.values())
    if first_s > A_REAL_CLOCK_S:
        return lambda time_s: datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return lambda time_s: f"{time_s - first_s:.1f} s"


def _annotate(
    camera: CameraConfig,
    events: Sequence[IdentityEvent],
    count: int,
    directory: Path,
    console: Console,
    stop: StopSignal,
) -> tuple[Path, float]:
    """Reads the recording once more, now that everybody has a name: the video, and the time of its first frame."""
    frames = chain.from_iterable(build_source(camera, (), prefetches=True))
    first = list(islice(frames, min(2, count)))
    fps = 1 / (first[1].time_s - first[0].time_s) if len(first) == 2 else USUAL_RATE
    others = takewhile(lambda _: not stop.is_set(), islice(frames, max(0, count - 2)))
    shown = with_progress(
        chain(first, others), f"drawing {camera.name}", total=count, console=console, disable=not console.is_terminal
    )
    tracks = read_tracks(tracks_path(directory, camera.name))
    folded = fold(events)
    persons = persons_of_camera(folded.persons_by_track, camera.name)
    path = directory / "videos" / f"{camera.name}.mp4"
    annotate_video(shown, tracks, persons, path, colours=person_colours(event.person for event in events), fps=fps)
    return path, first[0].time_s if first else 0.0


def _summaries(counts: Mapping[str, TrackCounts], events: Sequence[IdentityEvent]) -> tuple[CameraSummary, ...]:
    persons = fold(events).persons_by_track
    named = Counter(track.camera for track in persons)
    cameras_of = Counter(person for person, _ in {(person, track.camera) for track, person in persons.items()})
    joined = Counter(track.camera for track, person in persons.items() if cameras_of[person] > 1)
    return tuple(
        CameraSummary(
            name,
            count.frames,
            count.seen,
            count.encoded,
            named=named[name],
            joined=joined[name],
            not_encoded=count.not_encoded,
            poor_boxes=count.poor_share if count.poor_boxes else "",
        )
        for name, count in counts.items()
    )


def _print_cameras(cameras: Sequence[CameraSummary], results: Console) -> None:
    """What became of the tracks of each; those that are not encoded can have no name, joined are those of people whom
    another camera saw too."""
    table = Table("camera", "frames", "tracks", "encoded", "named", "joined", "not encoded")
    for each in cameras:
        numbers = each.frames, each.tracks, each.encoded, each.named, each.joined
        table.add_row(each.name, *(f"{number:,}" for number in numbers), sum_causes(each.not_encoded))
    results.print(table)
    for each in cameras:
        if each.encoded > each.named:
            unnamed = f"{each.encoded - each.named:,} of {each.encoded:,} encoded tracks"
            results.print(f"camera {each.name}: {unnamed} showed too little for a name", soft_wrap=True)
        if each.poor_boxes:
            results.print(f"camera {each.name}: poor boxes: {each.poor_boxes}", soft_wrap=True)


def _print_summary(
    events: Sequence[IdentityEvent], cameras: Sequence[CameraSummary], took_s: float, results: Console
) -> None:
    found = take_all(Book(), events).counts()
    table = Table("cameras", "frames", "frames/s", "tracks with a name", "persons", "in several cameras")
    total = sum(camera.frames for camera in cameras)
    table.add_row(
        str(len(cameras)),
        f"{total:,}",
        f"{total / took_s:.1f}",
        f"{len({event.seen.key for event in events}):,}",
        f"{found['persons']:,}",
        f"{found['in_several_cameras']:,}",
    )
    results.print(table)
