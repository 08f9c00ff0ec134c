from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.config_errors import ConfigError
from pipeline.config_files import load_config
from pipeline.deployment.simulated import Replaced, chosen_cameras, load_simulation, write_deployment
from reid_simulation.world.cast import Cast
from testing.paths import ROOT

SITES = sorted((ROOT / "configs" / "simulation").glob("*.yaml"))
SHOP = ROOT / "configs" / "simulation" / "shop.yaml"


@pytest.mark.parametrize("path", SITES, ids=lambda path: path.stem)
def test_people_come_and_go_where_no_camera_sees_them(path: Path) -> None:
    config = load_simulation(path, Replaced())
    plan, cameras = config.plan(), config.built_cameras()
    doors = np.array([[place.x_m, place.y_m] for place in plan.places if place.is_entrance])
    for camera in cameras:
        for x_m, y_m in doors:
            share = np.linspace(0.0, 1.0, 400)[:, None]
            line = (1 - share) * camera.position_m + share * np.array([x_m, y_m, 1.0])
            pixels, depth = camera.project(line[-1:])
            is_in_image = depth[0] > 0 and (pixels[0] >= 0).all() and (pixels[0] < (camera.width, camera.height)).all()
            assert not is_in_image or any(
                (np.abs(line[:, :2] - [box.x_m, box.y_m]) <= [box.width_m / 2, box.depth_m / 2])
                .all(axis=1)[line[:, 2] <= box.bottom_m + box.height_m]
                .any()
                for box in config.scene.boxes
            ), f"camera {camera.name} sees the entrance at {x_m}, {y_m}"


@pytest.mark.parametrize("path", SITES, ids=lambda path: path.stem)
def test_somebody_is_seen_by_every_camera_within_the_video(path: Path) -> None:
    config = load_simulation(path, Replaced())
    scenario, unseen = Cast(config).scenario(), {camera.name: camera for camera in config.built_cameras()}
    for second in range(0, int(config.duration_s), 3):
        places = np.array([[stance.x_m, stance.y_m, 1.0] for stance in scenario.stances(second)]).reshape(-1, 3)
        for name, camera in list(unseen.items()):
            pixels, depth = camera.project(places)
            near = (depth > 1) & (depth < 15)
            inside = (pixels > 0).all(axis=1) & (pixels < (camera.width, camera.height)).all(axis=1)
            if (near & inside).any():
                del unseen[name]
        if not unseen:
            return
    assert not unseen


def test_the_deployment_names_the_videos_their_clocks_and_what_is_known(tmp_path: Path) -> None:
    config = load_simulation(SHOP, Replaced())
    path = write_deployment(config, chosen_cameras(config, ["hall", "cafe"]), tmp_path)
    deployment = load_config(path)
    assert [camera.name for camera in deployment.cameras] == ["hall", "cafe"]
    assert deployment.cameras[0].source.get_secret_value() == str(tmp_path / "videos" / "hall.mp4")
    starts = [camera.starts_at.timestamp() for camera in deployment.cameras if camera.starts_at]
    assert starts[0] - starts[1] == pytest.approx(0.12)
    assert deployment.site.cameras() == {"hall", "cafe"}
    assert deployment.output.directory == tmp_path / "out"


def test_the_command_line_replaces_what_the_file_says() -> None:
    config = load_simulation(SHOP, Replaced(seconds=12, seed=99, look_alikes=0.5))
    assert (config.duration_s, config.seed, config.population.look_alikes) == (12, 99, 0.5)
    assert config.population.style == load_simulation(SHOP, Replaced()).population.style


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"colour": 1}, r"site.yaml: unknown key 'colour'"),
        ({"traffic": {"arrivals_per_minute": 0}}, r"traffic.*arrivals_per_minute > 0"),
        ({"cameras": []}, "cameras: .*at least 1 item"),
        ({"known": {"overlaps": [["hall", "moon"]]}}, "cameras that are not there: moon"),
        ({"walks": []}, "expected a way from street to"),
        ({"scene": {"floor": "lava"}}, "scene.floor: .*lava"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(SHOP.read_text()) | change))
    with pytest.raises(ConfigError, match=expected) as error:
        load_simulation(path, Replaced())
    assert "\n" not in str(error.value)


def test_cameras_that_are_not_there_are_refused() -> None:
    with pytest.raises(ConfigError, match="found moon"):
        chosen_cameras(load_simulation(SHOP, Replaced()), ["moon"])
