"""Writes the report: one HTML file that needs nothing else, no network and no scripts (they only sort tables)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from passerby_events.errors import PasserbyError
from passerby_events.schema import IdentityEvent
from pipeline.output.causes import sum_causes
from pipeline.output.files import written_whole
from pipeline.output.report.clockface import Clockface
from pipeline.output.report.presence import Person, people
from pipeline.output.report.tables import cameras_table, matches_table, merge_split_table, persons_table
from pipeline.output.report.thumbnails import Thumbnails
from pipeline.output.report.timeline import timeline

SHORTEST_S = 1.0
"""The time axis covers this much at least."""
GOLDEN_ANGLE_DEG = 137.508
FIRST_HUE_DEG = 205.0
NO_THUMBNAILS = "No images were kept. <code>reid-pipeline run --thumbnails</code> keeps one of each tracklet."


class ReportError(PasserbyError):
    """The report cannot be written."""


@dataclass(frozen=True, slots=True)
class CameraSummary:
    """What one camera contributed.

    Attributes:
        name: of the camera.
        frames: how many were looked at.
        tracks: how many tracks they gave.
        encoded: those of which there is an embedding.
        named: those that are somebody.
        joined: those that are somebody whom another camera saw too.
        not_encoded: how many are not, by reason.
        poor_boxes: the share of boxes that something speaks against, in words.
    """

    name: str
    frames: int
    tracks: int
    encoded: int = 0
    named: int = 0
    joined: int = 0
    not_encoded: Mapping[str, int] = field(default_factory=dict)
    poor_boxes: str = ""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What the events do not tell about a run.

    Attributes:
        site: name of the site.
        cameras: in the order in which they shall be shown.
        took_s: wall time of the run, seconds.
        advice: what would change most.
    """

    site: str
    cameras: tuple[CameraSummary, ...]
    took_s: float
    advice: tuple[str, ...] = ()


def write_report(
    path: Path, events: Sequence[IdentityEvent], summary: RunSummary, *, thumbnails: Path | None = None
) -> None:
    """Writes the report of a run.

    Args:
        path: of the HTML file; its folder is made.
        events: of the run, in order.
        summary: of the run; cameras that only the events name are added.
        thumbnails: folder of the images, if they were kept.

    Raises:
        ReportError: if the file cannot be written.
    """
    page = render(events, summary, Thumbnails(thumbnails))
    try:
        with written_whole(path) as partial:
            partial.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"expected to write a report to {path}: {error.strerror}; name another folder") from error


def render(events: Sequence[IdentityEvent], summary: RunSummary, thumbnails: Thumbnails) -> str:
    """The page as text."""
    persons = people(events)
    by_id = {person.person: person for person in persons}
    named = [camera.name for camera in summary.cameras]
    cameras = list(dict.fromkeys([*named, *sorted(event.seen.camera for event in events)]))
    clock = _clockface(events)
    shown = {
        "timeline": timeline(persons, clock, _camera_colours(cameras)),
        "matches": matches_table(events, by_id, clock, thumbnails),
        "merge_split": merge_split_table(events, by_id, clock, thumbnails),
        "persons": persons_table(persons, clock, thumbnails),
        "cameras": cameras_table(persons, cameras),
    }
    return Template(resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")).substitute(
        shown,
        site=escape(summary.site),
        span=clock.span(),
        tiles=_tiles(events, summary, persons),
        contributions=_contributions(summary.cameras),
        advice=_advice(summary.advice),
        thumbnail_note="" if thumbnails.were_kept else f'<p class="note">{NO_THUMBNAILS}</p>',
        thumbnails=thumbnails.css(),
        models=escape(", ".join(sorted({event.model_id for event in events if event.kind != "track.ended"}))) or "none",
    )


def _clockface(events: Sequence[IdentityEvent]) -> Clockface:
    start_s = min((event.seen.start for event in events), default=0.0)
    end_s = max((event.seen.end for event in events), default=0.0)
    is_real = any(event.seen.clock != "container" for event in events)
    return Clockface(start_s, max(end_s, start_s + SHORTEST_S), is_real)


def _camera_colours(cameras: Iterable[str]) -> Mapping[str, str]:
    """Hues a golden angle apart: however many there are, neighbours in the list are far apart."""
    return {
        camera: f"hsl({(FIRST_HUE_DEG + i * GOLDEN_ANGLE_DEG) % 360:.0f} 62% 52%)" for i, camera in enumerate(cameras)
    }


def _tiles(events: Sequence[IdentityEvent], summary: RunSummary, persons: Sequence[Person]) -> str:
    matched = sum(event.kind == "person.matched" for event in events)
    facts = {
        "cameras": len(summary.cameras),
        "frames": sum(camera.frames for camera in summary.cameras),
        "tracks": sum(camera.tracks for camera in summary.cameras),
        "persons": len(persons),
        "in several cameras": sum(len(person.cameras) > 1 for person in persons),
        "matches": matched,
        "merges and splits": sum(event.kind in ("person.merged", "person.split") for event in events),
        "seconds it took": round(summary.took_s),
    }
    return "".join(f"<div><b>{count:,}</b><span>{word}</span></div>" for word, count in facts.items())


def _contributions(cameras: Iterable[CameraSummary]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(camera.name)}</th><td class="number">{camera.frames:,}</td>'
        f'<td class="number">{camera.tracks:,}</td><td class="number">{camera.encoded:,}</td>'
        f'<td class="number">{camera.named:,}</td><td class="number">{camera.joined:,}</td>'
        f"<td>{escape(sum_causes(camera.not_encoded))}</td><td>{escape(camera.poor_boxes)}</td></tr>"
        for camera in cameras
    )
    titles = "Camera", "Frames", "Tracks", "Encoded", "Named", "Joined", "Not encoded", "Poor boxes"
    heads = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _advice(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return (
        f'<p class="note">What would change most:</p><ul>{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul>'
    )
