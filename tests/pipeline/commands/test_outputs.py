from pathlib import Path

from pipeline.commands.outputs import clear_outputs


def test_a_new_run_leaves_no_images_of_the_last_and_touches_nothing_else(tmp_path: Path) -> None:
    ours = ["tracks/door.txt", "videos/door.mp4", "thumbnails/door/r-1-0.jpg", "report.html"]
    theirs = ["notes.txt", "videos/holiday.avi", "thumbnails/readme.jpg", "events.jsonl"]
    for name in ours + theirs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    clear_outputs(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(theirs)


def test_a_folder_that_is_not_there_needs_no_clearing(tmp_path: Path) -> None:
    clear_outputs(tmp_path / "none")
