"""The tables of the report: matches with their reasons, persons, and who was in which two cameras."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from uuid import UUID

from passerby_events.reasons import describe
from passerby_events.schema import EventSighting, IdentityEvent, Joined, MergeSplit, PersonMatched, RunnerUp
from pipeline.output.person_labels import short_name
from pipeline.output.report.clockface import Clockface
from pipeline.output.report.presence import Person, shared_persons
from pipeline.output.report.thumbnails import Thumbnails
from pipeline.output.report.timeline import chip

NOTHING = '<td class="faint">–</td>'  # noqa: RUF001 (a dash, not a hyphen, is meant)


def matches_table(
    events: Iterable[IdentityEvent], persons: Mapping[UUID, Person], clock: Clockface, thumbnails: Thumbnails
) -> str:
    """A row per match: both sightings, how similar, and why it was nobody else."""
    rows = "".join(_match(event, persons, clock, thumbnails) for event in events if event.kind == "person.matched")
    heads = ["When", "Person", "Seen", "Seen before", "Similarity", "Probability", "Margin", "Threshold", "Runners-up"]
    return _table(heads, rows, empty="No track was recognised as somebody known.")


def merge_split_table(
    events: Iterable[IdentityEvent], persons: Mapping[UUID, Person], clock: Clockface, thumbnails: Thumbnails
) -> str:
    """A row per merge or split: which tracks were taken for whom, who they are, and why."""
    rows = "".join(
        _merge_split_row(event, persons, clock, thumbnails)
        for event in events
        if event.kind == "person.merged" or event.kind == "person.split"
    )
    heads = [
        "When",
        "What",
        "Taken for",
        "Is",
        "Tracks",
        "Seen",
        "Most like",
        "Similarity",
        "Margin",
        "Threshold",
        "Why",
    ]
    return _table(heads, rows, empty="No decision was taken back.")


def persons_table(persons: Iterable[Person], clock: Clockface, thumbnails: Thumbnails) -> str:
    """A row per person: when, where, and an image of each track."""
    rows = "".join(_person(person, clock, thumbnails) for person in persons)
    heads = ["Person", "First seen", "Last seen", "Cameras", "Tracks"]
    return _table([*heads, "Images"] if thumbnails.were_kept else heads, rows, empty="Nobody was seen.")


def cameras_table(persons: Sequence[Person], cameras: Sequence[str]) -> str:
    """How many persons each two cameras share; the darker the more."""
    counts = shared_persons(persons, cameras)
    most = max(1, int(counts.max(initial=0)))
    heads = "".join(f'<th scope="col">{escape(camera)}</th>' for camera in cameras)
    rows = "".join(
        f'<tr><th scope="row">{escape(camera)}</th>'
        + "".join(f'<td class="cell" style="--share:{count / most:.2f}">{count}</td>' for count in row)
        + "</tr>"
        for camera, row in zip(cameras, counts.tolist(), strict=True)
    )
    return f'<table class="matrix"><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _table(heads: Iterable[str], rows: str, *, empty: str) -> str:
    if not rows:
        return f'<p class="note">{empty}</p>'
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f'<div class="wide"><table class="sortable"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _match(event: PersonMatched, persons: Mapping[UUID, Person], clock: Clockface, thumbnails: Thumbnails) -> str:
    runners_up = (
        "".join(_runner_up(runner_up, persons) for runner_up in event.runners_up)
        or '<li class="faint">nobody else came near</li>'
    )
    return (
        f'<tr><td data-value="{event.seen.start}">{clock.read(event.seen.start)}</td>'
        f"<td>{_name(event.person, persons)}</td>{_sighting(event.seen, clock, thumbnails)}"
        f"{_sighting(event.seen_before, clock, thumbnails)}{_similarity(event.similarity, event.threshold)}"
        f"{_number(event.probability, percent=True)}{_number(event.margin)}"
        f'{_number(event.threshold)}<td><ul class="runners-up">{runners_up}</ul></td></tr>'
    )


def _merge_split_row(
    event: MergeSplit, persons: Mapping[UUID, Person], clock: Clockface, thumbnails: Thumbnails
) -> str:
    what = "two are one" if event.kind == "person.merged" else "one is two"
    why = "" if event.kind == "person.merged" else f"{escape(describe(event.reason))}"
    return (
        f'<tr><td data-value="{event.seen.end}">{clock.read(event.seen.end)}</td><td>{what}</td>'
        f"<td>{_name(event.other, persons)}</td><td>{_name(event.person, persons)}</td><td>{len(event.moved)}</td>"
        f"{_sighting(event.seen, clock, thumbnails)}{_joined(event.joined, clock, thumbnails)}"
        f'<td class="faint">{why}</td></tr>'
    )


def _joined(joined: Joined | None, clock: Clockface, thumbnails: Thumbnails) -> str:
    """What speaks for the person whom tracks joined; nothing if that is somebody new."""
    if joined is None:
        return f"<td></td>{3 * NOTHING}"
    return (
        f"{_sighting(joined.seen_before, clock, thumbnails)}{_similarity(joined.similarity, joined.threshold)}"
        f"{_number(joined.margin)}{_number(joined.threshold)}"
    )


def _name(person: UUID, persons: Mapping[UUID, Person]) -> str:
    """Who was somebody else later has no place in the page to go to."""
    known = persons.get(person)
    return chip(known) if known else f"<code>{short_name(person)}</code>"


def _sighting(sighting: EventSighting, clock: Clockface, thumbnails: Thumbnails) -> str:
    when = f"{clock.read(sighting.start)} to {clock.read(sighting.end)}"
    words = f'<b>{escape(sighting.camera)}</b><br><span class="faint">{when}<br>track {sighting.track}</span>'
    return (
        f'<td data-value="{escape(sighting.camera)}"><div class="sighting">{thumbnails.show(sighting)}'
        f"<div>{words}</div>"
        "</div></td>"
    )


def _similarity(similarity: float, threshold: float) -> str:
    """The number, and a bar with a tick where the threshold was."""
    tick = f'<line x1="{threshold:.1%}" x2="{threshold:.1%}" y2="8"/>'
    rect = f'<rect width="{max(0.0, similarity):.1%}" height="8"/>'
    bar = f'<svg class="gauge" width="72" height="8" aria-hidden="true">{rect}{tick}</svg>'
    return f'<td class="number" data-value="{similarity}">{similarity:.3f}<br>{bar}</td>'


def _number(value: float | None, *, percent: bool = False) -> str:
    if value is None:
        return NOTHING
    return f'<td class="number" data-value="{value}">{f"{value:.1%}" if percent else f"{value:.3f}"}</td>'


def _runner_up(runner_up: RunnerUp, persons: Mapping[UUID, Person]) -> str:
    why = f"ruled out: {escape(describe(runner_up.ruled_out_by))}" if runner_up.ruled_out_by else "less similar"
    return f'<li>{_name(runner_up.person, persons)} {runner_up.similarity:.3f} <span class="faint">{why}</span></li>'


def _person(person: Person, clock: Clockface, thumbnails: Thumbnails) -> str:
    shown = "".join(thumbnails.show(stay.seen) for stay in person.stays)
    strip = f'<td><div class="strip">{shown}</div></td>' if thumbnails.were_kept else ""
    return (
        f'<tr id="p-{person.person}"><td>{chip(person)}</td>'
        f'<td data-value="{person.start_s}">{clock.read(person.start_s)}</td>'
        f'<td data-value="{person.end_s}">{clock.read(person.end_s)}</td>'
        f'<td data-value="{len(person.cameras)}">{escape(", ".join(person.cameras))}</td>'
        f"<td>{len(person.stays)}</td>{strip}</tr>"
    )
