from uuid import UUID

from passerby_events.tracks import TrackKey
from pipeline.events.ids import event_id, person_id, run_id

RUN, ANOTHER = UUID(int=1), UUID(int=2)
TRACK, OTHER = TrackKey("yard", "r1", 7), TrackKey("yard", "r1", 8)


def test_ids_tell_tracks_kinds_sites_and_runs_apart() -> None:
    ids = {
        event_id("person.matched", RUN, TRACK),
        event_id("track.ended", RUN, TRACK),
        event_id("person.matched", RUN, OTHER),
        event_id("person.matched", ANOTHER, TRACK),
        event_id("person.merged", RUN, TRACK, 1),
        event_id("person.merged", RUN, TRACK, 2),
        person_id("shop", TRACK),
        person_id("shop", TRACK, 1),
        run_id("shop", TRACK),
        run_id("mall", TRACK),
    }
    assert len(ids) == 10


def test_ids_are_the_same_every_time() -> None:
    assert event_id("track.ended", RUN, TRACK) == UUID("2e1b21b9-4705-5edb-9c8f-c57a17cafc91")
    assert run_id("shop", TRACK) == run_id("shop", TRACK)
