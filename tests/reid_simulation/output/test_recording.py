import json
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reid_simulation.output.recording import CameraFiles, camera_files, frames_of, record
from reid_simulation.seams.cameras import Camera
from testing.simulation.capsule import capsule_man
from testing.simulation.room import ROOM, scenario

COLUMNS = 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The room, recorded by both cameras."""
    folder = tmp_path_factory.mktemp("room")
    for camera in ROOM.built_cameras():
        record(ROOM, camera, scenario(), capsule_man, folder)
    return folder


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Rows of a file of truth."""

    rows: NDArray[np.float64]

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(N, 4) xyxy."""
        return np.hstack((self.rows[:, 2:4], self.rows[:, 2:4] + self.rows[:, 4:6]))


def truth_of(files: CameraFiles) -> Truth:
    return Truth(np.loadtxt(files.truth, delimiter=",").reshape(-1, COLUMNS))


def on_image(files: CameraFiles, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3) metres to (N, 2) pixels, by OpenCV from the calibration alone."""
    expected = json.loads(files.calibration.read_text())
    turn, _ = cv2.Rodrigues(np.array(expected["R"]))
    pixels, _ = cv2.projectPoints(
        points, turn, np.array(expected["t"]), np.array(expected["K"]), np.array([*expected["distortion"]])
    )
    return np.asarray(pixels[:, 0], np.float64)


@pytest.mark.parametrize("camera", ROOM.built_cameras(), ids=lambda camera: camera.name)
def test_the_truth_on_the_floor_falls_on_the_rendered_boxes(folder: Path, camera: Camera) -> None:
    files = camera_files(folder, camera.name)
    people, compared = scenario(), 0
    for row, (left, top, right, bottom) in zip(truth_of(files).rows, truth_of(files).boxes, strict=True):
        stance = next(s for s in people.stances((row[0] - 1) / camera.fps) if s.person == row[1])
        feet, head = on_image(files, np.array([[stance.x_m, stance.y_m, 0.0], [stance.x_m, stance.y_m, 1.79]]))
        if left > 1 and right < camera.width - 1 and top > 1 and bottom < camera.height - 1:
            compared += 1
            assert left < feet[0] < right
            assert abs((left + right) / 2 - (feet[0] + head[0]) / 2) < 0.15 * (right - left) + 1
            # The soles are below the middle of the feet by as much as they are nearer to the camera.
            assert -0.5 < bottom - feet[1] < 0.09 * (bottom - top)
            assert abs(top - head[1]) < 0.04 * (bottom - top)
    assert compared > 10


@pytest.mark.parametrize("camera", ROOM.built_cameras(), ids=lambda camera: camera.name)
def test_a_video_has_its_length_rate_and_the_time_of_the_cameras_clock(folder: Path, camera: Camera) -> None:
    with av.open(str(camera_files(folder, camera.name).video)) as container:
        stream = container.streams.video[0]
        images = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == Fraction(camera.fps)
        started = "2026-05-04T08:00:01.000000Z" if camera.name == "south" else "2026-05-04T08:00:00.000000Z"
        assert container.metadata["creation_time"] == started
    assert len(images) == frames_of(camera, ROOM.duration_s)
    assert images[0].shape == (180, 320, 3)
    assert any((first != second).any() for first, second in pairwise(images))


def test_two_runs_give_the_same_files_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    camera = ROOM.built_cameras()[0]
    record(ROOM, camera, scenario(), capsule_man, tmp_path)
    first, second = camera_files(folder, camera.name), camera_files(tmp_path, camera.name)
    assert first.video.read_bytes() == second.video.read_bytes()
    assert first.truth.read_bytes() == second.truth.read_bytes()


def test_the_hardly_visible_are_not_asked_for(folder: Path) -> None:
    rows = np.concatenate([truth_of(camera_files(folder, camera.name)).rows for camera in ROOM.built_cameras()])
    evaluated, kind, visibility, height = rows[:, 6], rows[:, 7], rows[:, 8], rows[:, 5]
    assert set(zip(evaluated.tolist(), kind.tolist(), strict=True)) == {(1.0, 1.0), (0.0, 8.0)}
    assert (visibility[evaluated == 1] >= 0.35 - 5e-4).all()
    assert ((visibility < 0.35) | (height < 30))[evaluated == 0].all()
