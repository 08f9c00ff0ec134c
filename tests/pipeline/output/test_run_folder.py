import fcntl
import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest

from passerby_events.errors import EventsError
from pipeline.output import run_folder
from pipeline.output.files import is_free
from pipeline.output.run_folder import FolderInUse, folder_of_a_run, folder_of_a_site

OURS = (
    "events.jsonl",
    "tracks/door.txt",
    "videos/door.mp4",
    "thumbnails/door/r-1-0.jpg",
    "report.html",
    "tracks/yard.txt.partial",
)
THEIRS = ("notes.txt", "videos/holiday.avi", "thumbnails/readme.jpg")
SERIES = {"site": "shop", "series": "1", "window_s": "1", "model_id": "net"}
OTHER_DISK = Path("/dev/shm")
ANOTHER = {**SERIES, "series": "2"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "_PATIENCE_S", 0.2)


def write(folder: Path, names: tuple[str, ...], text: str = "x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def files(folder: Path) -> dict[str, str]:
    """What lies there, by name."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_run_begins_in_an_empty_folder_and_all_of_the_run_before_is_kept_whole(tmp_path: Path) -> None:
    write(tmp_path, (*OURS, *THEIRS))
    os.utime(tmp_path / "report.html", (2e9, 2e9))
    with folder_of_a_run(tmp_path):
        found = files(tmp_path)
    assert set(found) == {*THEIRS, *(f"earlier/20330518T033320Z/{name}" for name in OURS)}


def test_runs_that_ended_in_one_second_are_kept_apart_from_each_other(tmp_path: Path) -> None:
    for text in ("first", "second", "third"):
        with folder_of_a_run(tmp_path):
            write(tmp_path, ("events.jsonl",), text)
            os.utime(tmp_path / "events.jsonl", (2e9, 2e9))
    kept = {name: text for name, text in files(tmp_path).items() if name.startswith("earlier")}
    assert sorted(kept.values()) == ["first", "second"]


def test_what_a_run_left_that_wrote_nothing_is_not_kept(tmp_path: Path) -> None:
    write(tmp_path, ("events.jsonl", "tracks/door.txt"), "")
    with folder_of_a_run(tmp_path):
        assert files(tmp_path) == {}


def test_a_second_run_at_the_same_time_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    with folder_of_a_run(tmp_path):
        write(tmp_path, OURS)
        with pytest.raises(FolderInUse, match="another process writes to"), folder_of_a_run(tmp_path):
            pass
        with pytest.raises(FolderInUse), folder_of_a_site(tmp_path, SERIES):
            pass
        assert set(files(tmp_path)) == set(OURS)


def test_a_site_goes_on_with_its_files_and_its_processes_share_them(tmp_path: Path) -> None:
    with folder_of_a_site(tmp_path, SERIES), folder_of_a_site(tmp_path, SERIES):
        write(tmp_path, OURS)
        with pytest.raises(FolderInUse), folder_of_a_run(tmp_path):
            pass
    with folder_of_a_site(tmp_path, SERIES):
        assert set(files(tmp_path)) == {*OURS, "site.json"}


@pytest.mark.parametrize("before", [None, {**SERIES, "site": "mall"}, ANOTHER, {**SERIES, "window_s": "2"}])
def test_a_site_never_goes_on_with_what_is_of_a_run_or_of_another_series(
    tmp_path: Path, before: dict[str, str] | None
) -> None:
    with folder_of_a_run(tmp_path) if before is None else folder_of_a_site(tmp_path, before):
        write(tmp_path, OURS)
    with folder_of_a_site(tmp_path, SERIES):
        write(tmp_path, ("events.jsonl",), "new")
        found = files(tmp_path)
    assert found["events.jsonl"] == "new"
    assert {Path(*Path(name).parts[2:]).as_posix() for name, text in found.items() if text == "x"} == set(OURS)


def test_a_site_that_begins_anew_waits_for_none_of_its_own_but_for_those_of_others(tmp_path: Path) -> None:
    with folder_of_a_site(tmp_path, SERIES):
        write(tmp_path, ("events.jsonl",))
        with folder_of_a_site(tmp_path, ANOTHER):
            assert "events.jsonl" not in files(tmp_path)
        with pytest.raises(FolderInUse), folder_of_a_site(tmp_path, {**SERIES, "site": "mall"}):
            pass


def test_a_lock_ends_with_the_process_that_was_killed(tmp_path: Path) -> None:
    started = multiprocessing.get_context("spawn").Event()
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path, started))
    process.start()
    assert started.wait(60)
    with pytest.raises(FolderInUse), folder_of_a_run(tmp_path):
        pass
    process.kill()
    process.join()
    with folder_of_a_run(tmp_path):
        pass


def hold(folder: Path, started: "multiprocessing.synchronize.Event") -> None:
    with folder_of_a_run(folder):
        started.set()
        multiprocessing.get_context("spawn").Event().wait()


@pytest.mark.parametrize("found", ["", "no JSON", "[]", '"shop"', "3", "null", "[" * 100_000, '{"site": 5}'])
def test_a_file_of_the_site_that_is_none_is_as_that_of_another(tmp_path: Path, found: str) -> None:
    write(tmp_path, ("site.json",), found)
    write(tmp_path, ("events.jsonl",))
    with folder_of_a_site(tmp_path, SERIES):
        assert "events.jsonl" not in files(tmp_path)
    with folder_of_a_site(tmp_path, SERIES):
        assert [name for name in files(tmp_path) if name.endswith("/events.jsonl")] != []


def test_what_lies_on_a_disk_of_its_own_is_kept_too(tmp_path: Path) -> None:
    if not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip(f"{OTHER_DISK} is no disk of its own here")
    with tempfile.TemporaryDirectory(dir=OTHER_DISK) as disk:
        (tmp_path / "videos").symlink_to(disk)
        write(tmp_path, OURS)
        with folder_of_a_run(tmp_path):
            found = files(tmp_path)
        assert list(Path(disk).iterdir()) == []
    assert {Path(*Path(name).parts[2:]).as_posix() for name in found} == set(OURS)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    write(tmp_path, ("file",))
    with pytest.raises(EventsError, match="expected to write to"), folder_of_a_run(tmp_path / "file" / "out"):
        pass


def test_a_shared_lock_excludes_one_that_is_not(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as one, (tmp_path / "lock").open("w") as other:
        assert is_free(one.fileno(), fcntl.LOCK_SH)
        assert is_free(other.fileno(), fcntl.LOCK_SH)
        assert not is_free(other.fileno(), fcntl.LOCK_EX)
