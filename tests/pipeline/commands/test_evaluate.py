from pathlib import Path

import pytest

from pipeline.cli import main
from testing.scene import video

SECONDS = 2.0
TRUTH = "1,1,10,10,40,80,1,-1,-1,-1\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run over two seconds of a recording in which nobody is."""
    folder = tmp_path_factory.mktemp("run")
    door = video(folder / "door.mkv", [], SECONDS)
    words = ["--detector", "hog", "--encoder", "colour-stripes", "--out", str(folder / "out")]
    assert main(["run", "--camera", f"door={door}", *words]) == 0
    return folder / "out"


def evaluate(run: Path, truth: str, *more: str) -> int:
    (run.parent / "door.txt").write_text(truth)
    return main(["evaluate", str(run), "--truth", f"door={run.parent / 'door.txt'}", *more])


def test_truth_of_frames_that_the_run_did_not_have_is_refused_whatever_their_numbers(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for beyond in (100, 10**7, 10**12):
        assert evaluate(run, TRUTH + TRUTH.replace("1,1,", f"{beyond},1,", 1)) == 1
        reported = capsys.readouterr().err
        assert f"frames that the run had of camera door, found 1 rows beyond them, up to frame {beyond}" in reported
        assert reported.count("\n") == 1


def test_what_the_run_had_is_scored_where_the_user_asks_for_it(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = TRUTH.replace("1,1,", "10000000,1,", 1)
    assert evaluate(run, TRUTH + late) == 1
    hint = capsys.readouterr().err.split("--last-frame ")[1].split()[0]
    assert evaluate(run, TRUTH + late, "--last-frame", hint) == 0
    assert evaluate(run, TRUTH.replace("1,1,", f"{hint},1,", 1)) == 0
    assert evaluate(run, TRUTH.replace("1,1,", f"{int(hint) + 1},1,", 1)) == 1


def test_a_run_that_was_killed_and_could_not_say_how_many_frames_it_had_is_scored(run: Path) -> None:
    length = run / "tracks" / "door.ini"
    kept = length.read_text()
    length.unlink()
    assert evaluate(run, TRUTH.replace("1,1,", "100000,1,", 1)) == 0
    length.write_text(kept)
