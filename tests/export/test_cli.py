import pytest

from export.cli import main


def test_alone_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "onnx" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["onnx"], ["nothing"], ["onnx", "file.onnx", "--height", "8"]])
def test_misuse_is_exit_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("reid-export: ")
