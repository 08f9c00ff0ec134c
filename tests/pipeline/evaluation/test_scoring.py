from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluation.errors import ScoringError
from pipeline.evaluation.scoring import Comparison, compare_boxes, compare_feet, matches, score, score_sequences
from pipeline.output.mot_files import FootTruth, MotTracks, MotTruth, read_sequence_length, read_tracks, read_truth

BOX = [0.0, 0.0, 10.0, 20.0]
ELSEWHERE = [100.0, 0.0, 110.0, 20.0]


def tracks(*rows: tuple[int, int, list[float]]) -> MotTracks:
    return MotTracks(
        frames=np.array([row[0] for row in rows], np.int64),
        ids=np.array([row[1] for row in rows], np.int64),
        boxes=np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
        scores=np.ones(len(rows), np.float32),
    )


def truth(*rows: tuple[int, int, list[float]], ignored: tuple[bool, ...] | None = None) -> MotTruth:
    same = tracks(*rows)
    ignores = np.array(ignored or [False] * len(rows), np.bool_)
    return MotTruth(same.frames, same.ids, same.boxes, ~ignores, ignores, max(row[0] for row in rows))


def test_perfect_tracks_score_one() -> None:
    found = score(compare_boxes(truth((1, 5, BOX), (2, 5, BOX)), tracks((1, 8, BOX), (2, 8, BOX))))
    assert (found.hota, found.idf1, found.mota, found.switches) == pytest.approx((1, 1, 1, 0))


def test_a_swap_of_ids_is_a_switch_and_halves_idf1() -> None:
    found = score(compare_boxes(truth((1, 5, BOX), (2, 5, BOX)), tracks((1, 8, BOX), (2, 9, BOX))))
    assert found.switches == 1
    assert found.idf1 == pytest.approx(0.5)
    assert found.det_a == pytest.approx(1)


def test_nothing_tracked_scores_nothing() -> None:
    found = score(compare_boxes(truth((1, 5, BOX)), tracks()))
    assert (found.hota, found.idf1, found.mota) == (0, 0, 0)


def test_what_is_tracked_after_the_truth_ends_is_not_scored() -> None:
    comparison = compare_boxes(truth((1, 5, BOX)), tracks((1, 8, BOX), (2, 8, BOX)))
    assert len(comparison.track_ids) == 1


def test_a_box_on_ignored_truth_is_no_mistake_and_one_elsewhere_is() -> None:
    true = truth((1, 1, BOX), (1, 2, ELSEWHERE), ignored=(False, True))
    assert score(compare_boxes(true, tracks((1, 8, BOX), (1, 9, ELSEWHERE)))).mota == pytest.approx(1)
    assert score(compare_boxes(true, tracks((1, 8, BOX), (1, 9, [50.0, 50, 60, 60])))).mota == pytest.approx(0)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [
        (frame, track, [track * 30.0 + frame, 0, track * 30.0 + frame + 20, 40])
        for frame in (1, 2, 3)
        for track in (1, 2)
    ]
    true, found = truth(*rows), tracks(*rows)
    shuffled = found.where(np.random.default_rng(0).permutation(len(rows)))
    assert score(compare_boxes(true, shuffled)) == score(compare_boxes(true, found))


def test_an_id_twice_in_a_frame_is_refused() -> None:
    with pytest.raises(ScoringError, match="frame 1"):
        compare_boxes(truth((1, 5, BOX)), tracks((1, 8, BOX), (1, 8, ELSEWHERE)))


def test_no_sequence_is_refused() -> None:
    with pytest.raises(ScoringError, match="found none"):
        score_sequences({})


def test_feet_match_up_to_the_gate_and_boxes_far_from_every_point_are_left_out() -> None:
    feet = FootTruth(np.array([1, 1]), np.array([3, 4]), np.array([[5, 20], [105, 120]], np.float32), last_frame=1)
    stray = [500.0, 0, 510, 20]
    comparison = compare_feet(feet, tracks((1, 8, BOX), (1, 9, ELSEWHERE), (1, 10, stray)), gate_px=50)
    assert comparison.track_ids[0].tolist() == [8]
    assert comparison.similarity[0][:, 0] == pytest.approx([1, 0])
    assert matches(comparison) == [{3: 8}]


def test_matching_is_one_to_one_by_the_best_sum() -> None:
    ids = np.array([1, 2])
    assert matches(Comparison(np.array([1]), [ids], [ids + 10], [np.array([[0.9, 0.8], [0.8, 0.1]])])) == [
        {1: 12, 2: 11}
    ]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("tracker", "hota", "idf1", "mota", "switches"),
    [("exp1", 67.718, 79.110, 77.875, 190), ("test1_inter_results", 68.087, 79.422, 77.860, 174)],
)
def test_two_trackers_on_mot17_score_what_the_official_tool_published(
    shared: Path, tracker: str, hota: float, idf1: float, mota: float, switches: int
) -> None:
    folder = shared / "data/mot/mot17_val"
    comparisons = {}
    for sequence in sorted((folder / "gt/MOT17-val").iterdir()):
        true = read_truth(sequence / "gt/gt.txt", last_frame=read_sequence_length(sequence / "seqinfo.ini"))
        found = read_tracks(folder / f"trackers/MOT17-val/{tracker}/data/{sequence.name}.txt")
        comparisons[sequence.name] = compare_boxes(true, found)
    combined = score_sequences(comparisons).combined
    percent = [round(100 * value, 3) for value in (combined.hota, combined.idf1, combined.mota)]
    assert [*percent, combined.switches] == [hota, idf1, mota, switches]


@pytest.mark.shared
def test_tud_scores_what_motmetrics_published(shared: Path) -> None:
    folder = shared / "data/mot/tud/train"
    names = ["TUD-Campus", "TUD-Stadtmitte"]
    found = score_sequences(
        {
            name: compare_boxes(read_truth(folder / name / "gt/gt.txt"), read_tracks(folder / f"results/{name}.txt"))
            for name in names
        }
    )
    table = [*(found.by_sequence[name] for name in names), found.combined]
    assert [round(100 * row.mota, 1) for row in table] == [52.6, 56.4, 55.5]
    assert [round(100 * row.idf1, 1) for row in table] == [55.8, 64.5, 62.4]
