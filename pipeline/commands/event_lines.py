"""Events for people: one line each, with when, where, who, and how sure."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from rich.text import Text

from passerby_events.reasons import describe
from passerby_events.schema import (
    Event,
    PersonAppeared,
    PersonErased,
    PersonMatched,
    PersonMerged,
    PersonSplit,
    TrackEnded,
    VerdictGiven,
)

_STYLES = {
    "person.appeared": "green",
    "person.matched": "cyan",
    "track.ended": "dim",
    "person.merged": "yellow",
    "person.split": "yellow",
    "verdict.given": "magenta",
    "person.erased": "red",
}


def line_of(event: Event) -> Text:
    """Such as `2026-11-30 09:31:40  yard  5a0a3d0c  recognised, 83 %; was in door 75 s before`, the time in the zone
    of this machine."""
    time_s, camera = (event.erased_at, "-") if event.kind == "person.erased" else (event.seen.end, event.seen.camera)
    return Text.assemble(
        (f"{datetime.fromtimestamp(time_s).astimezone():%Y-%m-%d %H:%M:%S}", "dim"),
        f"  {_plain(camera):<10}  ",
        (short(event.person), "bold"),
        "  ",
        (_plain("; ".join(_what(event))), _STYLES[event.kind]),
    )


def short(person: UUID) -> str:
    """The beginning of an id, which tells the people of a site apart for a reader."""
    return person.hex[:8]


def _what(event: Event) -> Iterator[str]:
    match event:
        case PersonAppeared():
            yield "appeared"
        case PersonMatched(seen=seen, seen_before=before, probability=probability, similarity=similarity):
            sure = f"similarity {similarity:.2f}" if probability is None else f"{probability:.0%}"
            yield f"recognised, {sure}"
            yield f"was in {before.camera} {_ago(seen.start - before.end)}"
        case TrackEnded(seen=seen):
            yield f"left after {seen.end - seen.start:.0f} s"
        case PersonMerged():
            yield f"is {short(event.other)} too, similarity {event.joined.similarity:.2f}"
            yield _tracks(len(event.moved))
        case PersonSplit():
            yield f"is not {short(event.other)}"
            yield f"{_tracks(len(event.moved))}, {describe(event.reason)}"
        case VerdictGiven(verdict=verdict, seen_before=before):
            yield f"an operator: {'the same' if verdict == 'same' else 'not the same'} as in {before.camera}"
        case PersonErased():
            yield "is to be forgotten"


def _ago(gap_s: float) -> str:
    return f"{gap_s:.0f} s before" if gap_s >= 0 else "at the same time"


def _tracks(count: int) -> str:
    return f"{count} track" + "s" * (count != 1)


def _plain(text: str) -> str:
    """What a name is made of, without what would command a terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)
