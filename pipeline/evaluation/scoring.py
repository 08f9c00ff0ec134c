"""How well boxes with ids agree with the truth: HOTA, CLEAR and identity scores, computed by TrackEval's own classes.

What MotChallenge does before it scores is done here, on arrays (`compare_boxes`): a box that lies on a distractor is
taken out. The tests hold the published figures of two trackers on MOT17 against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from trackeval.metrics import CLEAR, HOTA, Identity

from pipeline.evaluation.errors import ScoringError
from pipeline.output.mot_files import FootTruth, MotTracks, MotTruth

MATCH = 0.5
"""Truth and box are one from this similarity on: the IoU that MotChallenge demands."""
FOOT_GATE_PX = 60.0
"""Measured on PETS2009 view 6 with YOLOX-nano: 89 % of the derived foot points have a box's foot so near, half of them
within 11 px; far from the camera the points are 8 px off (median), near it 41."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Truth and tracks, side by side in every frame that has either. The lists have one entry per frame, F in all.

    Attributes:
        frames: (F,) int64, from 1, in order.
        truth_ids: each (N_f,) int64.
        track_ids: each (M_f,) int64, none twice.
        similarity: each (N_f, M_f) float64 in [0, 1]; from 0.5 on the two are one.
    """

    frames: NDArray[np.int64]
    truth_ids: list[NDArray[np.int64]]
    track_ids: list[NDArray[np.int64]]
    similarity: list[NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Scores:
    """One line of a results table. All but the last in [0, 1] (MOTA may be negative); HOTA's are means over 19 IoUs.

    Attributes:
        hota: geometric mean of detection and association.
        det_a: detection accuracy.
        ass_a: association accuracy.
        idf1: F1 of boxes that carry the right identity, under the best one-to-one naming.
        mota: one minus misses, false boxes and switches per true box.
        switches: how often a person's id changed.
    """

    hota: float
    det_a: float
    ass_a: float
    idf1: float
    mota: float
    switches: int


@dataclass(frozen=True, slots=True)
class SequenceScores:
    """Scores of several sequences, alone and combined as MotChallenge does: by the sums over all boxes."""

    by_sequence: dict[str, Scores]
    combined: Scores


def compare_boxes(truth: MotTruth, tracks: MotTracks) -> Comparison:
    """IoU of true and tracked boxes in frames 1 to `truth.last_frame`, less the boxes that lie on ignored truth.

    Raises:
        ScoringError: if an id is in one frame twice.
    """
    frames = _frames_up_to(truth.last_frame, truth.frames, tracks.frames)
    comparison = Comparison(frames, [], [], [])
    truth_rows, track_rows = _rows_of(frames, truth.frames), _rows_of(frames, tracks.frames)
    for true, tracked in zip(truth_rows, track_rows, strict=True):
        similarity = _iou(truth.boxes[true], tracks.boxes[tracked])
        found, by = _pairs(similarity)
        keep = np.ones(len(tracked), np.bool_)
        keep[by[truth.ignored[true[found]]]] = False
        evaluated = truth.evaluated[true]
        comparison.truth_ids.append(truth.ids[true[evaluated]])
        comparison.track_ids.append(tracks.ids[tracked[keep]])
        comparison.similarity.append(similarity[np.ix_(evaluated, keep)])
    return _without_doubles(comparison)


def compare_feet(truth: FootTruth, tracks: MotTracks, *, gate_px: float = FOOT_GATE_PX) -> Comparison:
    """How near the feet of tracked boxes are to known foot points: 1 on the point, 0.5 at the gate.

    Foot points are known of some people only, so a box that is near to none of them is not a mistake: it is left out.

    Raises:
        ScoringError: if an id is in one frame twice.
    """
    frames = _frames_up_to(truth.last_frame, truth.frames, tracks.frames)
    comparison = Comparison(frames, [], [], [])
    truth_rows, track_rows = _rows_of(frames, truth.frames), _rows_of(frames, tracks.frames)
    for true, tracked in zip(truth_rows, track_rows, strict=True):
        distance_px = _distances(truth.points[true], _feet(tracks.boxes[tracked]))
        similarity = np.clip(1 - distance_px / (2 * gate_px), 0, 1)
        near = (similarity >= MATCH).any(axis=0)
        comparison.truth_ids.append(truth.ids[true])
        comparison.track_ids.append(tracks.ids[tracked[near]])
        comparison.similarity.append(similarity[:, near])
    return _without_doubles(comparison)


def join_comparisons(comparisons: Sequence[Comparison]) -> Comparison:
    """Several cameras as one long sequence, in which a person has one id, and so has a track."""
    return Comparison(
        frames=np.concatenate([each.frames for each in comparisons]),
        truth_ids=[ids for each in comparisons for ids in each.truth_ids],
        track_ids=[ids for each in comparisons for ids in each.track_ids],
        similarity=[similarity for each in comparisons for similarity in each.similarity],
    )


def matches(comparison: Comparison) -> list[dict[int, int]]:
    """For each frame, which track each true person was found as: one to one, by the largest sum of similarity."""
    found = []
    for truth_ids, track_ids, similarity in zip(
        comparison.truth_ids, comparison.track_ids, comparison.similarity, strict=True
    ):
        true, tracked = _pairs(similarity)
        found.append(dict(zip(truth_ids[true].tolist(), track_ids[tracked].tolist(), strict=True)))
    return found


def score(comparison: Comparison) -> Scores:
    """The scores of one sequence."""
    return score_sequences({"": comparison}).combined


def score_sequences(comparisons: Mapping[str, Comparison]) -> SequenceScores:
    """The scores of each sequence by its name, and of all together.

    Raises:
        ScoringError: if there is no sequence.
    """
    if not comparisons:
        raise ScoringError("expected a sequence to score, found none")
    metrics = {"hota": HOTA(), "clear": CLEAR({"PRINT_CONFIG": False}), "identity": Identity({"PRINT_CONFIG": False})}
    tables = {name: _as_trackeval(comparison) for name, comparison in comparisons.items()}
    found = {
        metric: {name: judge.eval_sequence(table) for name, table in tables.items()}
        for metric, judge in metrics.items()
    }
    return SequenceScores(
        by_sequence={name: _scores({metric: found[metric][name] for metric in metrics}) for name in comparisons},
        combined=_scores({metric: judge.combine_sequences(found[metric]) for metric, judge in metrics.items()}),
    )


def _frames_up_to(last_frame: int, *frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """All that are named, up to the last that is scored: a frame without any box costs nothing and changes no score."""
    named = np.unique(np.concatenate(frames))
    return named[named <= last_frame]


def _rows_of(wanted: NDArray[np.int64], frames: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Rows of each wanted frame, in the order in which they stand."""
    order = np.argsort(frames, kind="stable")
    starts, ends = (np.searchsorted(frames[order], wanted, side) for side in ("left", "right"))
    return [order[start:end] for start, end in zip(starts, ends, strict=True)]


def _iou(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 4) and (M, 4) xyxy -> (N, M), in double precision: an IoU of exactly one half must stay one half."""
    a, b = first.astype(np.float64)[:, None], second.astype(np.float64)[None, :]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared: NDArray[np.float64] = np.prod(np.maximum(sides, 0), axis=2)
    areas: NDArray[np.float64] = np.prod(a[..., 2:] - a[..., :2], axis=2) + np.prod(b[..., 2:] - b[..., :2], axis=2)
    return shared / np.maximum(areas - shared, np.finfo(np.float64).eps)


def _feet(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4) xyxy -> (N, 2): the middle of the lower edge."""
    return np.stack(((boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]), axis=1)


def _distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 2) and (M, 2) -> (N, M)."""
    steps = first[:, None].astype(np.float64) - second[None].astype(np.float64)
    return np.hypot(steps[..., 0], steps[..., 1])


def _pairs(similarity: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns that belong together: similar enough, one to one, by the largest sum."""
    enough = np.where(similarity >= MATCH - np.finfo(np.float64).eps, similarity, 0)
    rows, columns = linear_sum_assignment(-enough)
    is_match = enough[rows, columns] > 0
    return rows[is_match], columns[is_match]


def _without_doubles(comparison: Comparison) -> Comparison:
    for kind, per_frame in (("truth", comparison.truth_ids), ("tracks", comparison.track_ids)):
        for frame, ids in zip(comparison.frames.tolist(), per_frame, strict=True):
            if len(np.unique(ids)) != len(ids):
                raise ScoringError(f"expected each id of the {kind} once in a frame, found one twice in frame {frame}")
    return comparison


def _as_trackeval(comparison: Comparison) -> dict[str, Any]:
    """The table that TrackEval's metrics take: ids numbered from 0 without gaps, and the totals."""
    truth_ids, track_ids = _numbered(comparison.truth_ids), _numbered(comparison.track_ids)
    return {
        "gt_ids": truth_ids,
        "tracker_ids": track_ids,
        "similarity_scores": comparison.similarity,
        "num_timesteps": len(truth_ids),
        "num_gt_dets": sum(map(len, truth_ids)),
        "num_tracker_dets": sum(map(len, track_ids)),
        "num_gt_ids": len(np.unique(np.concatenate(truth_ids))) if truth_ids else 0,
        "num_tracker_ids": len(np.unique(np.concatenate(track_ids))) if track_ids else 0,
    }


def _numbered(ids: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    if not ids:
        return []
    _, numbers = np.unique(np.concatenate(ids), return_inverse=True)
    return np.split(numbers.astype(np.int64), np.cumsum([len(each) for each in ids])[:-1])


def _scores(found: Mapping[str, Mapping[str, Any]]) -> Scores:
    return Scores(
        hota=float(np.mean(found["hota"]["HOTA"])),
        det_a=float(np.mean(found["hota"]["DetA"])),
        ass_a=float(np.mean(found["hota"]["AssA"])),
        idf1=float(found["identity"]["IDF1"]),
        mota=float(found["clear"]["MOTA"]),
        switches=int(found["clear"]["IDSW"]),
    )
