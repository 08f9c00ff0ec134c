from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_models.training.cli import main
from reid_models.training.data import read_crop_set, write_crop_set
from testing.coloured_people import coloured_people


def test_tracklets_are_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mars" / "0003"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "0003C1T0001F001.jpg"), np.full((16, 8, 3), 90, np.uint8))
    assert main(["pack", str(tmp_path / "mars"), str(tmp_path / "set"), "--height", "32", "--width", "16"]) == 0
    assert "1 crops" in capsys.readouterr().err
    assert read_crop_set([tmp_path / "set"]).parts[0].shape == (1, 32, 16, 3)


@pytest.mark.parametrize(
    ("words", "expected", "code"),
    [
        (["run", "{}/none", "--out", "{}/run"], "expected crops.npy and labels.npz in", 1),
        (["run", "{}/few", "--out", "{}/run"], "expected at least 16 persons for a batch, found 3", 1),
        (["pack", "{}/none", "{}/set"], "expected a folder of tracklets at", 1),
        (["run", "{}/few"], "--out", 2),
        (["walk"], "No such command", 2),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], expected: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_crop_set(tmp_path / "few", coloured_people(3, 2))
    assert main([word.format(tmp_path) for word in words]) == code
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
