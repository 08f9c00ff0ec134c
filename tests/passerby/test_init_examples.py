"""The examples of the package's docstring run exactly as they stand there, and pass mypy --strict."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import passerby
from passerby_events import DEAD_LETTERS, EVENTS, Brokers
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from testing.events import a_match
from testing.paths import ROOT
from testing.still_person import still_person
from testing.videos import write_image_video

MOST_LINES = 5
FRAMES = 50


def examples() -> list[str]:
    """The indented blocks of the docstring."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", inspect.cleandoc(passerby.__doc__ or "") + "\n", re.MULTILINE)
    return [inspect.cleandoc(block) + "\n" for block in blocks]


def example_with(word: str) -> str:
    (text,) = (text for text in examples() if word in text)
    return text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the examples name, and a detector that sees one person in every image."""
    still_person(tmp_path / "yolox-nano.onnx")
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("door", "hall"):
        write_image_video(tmp_path / f"{name}.mp4", FRAMES, codec="libx264", pixel_format="yuv420p", size=(320, 240))
    for person, colour in (("anna", (30, 40, 200)), ("berta", (190, 160, 20))):
        write_crop(tmp_path / person / "1.png", colour)
        write_crop(tmp_path / "tracklets" / f"000{len(person)}C1T0001F001.jpg", colour)
    return tmp_path


def write_crop(path: Path, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), np.full((128, 64, 3), colour, np.uint8))


def output_of(text: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    exec(compile(text, "example", "exec"), {})
    return capsys.readouterr().out.splitlines()


def test_each_has_five_lines_and_there_is_one_for_each_use() -> None:
    assert len(examples()) == 5
    assert all(len([line for line in text.splitlines() if line]) <= MOST_LINES for text in examples())


@pytest.mark.usefixtures("folder")
def test_people_are_recognised_over_two_videos(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output_of(example_with("recognise"), capsys)
    kinds = [line.split()[0] for line in lines]
    cameras = {line.split()[-1] for line in lines}
    assert kinds[0] == "person.appeared"
    assert kinds.count("track.ended") == 2
    assert cameras == {"door", "hall"}


@pytest.mark.usefixtures("folder")
def test_one_video_is_tracked(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output_of(example_with("track("), capsys)
    assert len(lines) == FRAMES
    assert {line.split()[1] for line in lines[1:]} == {"[1]"}


@pytest.mark.usefixtures("folder")
def test_two_people_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = output_of(example_with("compare"), capsys)
    similarity, verdict = line.split()
    assert -1 <= float(similarity) <= 1
    assert verdict in ("True", "False")


@pytest.mark.usefixtures("folder")
def test_a_folder_of_tracklets_is_embedded(capsys: pytest.CaptureFixture[str]) -> None:
    text = "".join(output_of(example_with("embed_folder"), capsys))
    persons, cameras, similarities = re.findall(r"\[.*?\](?=\s|$)", text.replace("[[", "[").replace("]]", "]"))[:3]
    assert persons == "[4 5]"
    assert cameras == "[1 1]"
    assert similarities


def test_events_are_read_from_kafka(kafka_brokers: Brokers) -> None:
    for topic in (EVENTS, DEAD_LETTERS):
        ensure_topic(kafka_brokers, topic, TopicParams(partitions=1))
    with KafkaSink(kafka_brokers, EVENTS) as sink:
        sink.publish(a_match())
    text = example_with("EventConsumer").replace("localhost:9092", str(kafka_brokers))
    command = [sys.executable, "-u", "-c", text]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as consumer:
        assert consumer.stdout
        try:
            # All tests of a process share the broker, and others publish to the usual topic too.
            assert f"person.matched {a_match().person}\n".encode() in iter(consumer.stdout.readline, b"")
        finally:
            consumer.kill()


@pytest.mark.slow
def test_the_examples_pass_mypy_strict(tmp_path: Path) -> None:
    paths = [tmp_path / f"example_{number}.py" for number in range(len(examples()))]
    for path, text in zip(paths, examples(), strict=True):
        path.write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout
