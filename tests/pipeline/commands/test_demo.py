from pathlib import Path

import pytest

from pipeline.cli import main


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--encoder", "no-such-network"], "no-such-network"),
        (["--detector", "nowhere.onnx"], "nowhere.onnx"),
        (["--preset", "fastest"], "fastest"),
    ],
)
def test_a_network_that_is_not_there_is_refused_before_anything_is_recorded(
    words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--out", str(tmp_path / "demo"), *words]) in (1, 2)
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()
