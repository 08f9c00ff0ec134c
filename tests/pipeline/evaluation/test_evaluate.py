from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from passerby_events.errors import EventsError
from passerby_events.schema import TrackEnded
from passerby_events.tracks import TrackKey
from pipeline.evaluation.errors import EvaluationError
from pipeline.evaluation.evaluate import SeenByBoxes, SeenByFeet, as_persons, evaluate, foot_agreement
from pipeline.events.ids import person_id
from pipeline.output.mot_files import FootTruth, MotTracks, MotTruth, read_feet, read_truth
from testing.events import a_sighting, an_end

BOX = [0.0, 0.0, 10.0, 20.0]
FRAMES = 4


def walk(track: int, *, box: list[float] = BOX, score: float = 1.0) -> MotTracks:
    """One track that stands still in frames 1 to 4."""
    return MotTracks(
        frames=np.arange(1, FRAMES + 1),
        ids=np.full(FRAMES, track, np.int64),
        boxes=np.tile(np.array(box, np.float32), (FRAMES, 1)),
        scores=np.full(FRAMES, score, np.float32),
    )


def both(first: MotTracks, second: MotTracks) -> MotTracks:
    return MotTracks(
        *(
            np.concatenate((getattr(first, name), getattr(second, name)))
            for name in ("frames", "ids", "boxes", "scores")
        )
    )


def truth_of(tracks: MotTracks) -> MotTruth:
    every = np.ones(len(tracks), np.bool_)
    return MotTruth(tracks.frames, tracks.ids, tracks.boxes, every, ~every, FRAMES)


def event(camera: str, track: int, person: UUID, *, session: str = "r") -> TrackEnded:
    seen = a_sighting(track, camera=camera).model_copy(update={"session": session})
    return an_end(track, person).model_copy(update={"seen": seen})


WALKER, OTHER = (person_id("site", TrackKey("a", "r", number)) for number in (1, 2))


def test_a_person_who_keeps_one_name_in_two_cameras_scores_one_across() -> None:
    tracks = {"a": walk(1), "b": walk(1)}
    truth = {camera: truth_of(walk(42)) for camera in tracks}
    found = evaluate([event("a", 1, WALKER), event("b", 1, WALKER)], tracks, truth)
    assert found.across.idf1 == found.across.hota == pytest.approx(1)
    assert found.tracks_without_person == 0


def test_two_names_for_one_person_halve_idf1_across_and_leave_each_camera_whole() -> None:
    tracks = {"a": walk(1), "b": walk(1)}
    truth = {camera: truth_of(walk(42)) for camera in tracks}
    found = evaluate([event("a", 1, WALKER), event("b", 1, OTHER)], tracks, truth)
    assert found.across.idf1 == pytest.approx(0.5)
    assert found.by_camera["a"].persons.idf1 == found.by_camera["b"].persons.idf1 == pytest.approx(1)


def test_how_long_people_keep_their_names_is_said_in_seconds_over_all_cameras() -> None:
    """One is seen for 3 s in a and b, 2 of them under one name; the other for 1 s and never found."""
    tracks = {"a": walk(1), "b": walk(1)}
    truth = {"a": truth_of(both(walk(42), walk(43, box=[50.0, 0.0, 60.0, 20.0]))), "b": truth_of(walk(42))}
    found = evaluate(
        [event("a", 1, WALKER), event("b", 1, OTHER)], tracks, truth, frame_s={"a": 0.25, "b": 0.5}
    ).persistence
    assert found is not None
    assert found.visible_s == pytest.approx((3.0 + 1.0) / 2)
    assert found.kept_s == pytest.approx((2.0 + 0.0) / 2)
    assert found.share == pytest.approx(0.5)


def test_nothing_is_said_of_seconds_where_nobody_knows_how_fast_frames_came() -> None:
    assert evaluate([event("a", 1, WALKER)], {"a": walk(1)}, {"a": truth_of(walk(42))}).persistence is None


def test_a_broken_track_that_was_recognised_is_whole_as_a_person() -> None:
    broken = MotTracks(walk(1).frames, np.array([1, 1, 2, 2]), walk(1).boxes, walk(1).scores)
    found = evaluate([event("a", 1, WALKER), event("a", 2, WALKER)], {"a": broken}, {"a": truth_of(walk(42))})
    assert found.by_camera["a"].tracks.idf1 == pytest.approx(0.5)
    assert found.by_camera["a"].tracks.switches == 1
    assert found.by_camera["a"].persons.idf1 == pytest.approx(1)


def test_tracks_that_no_event_names_are_somebody_of_their_own() -> None:
    found = evaluate([], {"a": walk(1), "b": walk(1)}, {camera: truth_of(walk(42)) for camera in "ab"})
    assert found.tracks_without_person == 2
    assert found.across.idf1 == pytest.approx(0.5)


def test_of_two_boxes_with_one_person_in_a_frame_the_less_certain_loses_the_name() -> None:
    tracks = {"a": both(walk(1), walk(2, box=[50, 0, 60, 20], score=0.5))}
    renamed = as_persons(tracks, {TrackKey("a", "r", 1): WALKER, TrackKey("a", "r", 2): WALKER})["a"]
    assert len(set(renamed.ids[:FRAMES].tolist())) == 1
    assert not set(renamed.ids[:FRAMES]) & set(renamed.ids[FRAMES:])


def test_persons_have_one_number_in_all_cameras_and_unnamed_tracks_never_share_one() -> None:
    tracks = {"a": walk(1), "b": both(walk(7), walk(8)), "c": walk(1)}
    renamed = as_persons(tracks, {TrackKey("a", "r", 1): WALKER, TrackKey("b", "r", 7): WALKER})
    assert renamed["a"].ids[0] == renamed["b"].ids[0]
    assert len({int(renamed[camera].ids[row]) for camera, row in (("a", 0), ("b", FRAMES), ("c", 0))}) == 3


def test_truth_in_which_nothing_counts_is_refused() -> None:
    true = walk(42)
    nobody = np.zeros(len(true), np.bool_)
    distractors = MotTruth(true.frames, true.ids, true.boxes, nobody, ~nobody, FRAMES)
    with pytest.raises(EvaluationError, match="found none that counts in \\['a'\\]"):
        evaluate([], {"a": walk(1)}, {"a": distractors})
    evaluate([], {"a": walk(1), "b": walk(1)}, {"a": distractors, "b": truth_of(true)})


def test_a_truth_costs_what_its_rows_cost_however_late_they_are() -> None:
    true, late = walk(42), walk(42)
    late = MotTracks(late.frames + 10**9, late.ids, late.boxes, late.scores)
    truth = truth_of(both(true, late))
    truth = MotTruth(truth.frames, truth.ids, truth.boxes, truth.evaluated, truth.ignored, 2 * 10**9)
    found = evaluate([event("a", 1, WALKER)], {"a": both(walk(1), late)}, {"a": truth})
    assert found.across.idf1 == pytest.approx(0.5)


def test_truth_without_tracks_and_events_of_two_runs_are_refused() -> None:
    with pytest.raises(EvaluationError, match="found \\['a'\\]"):
        evaluate([], {"a": walk(1)}, {"b": truth_of(walk(1))})
    with pytest.raises(EvaluationError, match="which are none"):
        evaluate([], {"a": walk(1)}, {})
    with pytest.raises(EventsError, match="r1, r2"):
        evaluate(
            [event("a", 1, WALKER, session="r1"), event("a", 1, OTHER, session="r2")],
            {"a": walk(1)},
            {"a": truth_of(walk(1))},
        )


def feet_of(tracks: MotTracks) -> FootTruth:
    points = np.stack((tracks.boxes[:, [0, 2]].mean(axis=1), tracks.boxes[:, 3]), axis=1)
    return FootTruth(tracks.frames, tracks.ids, points, FRAMES)


@pytest.mark.parametrize(("second", "agreement", "idf1"), [(WALKER, 1.0, 1.0), (OTHER, 0.0, 0.5)])
def test_two_views_agree_when_boxes_and_feet_carry_one_person(second: UUID, agreement: float, idf1: float) -> None:
    found = foot_agreement(
        [event("a", 1, WALKER), event("b", 5, second)],
        SeenByBoxes("a", walk(1), truth_of(walk(42))),
        SeenByFeet("b", walk(5), feet_of(walk(42))),
    )
    assert (found.co_visible, found.both_found) == (FRAMES, FRAMES)
    assert found.agreement == agreement
    assert found.idf1 == pytest.approx(idf1)


def test_views_in_which_nothing_is_found_have_no_agreement() -> None:
    nothing = walk(1).where(np.zeros(FRAMES, np.bool_))
    found = foot_agreement(
        [], SeenByBoxes("a", nothing, truth_of(walk(42))), SeenByFeet("b", nothing, feet_of(walk(42)))
    )
    assert (found.agreement, found.idf1, found.co_visible) == (0, 0, FRAMES)


@pytest.mark.shared
def test_the_true_boxes_and_feet_of_pets_agree_with_themselves(shared: Path) -> None:
    folder = shared / "data/multicam/pets2009_s2l1/gt"
    true = read_truth(folder / "gt_view001_frames1-269.txt")
    feet = read_feet(folder / "derived_feet_view006_frames1-269.csv")
    ones = np.ones(len(true.frames), np.float32)
    boxes_around = np.array([-10, -50, 10, 0], np.float32)
    standing = np.tile(feet.points, 2) + boxes_around
    persons = [person_id("pets", TrackKey("view1", "r", number)) for number in range(100)]
    events = [
        event(camera, number, persons[number]) for camera in ("view1", "view6") for number in set(true.ids.tolist())
    ]
    found = foot_agreement(
        events,
        SeenByBoxes("view1", MotTracks(true.frames, true.ids, true.boxes, ones), true),
        SeenByFeet("view6", MotTracks(feet.frames, feet.ids, standing, ones[: len(feet.frames)]), feet),
    )
    assert (true.last_frame, feet.last_frame) == (269, 269)
    assert found.idf1 == pytest.approx(1)
    assert found.both_found == found.same_person == found.co_visible > 1000
