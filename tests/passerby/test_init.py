import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import passerby
from passerby import PasserbyError
from testing.still_person import still_person
from testing.videos import write_image_video


def test_every_name_is_there_and_no_other() -> None:
    assert all(getattr(passerby, name) is not None for name in passerby.__all__)
    assert {*passerby.__all__, "__version__"} == {*dir(passerby)}
    with pytest.raises(AttributeError, match="no attribute 'recognize'"):
        _ = passerby.recognize  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import passerby", {"numpy", "pydantic", "pipeline", "passerby_events"}),
        ("from passerby import EventConsumer, Event", {"numpy", "cv2", "pipeline"}),
        ("from passerby import load_encoder, track, recognise", {"torch", "onnxruntime", "typer", "rich", "numba"}),
    ],
)
def test_what_is_not_needed_is_not_loaded(statement: str, absent: set[str]) -> None:
    program = f"import sys\n{statement}\nprint(*({absent!r} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path))
    still_person(tmp_path / "yolox-nano.onnx")
    return write_image_video(tmp_path / "door.mp4", 50, codec="libx264", pixel_format="yuv420p", size=(320, 240))


def drain(events: Iterator[object]) -> None:
    for _ in events:
        pass


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: passerby.recognise(), "expected a configuration file, or --camera"),
        (lambda: passerby.recognise({"door": "gone.mp4"}, site="mooon"), "one of caesar, example, pets2009"),
        (lambda: drain(passerby.recognise({"door": "gone.mp4"}, detector="hog")), "gone.mp4"),
        (lambda: drain(passerby.track("gone.mp4", detector="hog")), "gone.mp4"),
        (lambda: passerby.load_encoder("no-such-network"), "no-such-network"),
        (lambda: passerby.load_encoder("colour-stripes").compare("nobody", "noone"), "expected an image"),
        (lambda: passerby.load_encoder("colour-stripes").embed_folder("nothing"), "expected a folder of tracklets"),
    ],
)
def test_what_cannot_be_is_one_line(call: Callable[[], object], line: str) -> None:
    with pytest.raises(PasserbyError, match=line) as found:
        call()
    assert "\n" not in str(found.value)


def test_the_same_files_give_the_same_events_and_nothing_is_written(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(video.parent)
    before = sorted(video.parent.iterdir())
    first, second = (list(passerby.recognise({"door": video})) for _ in range(2))
    assert first == second
    assert [event.kind for event in first] == ["person.appeared", "track.ended"]
    assert sorted(video.parent.iterdir()) == before


def test_whoever_closes_the_iterator_stops_the_cameras(video: Path) -> None:
    events = passerby.recognise({"door": video, "hall": video})
    assert next(events).kind == "person.appeared"
    events.close()  # type: ignore[attr-defined]
    assert next(events, None) is None


def test_a_person_is_like_themselves_and_arrays_do_as_well_as_files() -> None:
    encoder = passerby.load_encoder("colour-stripes")
    one, other = dressed((200, 30, 40), (20, 20, 60)), dressed((40, 60, 220), (230, 230, 230))
    assert encoder.compare([one], [one, one]).similarity == pytest.approx(1)
    assert encoder.compare([one], [one, one]).is_same_person
    assert not encoder.compare([one], [other]).is_same_person
    with pytest.raises(ValueError, match="expected images of"):
        encoder.embed([np.zeros((64, 32), np.uint8)])


def dressed(top: tuple[int, int, int], trousers: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A crop of somebody in these colours, RGB."""
    crop = np.full((64, 32, 3), 128, np.uint8)
    crop[8:34, 6:26], crop[34:60, 8:24] = top, trousers
    return crop
