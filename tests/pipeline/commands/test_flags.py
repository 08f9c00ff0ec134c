from pathlib import Path

import pytest

from pipeline.commands.flags import Flags, merge_flags


def source_of(words: str) -> tuple[str, bool]:
    flags = Flags(cameras=(words,), detector="hog", encoder="colour-stripes")
    [camera] = merge_flags(None, flags)[0].cameras
    return camera.source.get_secret_value(), camera.is_live


def test_a_number_is_a_webcam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert source_of("desk=0") == ("/dev/video0", True)


def test_a_folder_whose_name_is_a_number_is_that_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "7").mkdir()
    assert source_of("door=7") == ("7", False)
