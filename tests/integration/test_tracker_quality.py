"""Each tracker on a real sequence with public detections, not worse than it was."""

import configparser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from trackeval.datasets import MotChallenge2DBox
from trackeval.metrics import HOTA, Identity

from detectors.detections import Detections
from trackers.bytetrack import ByteTrack
from trackers.ocsort import OcSort
from trackers.tracker import Tracker

SEQUENCE = "MOT17-05-FRCNN"


def results_of(tracker: Tracker, folder: Path) -> NDArray[np.float64]:
    """Rows in MOTChallenge's form."""
    sequence = configparser.ConfigParser()
    sequence.read(folder / "seqinfo.ini")
    found = np.loadtxt(folder / "det" / "det.txt", delimiter=",")
    found[:, 4:6] += found[:, 2:4]
    rows = []
    for index in range(sequence.getint("Sequence", "seqLength")):
        now = found[found[:, 0] == index + 1].astype(np.float32)
        shown = tracker.update(Detections(now[:, 2:6], now[:, 6]), index / sequence.getfloat("Sequence", "frameRate"))
        frame, corner = np.full(len(shown), index + 1), shown.boxes[:, :2]
        rows.append(np.column_stack([frame, shown.ids, corner, shown.boxes[:, 2:] - corner, shown.scores]))
    return np.concatenate(rows)


@pytest.mark.shared
@pytest.mark.parametrize(("tracker", "least_hota", "least_idf1"), [(ByteTrack(), 0.46, 0.57), (OcSort(), 0.455, 0.565)])
def test_a_real_sequence_is_tracked_as_well_as_before(
    shared: Path, tmp_path: Path, tracker: Tracker, least_hota: float, least_idf1: float
) -> None:
    truth = shared / "data" / "mot" / "mot17_train"
    results = tmp_path / "ours" / "data"
    results.mkdir(parents=True)
    np.savetxt(results / f"{SEQUENCE}.txt", results_of(tracker, truth / SEQUENCE), fmt="%.3f", delimiter=",")
    config: dict[str, Any] = {"GT_FOLDER": str(truth), "TRACKERS_FOLDER": str(tmp_path), "TRACKERS_TO_EVAL": ["ours"]}
    dataset = MotChallenge2DBox(config | {"SEQ_INFO": {SEQUENCE: None}, "SKIP_SPLIT_FOL": True, "PRINT_CONFIG": False})
    data = dataset.get_preprocessed_seq_data(dataset.get_raw_seq_data("ours", SEQUENCE), "pedestrian")
    assert np.mean(HOTA().eval_sequence(data)["HOTA"]) > least_hota
    assert Identity({"PRINT_CONFIG": False}).eval_sequence(data)["IDF1"] > least_idf1
