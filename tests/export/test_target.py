"""Where artefacts go, for every command that writes one."""

import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from export.cli import main
from export.target import TargetError, check_folder, check_target, folder_beside, write_text, written_whole
from testing.paths import ROOT

ENCODER = ROOT / "configs" / "models" / "passerby-encoder.onnx"
NETWORK = "--network", "pooling-mean-resnet18", "--trunk", "compact", "--height", "64", "--width", "32"


def write(file: Path, text: str) -> None:
    with written_whole(file) as partial:
        partial.write_text(text)
        partial.with_suffix(".json").write_text(text)


@pytest.mark.parametrize("taken", ["x.onnx", "x.json"])
@pytest.mark.parametrize(
    "command",
    [
        ("onnx", *NETWORK),
        ("precision", str(ENCODER), "--to", "fp16", "--out"),
    ],
)
def test_a_folder_in_the_place_of_the_file_or_its_card_is_said_before_anything_runs(
    command: tuple[str, ...], taken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / taken).mkdir()
    assert main([*command, str(tmp_path / "x.onnx")]) == 2
    reported = capsys.readouterr().err
    assert f"found a folder at {tmp_path / taken}" in reported
    assert reported.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [taken]


@pytest.mark.parametrize("taken", ["x.engine", "x.engine.json"])
def test_so_it_is_for_an_engine(taken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / taken).mkdir()
    assert main(["engine", str(ENCODER), str(tmp_path / "x.engine"), "--for", "tensorrt-rtx"]) == 2
    assert f"found a folder at {tmp_path / taken}" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode == os.W_OK))
    with pytest.raises(TargetError, match=f"expected a folder that can be written for x.onnx, found {tmp_path}"):
        check_target(tmp_path / "x.onnx", ".onnx")


def test_a_full_disk_names_the_file_that_was_to_come_and_another_fault_its_own(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as full, folder_beside(tmp_path / "x.onnx") as folder:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder / "candidate.onnx"))
    assert full.value.filename == str(tmp_path / "x.onnx")
    with pytest.raises(OSError, match="No such file") as missing, folder_beside(tmp_path / "x.onnx"):
        (tmp_path / "frame.jpg").read_bytes()
    assert missing.value.filename == str(tmp_path / "frame.jpg")
    assert not list(tmp_path.iterdir())


def test_of_two_exports_at_once_one_has_both_places(tmp_path: Path) -> None:
    file = tmp_path / "x.onnx"
    write(file, "first")
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    second = threading.Thread(target=write, args=(file, "second"))
    second.start()
    second.join(0.2)
    assert second.is_alive(), "it waits until the other has both places"
    assert file.read_text() == file.with_suffix(".json").read_text() == "first"
    os.close(folder)
    second.join(10)
    assert file.read_text() == file.with_suffix(".json").read_text() == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json", "x.onnx"]


@pytest.mark.parametrize("name", ["a" * 201, "two\nlines", os.fsdecode(b"\xff\xfe")])
def test_a_name_that_no_card_can_carry_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="expected a name of at most 200 letters"):
        check_target(tmp_path / f"{name}.onnx", ".onnx")
    check_target(tmp_path / f"{'a' * 200}.onnx", ".onnx")
    check_target(tmp_path / "ü 人.onnx", ".onnx")


def test_a_folder_below_a_file_is_refused_and_one_that_is_not_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check_folder(tmp_path / "new" / "newer")
    for wrong in (tmp_path / "file", tmp_path / "file" / "new"):
        with pytest.raises(TargetError, match=f"expected a folder to write at {wrong}, found {tmp_path / 'file'}"):
            check_folder(wrong)


def test_figures_that_cannot_be_written_leave_those_that_were_there(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    write_text(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(file, "new \ud800")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]
