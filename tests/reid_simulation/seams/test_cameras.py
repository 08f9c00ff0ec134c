import cv2
import numpy as np
import pytest

from reid_simulation.seams.cameras import Camera

BARREL = Camera("barrel", 3.0, -2.0, 3.2, pan=0.7, tilt=0.5, roll=0.06, fov=1.3, k1=-0.15, k2=0.02)


@pytest.mark.parametrize(
    "camera", [BARREL, Camera("plain", 0.0, 0.0), Camera("cushion", 1.0, 1.0, 6.0, tilt=0.9, k1=0.1)]
)
def test_a_floor_point_projects_to_the_pixel_it_was_found_by(camera: Camera) -> None:
    pixels = np.random.default_rng(0).uniform([0, camera.height * 0.6], [camera.width, camera.height], (50, 2))
    floor = camera.floor_points(pixels)
    projected, depth = camera.project(np.concatenate([floor, np.zeros((50, 1))], axis=1))
    np.testing.assert_allclose(projected, pixels, atol=1e-6)
    assert (depth > 0).all()


def test_the_calibration_means_to_opencv_what_it_means_here() -> None:
    points = BARREL.position_m + BARREL.rays(np.random.default_rng(1).uniform(0, [1280, 720], (30, 2))) * 4.0
    expected = BARREL.calibration()
    turn, _ = cv2.Rodrigues(np.array(expected["R"]))
    pixels, _ = cv2.projectPoints(
        points, turn, np.array(expected["t"]), np.array(expected["K"]), np.array(expected["distortion"])
    )
    np.testing.assert_allclose(BARREL.project(points)[0], pixels[:, 0], atol=1e-6)


def test_a_barrel_draws_points_towards_the_middle() -> None:
    plain = Camera("plain", 0.0, 0.0, fov=1.3)
    bent = Camera("bent", 0.0, 0.0, fov=1.3, k1=-0.1)
    points = plain.position_m + plain.rays(np.array([[1200.0, 100.0], [60.0, 650.0]])) * 5.0
    middle = [640, 360]
    straight, drawn = (np.linalg.norm(camera.project(points)[0] - middle, axis=1) for camera in (plain, bent))
    assert (drawn < 0.98 * straight).all()


def test_what_is_behind_the_camera_has_no_pixel() -> None:
    pixels, depth = Camera("east", 0.0, 0.0, pan=0.0).project(np.array([[-5.0, 0.0, 1.0]]))
    assert np.isnan(pixels).all()
    assert depth[0] < 0


def test_what_is_far_outside_does_not_fold_back_into_the_image() -> None:
    camera = Camera("barrel", 0.0, 0.0, fov=1.2, k1=-0.15)
    angles = np.linspace(0.7, 1.5, 60)
    points = camera.position_m + np.stack([np.cos(angles), np.sin(angles), np.zeros(60)], axis=1)
    pixels, _ = camera.project(points)
    assert (np.diff(pixels[:, 0]) < 0).all()


def test_pan_turns_to_the_north_and_tilt_looks_down() -> None:
    camera = Camera("north", 2.0, 1.0, 3.0, pan=np.pi / 2, tilt=np.pi / 4)
    np.testing.assert_allclose(camera.floor_points(np.array([[640.0, 360.0]])), [[2.0, 4.0]], atol=1e-9)
    east_of_it, _ = camera.project(np.array([[3.0, 4.0, 0.0]]))
    assert east_of_it[0, 0] > 640


@pytest.mark.parametrize("camera", [{"k1": -0.5, "fov": 1.6}, {"fov": 4.0}, {"width": 0}])
def test_a_camera_that_cannot_be_says_so(camera: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="camera wrong: "):
        Camera("wrong", 0.0, 0.0, **camera)  # type: ignore[arg-type]
