"""Decisions that later tracklets of tracks take back. A vector is a direction in the plane; the cosine demanded is
0.9.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from passerby_events.reasons import TwoCamerasAtOnce, Unlike
from passerby_events.reducing import fold
from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.events.ids import person_id
from pipeline.events.memory import MemorySink
from pipeline.matching import announcing
from pipeline.matching.identity_merge_split import IdentityMergeSplit
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.merge_split import Leaving, MergeSplitParams
from pipeline.matching.policy import MatchParams
from pipeline.records import EmbeddedWindow
from testing.matching.windows import SITE, embedding, end, window
from testing.site.town import undisturbed_events

DOOR, YARD = TrackKey("door", "r", 1), TrackKey("yard", "r", 1)
PARAMS = MatchParams(threshold=0.9, same_camera_extra=0.0, deferral_band=0.0)
SEEN_AS_A_STRANGER = (
    window(10, [embedding("door", 1, 0, 5, 9)], [end("door", 1, 5, 9)]),
    window(20, [embedding("yard", 1, 40, 15, 19)]),
)
SEEN_AS_FAMILIAR = (
    window(10, [embedding("door", 1, 0, 5, 9)], [end("door", 1, 5, 9)]),
    window(20, [embedding("yard", 1, 10, 15, 19)]),
)


class Desk:
    """A matcher that corrects, with a gallery and a sink in memory."""

    def __init__(self, merge_split: MergeSplitParams | None = MergeSplitParams(min_tracklets=1)) -> None:  # noqa: B008
        self.sink = MemorySink()
        self.gallery = MemoryGallery(self.sink)
        self.matcher = Matcher(self.gallery, SITE, PARAMS, merge_split=merge_split)

    def see(self, *windows: EmbeddedWindow) -> list[IdentityEvent]:
        before = len(self.sink.events)
        for each in windows:
            self.matcher.step(each)
        return self.sink.events[before:]


def persons(events: Sequence[IdentityEvent]) -> dict[TrackKey, UUID]:
    return dict(fold(events).persons_by_track)


def test_two_persons_turn_out_to_be_one() -> None:
    desk = Desk()
    (_, _, appeared) = desk.see(*SEEN_AS_A_STRANGER)
    (merged,) = desk.see(window(25, [embedding("yard", 1, -20, 20, 24, tracklet_index=1)]))
    assert merged.kind == "person.merged"
    assert (merged.person, merged.other) == (person_id("shop", DOOR), appeared.person)
    assert [(seen.key, seen.revision, seen.start, seen.end) for seen in merged.moved] == [(YARD, 1, 15, 24)]
    assert (merged.seen.key, merged.seen.tracklet_index, merged.joined.seen_before.key) == (YARD, 1, DOOR)
    assert merged.joined.similarity == pytest.approx(0.985, abs=0.001)
    assert merged.joined.threshold == pytest.approx(0.9)
    (ended,) = desk.see(window(30, [], [end("yard", 1, 15, 26)]))
    assert (ended.person, ended.seen.revision) == (person_id("shop", DOOR), 1)
    assert set(persons(desk.sink.events).values()) == {person_id("shop", DOOR)}


def test_one_person_turns_out_to_be_two() -> None:
    desk = Desk()
    desk.see(*SEEN_AS_FAMILIAR)
    (split,) = desk.see(window(25, [embedding("yard", 1, 90, 20, 24, tracklet_index=1)]))
    assert split.kind == "person.split"
    assert split.other == person_id("shop", DOOR)
    assert split.person == person_id("shop", YARD, 1)
    assert split.joined is None
    assert split.similarity_to_rest == pytest.approx(0.643, abs=0.001)
    assert isinstance(split.reason, Unlike)
    assert split.reason.min_similarity == pytest.approx(0.8)
    assert persons(desk.sink.events) == {DOOR: split.other, YARD: split.person}


def test_times_that_become_known_can_make_one_person_impossible() -> None:
    desk = Desk()
    desk.see(window(10, [embedding("door", 1, 0, 5, 9)]), window(20, [embedding("yard", 1, 10, 15, 19)]))
    split, ended = desk.see(window(30, [], [end("door", 1, 5, 22)]))
    assert split.kind == "person.split"
    assert split.moved[0].key == YARD
    assert split.reason == TwoCamerasAtOnce(cameras=("door", "yard"), gap_s=15 - 22, min_gap_s=1.5)
    assert (ended.kind, ended.person, ended.seen.revision) == ("track.ended", person_id("shop", DOOR), 0)


def test_who_leaves_joins_somebody_known() -> None:
    desk = Desk()
    desk.see(
        window(5, [embedding("yard", 9, 64, 1, 4)], [end("yard", 9, 1, 4)]),
        *SEEN_AS_FAMILIAR,
        window(25, [embedding("yard", 1, 90, 20, 24, tracklet_index=1)]),
    )
    (split,) = desk.sink.events[-1:]
    assert split.kind == "person.split"
    assert split.person == person_id("shop", TrackKey("yard", "r", 9))
    assert split.joined is not None
    assert split.joined.seen_before.track == 9
    assert split.joined.similarity == pytest.approx(0.970, abs=0.001)


def test_without_merges_and_splits_a_decision_stands() -> None:
    desk = Desk(None)
    desk.see(*SEEN_AS_FAMILIAR)
    assert desk.see(window(25, [embedding("yard", 1, 90, 20, 24, tracklet_index=1)])) == []


def test_a_merge_or_split_is_counted() -> None:
    desk = Desk()
    desk.see(*SEEN_AS_A_STRANGER)
    outcome = desk.matcher.step(window(25, [embedding("yard", 1, -20, 20, 24, tracklet_index=1)]))
    assert (outcome.merged, outcome.split, [event.kind for event in outcome.events]) == (1, 0, ["person.merged"])
    desk = Desk()
    desk.see(*SEEN_AS_FAMILIAR)
    assert desk.matcher.step(window(25, [embedding("yard", 1, 90, 20, 24, tracklet_index=1)])).split == 1


def test_what_is_corrected_in_the_window_of_its_decision_is_told_after_it() -> None:
    """The track is like the last one, which was like the first, which it is not like at all."""
    desk = Desk()
    desk.see(
        window(10, [embedding("door", 1, 0, 5, 9)], [end("door", 1, 5, 9)]),
        window(20, [embedding("yard", 1, 24.5, 15, 19)], [end("yard", 1, 15, 19)]),
    )
    events = desk.see(window(40, [embedding("door", 2, 50, 28, 39)], [end("door", 2, 28, 39)]))
    assert [(event.kind, event.seen.revision) for event in events] == [
        ("person.matched", 0),
        ("person.split", 1),
        ("track.ended", 1),
    ]
    assert [event.person == events[0].person for event in events] == [True, False, False]


def test_no_id_of_a_person_or_an_event_is_used_again() -> None:
    """Over a site where much is corrected: an id that is no more, or that another event has, does not come back."""
    events = undisturbed_events().values()
    gone: set[UUID] = set()
    begun: set[UUID] = set()
    for event in events:
        assert event.person not in gone
        if event.kind == "person.appeared" or (event.kind == "person.split" and event.joined is None):
            assert event.person not in begun
            begun.add(event.person)
        if event.kind == "person.merged":
            gone.add(event.other)
    assert len({event.event_id for event in events}) == len(events)
    assert gone


def test_many_tracks_are_moved_in_several_events_that_brokers_take() -> None:
    desk = Desk()
    desk.see(*SEEN_AS_FAMILIAR)
    one = desk.gallery.known().row(0)
    moved = tuple(
        replace(one, track=TrackKey("door", "r", number), person=UUID(int=2), revision=1)
        for number in range(announcing.MOST_MOVED + 7)
    )
    left = Leaving(Unlike(similarity=0.3, min_similarity=0.8), 0.3)
    events = announcing.announce_merge_split(
        announcing.Origin("shop", UUID(int=3), ["door"]),
        IdentityMergeSplit("split", moved, UUID(int=2), UUID(int=1), None, None, None, left),
    )
    assert [len(event.moved) for event in events] == [announcing.MOST_MOVED, 7]
    assert len({event.event_id for event in events}) == 2
    assert {track: int(person) for track, person in persons(events).items()} == {each.track: 2 for each in moved}
    assert all(len(event.model_dump_json()) < 250_000 for event in events)
