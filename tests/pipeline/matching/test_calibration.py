from pathlib import Path

import numpy as np
import pytest

from pipeline.matching.calibration import (
    Calibration,
    CalibrationError,
    Curve,
    PairCurve,
    read_calibration,
    write_calibration,
)


def curve(threshold: float) -> Curve:
    return Curve(
        threshold=threshold,
        interval=(threshold - 0.1, threshold + 0.1),
        true_match_rate=0.5,
        slope=10,
        intercept=-10 * threshold,
        same_pairs=100,
        different_pairs=10_000,
    )


def calibration(*, prior: float = 0.5) -> Calibration:
    pairs = (PairCurve(cameras=("door", "hall"), curve=curve(0.4)),)
    return Calibration(model_id="net-1", false_match_rate=0.01, prior=prior, overall=curve(0.6), pairs=pairs)


def test_a_pair_of_cameras_with_a_curve_uses_it_in_either_order_and_others_use_the_one_of_all() -> None:
    assert calibration().threshold("hall", "door") == calibration().threshold("door", "hall") == 0.4
    assert calibration().threshold("hall", "yard") == calibration().threshold("hall", "hall") == 0.6


def test_probability_rises_with_similarity_keeps_its_shape_and_stays_between_0_and_1() -> None:
    cosines = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    found = calibration().probability(cosines, "door", "yard")
    assert found.shape == (3, 4)
    assert (np.diff(found.ravel()) > 0).all()
    assert 0 < found.min() < found.max() < 1


def test_the_prior_moves_the_probability() -> None:
    even = np.array([0.6])
    assert calibration().probability(even, "", "")[0] == pytest.approx(0.5)
    assert calibration(prior=0.1).probability(even, "", "")[0] == pytest.approx(0.1)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_calibration(tmp_path / "site" / "calibration.json", calibration())
    assert read_calibration(tmp_path / "site" / "calibration.json", model_id="net-1") == calibration()


def test_the_calibration_of_another_encoder_is_refused(tmp_path: Path) -> None:
    write_calibration(tmp_path / "c.json", calibration())
    with pytest.raises(CalibrationError, match="expected a calibration of net-2, found one of net-1"):
        read_calibration(tmp_path / "c.json", model_id="net-2")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "json"),
        (b"\xff\x00", "json"),
        (b"{}", "model_id: field required"),
        (
            calibration().model_dump_json().replace('"slope":10.0', '"slope":-1.0').encode(),
            "overall.slope",
        ),
        (calibration().model_dump_json().replace('"prior":0.5', '"prior":0.5,"notes":1').encode(), "notes: extra"),
        (calibration().model_dump_json().replace('"threshold":0.6', '"threshold":NaN').encode(), "overall.threshold"),
    ],
)
def test_a_file_that_is_no_calibration_is_one_clear_line(tmp_path: Path, text: bytes, complaint: str) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(text)
    with pytest.raises(CalibrationError, match=complaint) as raised:
        read_calibration(path, model_id="net-1")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_or_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"gone\.json: No such file"):
        read_calibration(tmp_path / "gone.json", model_id="net-1")
    (tmp_path / "file").touch()
    with pytest.raises(CalibrationError, match="expected to write"):
        write_calibration(tmp_path / "file" / "c.json", calibration())
