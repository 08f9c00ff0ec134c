"""Events and tracks against the truth: how well each camera was tracked, and whether persons kept one name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from passerby_events.reducing import fold, persons_of_camera
from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.evaluation.error_causes import IdentityErrors, identity_errors
from pipeline.evaluation.errors import EvaluationError
from pipeline.evaluation.persistence import Persistence, persistence
from pipeline.evaluation.scoring import (
    FOOT_GATE_PX,
    Comparison,
    Scores,
    compare_boxes,
    compare_feet,
    join_comparisons,
    matches,
    score,
)
from pipeline.output.mot_files import FootTruth, MotTracks, MotTruth


@dataclass(frozen=True, slots=True)
class CameraScores:
    """One camera against its truth.

    Attributes:
        tracks: with track numbers as ids: the work of detector and tracker.
        persons: with persons as ids: what the identities add or spoil.
    """

    tracks: Scores
    persons: Scores


@dataclass(frozen=True, slots=True)
class AcrossCameras:
    """All cameras as one long sequence, persons as ids: a person must carry one name in all of them.

    Attributes:
        hota: as in `Scores`.
        ass_a: as in `Scores`.
        idf1: as in `Scores`.
    """

    hota: float
    ass_a: float
    idf1: float


@dataclass(frozen=True, slots=True)
class PairScores:
    """Two cameras as one sequence.

    Attributes:
        cameras: their names.
        scores: over both.
        shared: true persons who were in both.
    """

    cameras: tuple[str, str]
    scores: AcrossCameras
    shared: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run against its truth.

    Attributes:
        by_camera: scores of each camera that has a truth.
        by_pair: scores of each two of them, if asked for.
        across: scores over all of them.
        errors: what keeps `across.idf1` from being one, by cause.
        persistence: how long people keep their names; None where it is not known how fast frames came.
        tracks_without_person: tracks that no event names (too short or too poor to be recognised). Each counts as
            somebody of its own.
    """

    by_camera: dict[str, CameraScores]
    by_pair: list[PairScores]
    across: AcrossCameras
    errors: IdentityErrors
    persistence: Persistence | None
    tracks_without_person: int


@dataclass(frozen=True, slots=True)
class FootAgreement:
    """Two views of one place: one with true boxes, one in which only foot points of some people are known.

    Attributes:
        idf1: over both views, persons as ids; boxes count by IoU, feet by distance.
        idf1_boxes: over the view with boxes alone.
        idf1_feet: over the view with foot points alone.
        co_visible: person-frames whose truth is known in both views.
        both_found: of these, those in which a box was drawn around the person in both views.
        same_person: of these, those in which both boxes carry one person.
    """

    idf1: float
    idf1_boxes: float
    idf1_feet: float
    co_visible: int
    both_found: int
    same_person: int

    @property
    def agreement(self) -> float:
        """Share of the person-frames found in both views whose boxes carry one person; 0 if there are none."""
        return self.same_person / self.both_found if self.both_found else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SeenByBoxes:
    """A camera, what was tracked in it, and its true boxes."""

    camera: str
    tracks: MotTracks
    truth: MotTruth


@dataclass(frozen=True, slots=True, eq=False)
class SeenByFeet:
    """A camera, what was tracked in it, and the foot points that are known of it."""

    camera: str
    tracks: MotTracks
    truth: FootTruth


def evaluate(
    events: Iterable[IdentityEvent],
    tracks: Mapping[str, MotTracks],
    truth: Mapping[str, MotTruth],
    *,
    scores_pairs: bool = True,
    frame_s: Mapping[str, float] | None = None,
) -> Evaluation:
    """Scores every camera that has a truth, alone and all together.

    Args:
        events: of one run.
        tracks: of that run, by camera.
        truth: by camera; a person has the same id in all of them.
        scores_pairs: also each two cameras, which takes long where there are many.
        frame_s: from one frame to the next of each camera, seconds; None: nobody knows.

    Raises:
        EvaluationError: if there is no truth, no box of it counts, or a camera with truth has no tracks.
        EventsError: if the events mix two runs.
        ScoringError: if an id is in one frame twice.
    """
    if not truth or not truth.keys() <= tracks.keys():
        raise EvaluationError(
            f"expected tracks of the cameras with truth, {sorted(truth) or 'which are none'}, found {sorted(tracks)}"
        )
    scored = {camera: tracks[camera] for camera in sorted(truth)}
    person_of = fold(events).persons_by_track
    renamed = as_persons(scored, person_of)
    by_track = {camera: compare_boxes(truth[camera], rows) for camera, rows in scored.items()}
    by_person = {camera: compare_boxes(truth[camera], rows) for camera, rows in renamed.items()}
    if not any(ids.size for comparison in by_track.values() for ids in comparison.truth_ids):
        raise EvaluationError(
            f"expected true boxes to score, found none that counts in {sorted(truth)}: is column 7 (or the class in "
            "column 8) 0 everywhere, or does the truth begin behind --last-frame?"
        )
    return Evaluation(
        by_camera={camera: CameraScores(score(by_track[camera]), score(by_person[camera])) for camera in scored},
        by_pair=[_pair(cameras, by_person) for cameras in combinations(scored, 2)] if scores_pairs else [],
        across=_across(list(by_person.values())),
        errors=identity_errors(by_track, by_person, {(key.camera, key.track) for key in person_of}),
        persistence=None if frame_s is None else persistence(by_person, frame_s),
        tracks_without_person=sum(_count_unnamed(camera, rows, person_of) for camera, rows in scored.items()),
    )


def check_frames(camera: str, frames: NDArray[np.int64], *, last_frame: int, had: int | None) -> None:
    """Truth of frames that the run did not have is of another recording, or of one that was read in part.

    Args:
        frames: (N,) of the truth's rows.
        last_frame: later rows are not scored.
        had: so many frames the run had of the camera; None where it was killed before it could say so.

    Raises:
        EvaluationError: if rows that are to be scored lie beyond them.
    """
    beyond = frames[(frames <= last_frame) & (frames > had)] if had is not None else frames[:0]
    if len(beyond):
        raise EvaluationError(
            f"expected truth of the {had} frames that the run had of camera {camera}, found {len(beyond)} rows beyond "
            f"them, up to frame {beyond.max()}: is it of another recording? --last-frame {had} scores what both have"
        )


def _across(comparisons: Sequence[Comparison]) -> AcrossCameras:
    scores = score(join_comparisons(comparisons))
    return AcrossCameras(scores.hota, scores.ass_a, scores.idf1)


def _pair(cameras: tuple[str, str], by_person: Mapping[str, Comparison]) -> PairScores:
    first, second = (by_person[camera] for camera in cameras)
    persons = [set(np.concatenate(each.truth_ids).tolist()) if each.truth_ids else set() for each in (first, second)]
    return PairScores(cameras, _across((first, second)), len(persons[0] & persons[1]))


def foot_agreement(
    events: Iterable[IdentityEvent],
    boxes: SeenByBoxes,
    feet: SeenByFeet,
    *,
    gate_px: float = FOOT_GATE_PX,
) -> FootAgreement:
    """Whether a person has one name in two views at once, where one of the views has foot points only.

    Frames are those that both truths cover. A person whom the box truth does not count is not co-visible.

    Args:
        gate_px: a box belongs to a foot point if the middle of its lower edge is at most this far away.

    Raises:
        EventsError: if the events mix two runs.
        ScoringError: if an id is in one frame twice.
    """
    renamed = as_persons({boxes.camera: boxes.tracks, feet.camera: feet.tracks}, fold(events).persons_by_track)
    by_box = compare_boxes(boxes.truth, renamed[boxes.camera])
    by_foot = compare_feet(feet.truth, renamed[feet.camera], gate_px=gate_px)
    co_visible = both_found = same_person = 0
    _, box_rows, foot_rows = np.intersect1d(by_box.frames, by_foot.frames, return_indices=True)
    boxes_seen, feet_seen = matches(by_box), matches(by_foot)
    for in_boxes, in_feet in zip(box_rows.tolist(), foot_rows.tolist(), strict=True):
        true, true_feet = by_box.truth_ids[in_boxes], by_foot.truth_ids[in_feet]
        seen, seen_feet = boxes_seen[in_boxes], feet_seen[in_feet]
        co_visible += len(np.intersect1d(true, true_feet))
        both_found += len(seen.keys() & seen_feet.keys())
        same_person += len(seen.items() & seen_feet.items())
    return FootAgreement(
        idf1=score(join_comparisons([by_box, by_foot])).idf1,
        idf1_boxes=score(by_box).idf1,
        idf1_feet=score(by_foot).idf1,
        co_visible=co_visible,
        both_found=both_found,
        same_person=same_person,
    )


def as_persons(tracks: Mapping[str, MotTracks], person_of: Mapping[TrackKey, UUID]) -> dict[str, MotTracks]:
    """The same boxes with persons for ids, numbered alike in all cameras.

    A track without a person gets a number of its own. So does, for that frame, the less certain of two boxes in one
    frame that claim the same person: one of them is wrong.

    Raises:
        EventsError: if the events are of two runs of a camera.
    """
    numbers = {person: number for number, person in enumerate(sorted(set(person_of.values())))}
    renamed = {}
    first_free = len(numbers)
    for camera, rows in tracks.items():
        persons = persons_of_camera(person_of, camera)
        known, inverse = np.unique(rows.ids, return_inverse=True)
        own = first_free + np.arange(len(known))
        claimed = np.array(
            [numbers[persons[track]] if track in persons else own[i] for i, track in enumerate(known.tolist())],
            np.int64,
        )
        ids = np.where(_is_double(rows, claimed[inverse]), own[inverse], claimed[inverse])
        renamed[camera] = MotTracks(rows.frames, ids.astype(np.int64), rows.boxes, rows.scores)
        first_free += len(known)
    return renamed


def _is_double(rows: MotTracks, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) bool: rows whose id stands in the same frame with a higher score."""
    order = np.lexsort((-rows.scores, ids, rows.frames))
    frames, ids = rows.frames[order], ids[order]
    doubled = np.zeros(len(rows), np.bool_)
    doubled[order[1:]] = (frames[1:] == frames[:-1]) & (ids[1:] == ids[:-1])
    return doubled


def _count_unnamed(camera: str, rows: MotTracks, person_of: Mapping[TrackKey, UUID]) -> int:
    named = [key.track for key in person_of if key.camera == camera]
    return len(np.setdiff1d(rows.ids, named))
