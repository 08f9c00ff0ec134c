import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.output.files import files_kept_private, naming
from testing.scene import video


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("shared", "modes"), [(False, (0o700, 0o600)), (True, (0o755, 0o644))])
def test_what_is_written_is_for_its_owner_alone_unless_it_is_shared(
    tmp_path: Path, shared: bool, modes: tuple[int, int]
) -> None:
    write = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); p.mkdir(); (p / 'file').write_text('x')"
    with files_kept_private(unless=shared):
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "file").write_text("x")
        subprocess.run([sys.executable, "-c", write, tmp_path / "of_a_child"], check=True)
    for folder in ("own", "of_a_child"):
        assert (mode(tmp_path / folder), mode(tmp_path / folder / "file")) == modes
    (tmp_path / "after").mkdir()
    assert mode(tmp_path / "after") == 0o755


def test_nobody_else_reads_what_a_run_leaves(tmp_path: Path) -> None:
    door, out = video(tmp_path / "door.mkv", [], 1.0), tmp_path / "out"
    words = ["--detector", "hog", "--encoder", "colour-stripes", "--report", "--videos"]
    assert main(["run", "--camera", f"door={door}", "--out", str(out), *words]) == 0
    left = [out, *out.rglob("*")]
    assert {path.name for path in left} >= {"events.jsonl", "door.txt", "door.mp4", "report.html"}
    assert {mode(path) for path in left if path.is_file()} == {0o600}
    assert {mode(path) for path in left if path.is_dir()} == {0o700}


def test_an_error_that_names_its_file_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nosuch"), naming(tmp_path):
        (tmp_path / "nosuch").read_text()
