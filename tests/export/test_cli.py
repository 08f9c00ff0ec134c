from pathlib import Path

import pytest

from export.cli import main


def test_alone_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert "encoder" in shown
    assert "detector" in shown


@pytest.mark.parametrize("network", ["encoder", "detector"])
def test_a_run_that_is_not_there_is_one_line_and_leaves_no_file(
    network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "network.onnx"
    assert main([network, str(tmp_path / "none"), str(file), "--licence", "MIT", "--notes", "n"]) == 1
    reported = capsys.readouterr().err
    assert reported.startswith("reid-export: ")
    assert str(tmp_path / "none") in reported
    assert reported.count("\n") == 1
    assert not file.exists()


@pytest.mark.parametrize(
    "argv",
    [
        ["encoder"],
        ["encoder", "run", "file.onnx", "--notes", "no licence"],
        ["nothing"],
        ["detector", "run", "file.onnx", "--height", "8"],
    ],
)
def test_misuse_is_exit_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("reid-export: ")
