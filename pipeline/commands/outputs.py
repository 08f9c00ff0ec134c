"""What people look at after a run: the summary, the annotated videos, the report."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
from pipeline.output.mot_files import read_tracks, tracks_path
from pipeline.output.person_labels import person_colours
from pipeline.output.report.presence import people
from pipeline.output.report.report import CameraSummary, RunSummary, write_report
from pipeline.telemetry.track_counts import TrackCounts


def write_outputs(
    config: PipelineConfig,
    counts: Mapping[str, TrackCounts],
    took_s: float,
    console: Console,
    stop: StopSignal,
    *,
    to_stderr: bool = False,
) -> None:
    """Draws what was asked for, and prints what came out and where it lies.

    With `to_stderr`, stdout is for the events.

    Videos take as long again as the run: a signal to stop, before or meanwhile, ends the drawing.
    """
    output = config.output
    events = list(read_events(output.directory / "events.jsonl"))
    cameras = _summaries(counts, events)
    advice = advise(config, counts, cameras)
    written = [output.directory / "events.jsonl"]
    if output.videos:
        written += [
            _annotate(camera, events, counts[camera.name].frames, output.directory, console, stop)
            for camera in config.cameras
            if counts[camera.name].frames and not stop.is_set()
        ]
    if output.videos and stop.is_set():
        console.print("Stopped: annotated videos end early, or are missing.")
    if output.report:
        thumbnails = output.directory / "thumbnails" if output.thumbnails else None
        written.append(output.directory / "report.html")
        summary = RunSummary(config.site.name, cameras, took_s, advice)
        write_report(written[-1], events, summary, thumbnails=thumbnails)
    results = Console(stderr=to_stderr, highlight=False)
    _print_cameras(cameras, results)
    _print_summary(events, cameras, took_s, results)
    for line in advice:
        results.print(line, soft_wrap=True)
    results.print("\n".join(map(str, written)), soft_wrap=True)


def _annotate(
    camera: CameraConfig,
    events: Sequence[IdentityEvent],
    count: int,
    directory: Path,
    console: Console,
    stop: StopSignal,
) -> Path:
    """Reads the recording once more, now that everybody has a name."""
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
    annotate_video(shown, tracks, persons, path, colours=person_colours(folded.persons), fps=fps)
    return path


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
            poor_boxes=count.poor_share,
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
        if not each.poor_boxes.startswith("0 %"):
            results.print(f"camera {each.name}: of the boxes were poor {each.poor_boxes}", soft_wrap=True)


def _print_summary(
    events: Sequence[IdentityEvent], cameras: Sequence[CameraSummary], took_s: float, results: Console
) -> None:
    persons = people(events)
    table = Table("cameras", "frames", "frames/s", "tracks with a name", "persons", "in several cameras")
    total = sum(camera.frames for camera in cameras)
    table.add_row(
        str(len(cameras)),
        f"{total:,}",
        f"{total / took_s:.1f}",
        f"{len({event.seen.key for event in events}):,}",
        f"{len(persons):,}",
        f"{sum(len(person.cameras) > 1 for person in persons):,}",
    )
    results.print(table)
