"""The page as a whole, and its parts as far as they show in it."""

import re
from pathlib import Path
from uuid import UUID

import pytest

from passerby_events.reasons import NewerReason, TooFast
from passerby_events.schema import (
    EventSighting,
    IdentityEvent,
    Joined,
    PersonAppeared,
    PersonMatched,
    PersonMerged,
    RunnerUp,
    TrackEnded,
)
from passerby_events.tracks import TrackKey
from pipeline.events.ids import event_id, person_id
from pipeline.output.report.clockface import Clockface
from pipeline.output.report.presence import people, shared_persons
from pipeline.output.report.report import CameraSummary, ReportError, RunSummary, render, write_report
from pipeline.output.report.thumbnails import Thumbnails
from pipeline.output.thumbnails import thumbnail_path

SUMMARY = RunSummary("yard", (CameraSummary("door", 120, 3), CameraSummary("hall", 110, 2)), took_s=12.3)
NO_THUMBNAILS = Thumbnails(None)


WALKER, OTHER = (person_id("yard", TrackKey("door", "r", track)) for track in (1, 2))
RUN = UUID(int=77)


def sighting(camera: str, track: int, start: float = 0.0, *, tracklet_index: int | None = 0) -> EventSighting:
    return EventSighting(
        camera=camera,
        session="r",
        track=track,
        tracklet_index=tracklet_index,
        start=start,
        end=start + 2,
        clock="container",
        box=(1, 2, 3, 4),
    )


def appearance(seen: EventSighting, person: UUID) -> PersonAppeared:
    new_id = event_id("person.appeared", RUN, seen.key)
    return PersonAppeared(
        event_id=new_id, site="yard", run=RUN, person=person, seen=seen, runners_up=(), model_id="net-1"
    )


def match(seen: EventSighting, before: EventSighting, runner_up: RunnerUp, model_id: str = "net-1") -> PersonMatched:
    return PersonMatched(
        event_id=event_id("person.matched", RUN, seen.key),
        site="yard",
        run=RUN,
        person=WALKER,
        seen=seen,
        seen_before=before,
        similarity=0.8125,
        probability=None,
        margin=0.125,
        threshold=0.5,
        runners_up=(runner_up,),
        model_id=model_id,
    )


def story() -> list[IdentityEvent]:
    """One walks from the door to the hall; another stays at the door."""
    walk = TooFast(cameras=("door", "hall"), gap_s=2, min_gap_s=5)
    left = sighting("door", 1, 8, tracklet_index=None)
    return [
        appearance(sighting("door", 1), WALKER),
        appearance(sighting("door", 2, 1), OTHER),
        match(sighting("hall", 1, 65), sighting("door", 1), RunnerUp(person=OTHER, similarity=0.9, ruled_out_by=walk)),
        TrackEnded(event_id=event_id("track.ended", RUN, left.key), site="yard", run=RUN, person=WALKER, seen=left),
    ]


def test_people_come_in_the_order_of_their_appearance_and_a_track_is_one_stay() -> None:
    first, second = people(story())
    assert (first.person, second.person) == (WALKER, OTHER)
    assert [(stay.seen.camera, stay.start_s, stay.end_s) for stay in first.stays] == [("door", 0, 10), ("hall", 65, 67)]
    assert first.cameras == ("door", "hall")
    assert first.colour != second.colour


def test_cameras_share_the_persons_whom_both_saw() -> None:
    assert shared_persons(people(story()), ["door", "hall", "roof"]).tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert shared_persons([], ["door"]).tolist() == [[0]]


def test_the_page_says_who_was_recognised_how_surely_and_why_it_was_nobody_else() -> None:
    page = render(story(), SUMMARY, NO_THUMBNAILS)
    for reported in (
        "Passerby: yard",
        "<b>230</b><span>frames</span>",
        "<b>1</b><span>in several cameras</span>",
        "0.812",
        "0.125",
        "ruled out: from door to hall in 2.0 s, at least 5.0 s needed",
        "hall, 1:05.0 to 1:07.0, track 1",
        "Compared by net-1",
    ):
        assert reported in page


def changed() -> list[IdentityEvent]:
    """The other at the door was the walker all along."""
    moved = sighting("door", 2, 1, tracklet_index=None).model_copy(update={"revision": 1})
    merged = PersonMerged(
        event_id=event_id("person.merged", RUN, moved.key, 1),
        site="yard",
        run=RUN,
        person=WALKER,
        other=OTHER,
        moved=(moved,),
        seen=sighting("door", 2, 1),
        joined=Joined(seen_before=sighting("hall", 1, 65), similarity=0.777, margin=None, threshold=0.6),
        model_id="net-1",
    )
    return [*story(), merged]


def test_after_a_merge_or_split_people_have_the_tracks_that_are_theirs() -> None:
    (walker,) = people(changed())
    assert walker.person == WALKER
    assert [(stay.seen.camera, stay.seen.track) for stay in walker.stays] == [("door", 1), ("door", 2), ("hall", 1)]


def test_the_page_says_what_was_taken_back_and_still_names_who_was_somebody_else_then() -> None:
    page = render(changed(), SUMMARY, NO_THUMBNAILS)
    merge_split = page[page.index("What was taken back") : page.index("<h2>Persons</h2>")]
    for reported in ("two are one", f"<code>{OTHER.hex[:4]}</code>", f'href="#p-{WALKER}"', "0.777"):
        assert reported in merge_split
    assert f'href="#p-{OTHER}"' not in page
    assert "<b>1</b><span>merges and splits</span>" in page
    assert "No decision was taken back." in render(story(), SUMMARY, NO_THUMBNAILS)


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = render(story(), SUMMARY, NO_THUMBNAILS)
    assert not re.search(r"https?:|src=|@import|url\((?!data:)", page)
    assert "$" not in page


def test_names_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>\"'&"
    seen, before = sighting(evil, 1, 5), sighting(evil, 2)
    runner_up = RunnerUp(person=OTHER, similarity=0.1, ruled_out_by=NewerReason(code=evil))
    events = [match(seen, before, runner_up, evil)]
    page = render(events, RunSummary(evil, (CameraSummary(evil, 1, 1),), 1), NO_THUMBNAILS)
    assert "<script>alert" not in page
    assert page.count("<script>") == 1
    assert not re.search(r'="[^"]*<', page)


def test_a_run_without_anybody_is_a_page_too() -> None:
    page = render([], RunSummary("yard", (), 0), NO_THUMBNAILS)
    assert "Nobody was seen." in page
    assert "No track was recognised" in page


def test_without_images_the_page_names_the_flag_that_keeps_them() -> None:
    page = render(story(), SUMMARY, NO_THUMBNAILS)
    assert "--thumbnails" in page
    assert 'class="thumb' not in page


def test_an_image_is_in_the_page_once_however_often_it_is_shown(tmp_path: Path) -> None:
    image = thumbnail_path(tmp_path, TrackKey("door", "r", 1), 0)
    image.parent.mkdir()
    image.write_bytes(b"\xff\xd8jpeg")
    page = render(story(), SUMMARY, Thumbnails(tmp_path))
    assert page.count("data:image/jpeg;base64,/9hqcGVn") == 1
    assert page.count('class="thumb t0"') == 2
    assert page.count('title="no image"') == 3
    assert "--thumbnails" not in page


def test_the_same_events_are_the_same_page() -> None:
    assert render(story(), SUMMARY, NO_THUMBNAILS) == render(story(), SUMMARY, NO_THUMBNAILS)


def test_a_page_is_written_and_a_place_that_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    write_report(tmp_path / "new" / "report.html", story(), SUMMARY)
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match="expected to write a report"):
        write_report(tmp_path / "file" / "report.html", story(), SUMMARY)


def test_real_clocks_read_the_time_of_day_and_recordings_the_time_since_their_start() -> None:
    assert Clockface(1_767_225_600, 1_767_225_700, is_real=True).read(1_767_225_661) == "00:01:01"
    assert Clockface(100, 200, is_real=False).read(161.26) == "1:01.3"


@pytest.mark.parametrize("length_s", [1, 7, 38.3, 600, 5000, 90_000, 3_000_000])
@pytest.mark.parametrize("is_real", [True, False])
def test_ticks_are_few_in_order_and_within_the_axis(length_s: float, is_real: bool) -> None:
    clock = Clockface(1_767_225_601.5, 1_767_225_601.5 + length_s, is_real)
    ticks = list(clock.ticks())
    assert 1 <= len(ticks) <= 12
    assert ticks == sorted(ticks)
    assert all(0 <= clock.percent(tick) <= 100 for tick in ticks)
