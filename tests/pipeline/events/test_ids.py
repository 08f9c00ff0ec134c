from uuid import UUID

from passerby_events.tracks import TrackKey
from pipeline.events.ids import event_id, person_id, run_id

TRACK, OTHER = TrackKey("yard", "r1", 7), TrackKey("yard", "r1", 8)


def test_ids_tell_tracks_kinds_sites_and_runs_apart() -> None:
    ids = {
        event_id("person.matched", "shop", TRACK),
        event_id("track.ended", "shop", TRACK),
        event_id("person.matched", "shop", OTHER),
        event_id("person.matched", "mall", TRACK),
        event_id("person.merged", "shop", TRACK, 1),
        event_id("person.merged", "shop", TRACK, 2),
        person_id("shop", TRACK),
        person_id("shop", TRACK, 1),
        run_id("shop", TRACK),
        run_id("mall", TRACK),
    }
    assert len(ids) == 10


def test_ids_are_the_same_every_time() -> None:
    assert event_id("track.ended", "shop", TRACK) == UUID("4c8eff43-c700-5e19-b8f2-6bf3c8e6a882")
    assert run_id("shop", TRACK) == run_id("shop", TRACK)
