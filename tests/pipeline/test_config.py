"""A deployment's YAML, right and wrong: each fault is one line that names the file and the key."""

from pathlib import Path

import pytest

from pipeline.config import ComputeConfig, PipelineConfig
from pipeline.config_errors import ConfigError
from pipeline.config_files import load_config, load_site
from testing.paths import ROOT

CAMERA = "cameras: [{name: door, source: door.mp4}]\n"
PASSWORD = "tops3cret"


def written(folder: Path, text: str) -> Path:
    path = folder / "deployment.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def fault(folder: Path, text: str) -> str:
    """The one line that a configuration is refused with."""
    path = written(folder, text)
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line.removeprefix(str(path))


def test_a_camera_is_enough_and_all_else_has_a_default(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, CAMERA))
    assert [camera.name for camera in config.cameras] == ["door"]
    assert config.detector.kind == "network"
    assert config.tracker.kind == "bytetrack"
    assert config.encoder.kind == "network"
    assert not config.is_live
    assert not config.output.thumbnails
    assert config.http.port is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CAMERA + "tiles: {rows: 2}\n", "unknown key 'tiles'; did you mean 'cameras.*.tiles'?"),
        (
            CAMERA + "detector: {kind: hog, tiles: {rows: 2}}\n",
            "unknown key 'detector.tiles'; did you mean 'cameras.*.tiles'?",
        ),
        (CAMERA + "detektor: {kind: hog}\n", "unknown key 'detektor'; did you mean 'detector'?"),
        (
            "cameras: [{name: door, source: a.mp4, max_fsp: 5}]",
            "unknown key 'cameras.0.max_fsp'; did you mean 'max_fps'?",
        ),
        (
            CAMERA + "detector: {kind: network, params: {scroe: 0.3}}\n",
            "unknown key 'detector.params.scroe'; did you mean 'score'?",
        ),
        (
            CAMERA + "tracklets: {gate: {min_hight_px: 9}}\n",
            "unknown key 'tracklets.gate.min_hight_px'; did you mean 'min_height_px'?",
        ),
        (CAMERA + "zzzzzz: 1\n", "unknown key 'zzzzzz'"),
        (
            "cameras: [{name: door, source: a.mp4}, {name: hall, source: b.mp4}, {name: door, source: c.mp4}]",
            "camera names must differ, found 'door' twice",
        ),
        (
            "cameras: [{name: door, source: a.mp4}, {name: hall, source: 'rtsp://192.0.2.1/1'}]",
            "files and live streams do not mix, their clocks have nothing in common: run them apart",
        ),
        (
            "cameras: [{name: door, source: a.mp4, region: [50, 0, 10, 90]}]",
            "cameras.0: region is x1 y1 x2 y2 with x1 < x2 and y1 < y2, found [50, 0, 10, 90]",
        ),
        (
            "cameras: [{name: door, source: 'rtsp://192.0.2.1/1', frame_rate: 5}]",
            "cameras.0: frame_rate and starts_at are for files; a live stream brings its own time",
        ),
        (
            CAMERA + "site: {overlaps: [[door, yard], [hall, door]]}\n",
            "the site names cameras that are not there: hall, yard",
        ),
        (CAMERA + "site: {transits: [{between: [door, door]}]}\n", "a transit joins two cameras, found 'door' twice"),
        (
            CAMERA + "order: {window_s: 5, lead_s: 6}\n",
            "order: lead_s must be at least two windows of 5.0 s, found 6.0",
        ),
        (CAMERA + "compute: {threads: two}\n", "compute.threads: Input should be a valid integer"),
        (CAMERA + "compute: {threads: two}\n", "found 'two'"),
        (
            CAMERA + "compute: {provider: gpu}\n",
            "compute.provider: Input should be 'cpu', 'openvino', 'cuda', 'tensorrt' or 'tensorrt-rtx', found 'gpu'",
        ),
        (
            CAMERA + "matching: {params: {threshold: 1.5}}\n",
            "matching.params: expected a threshold in [-1, 1]",
        ),
        (CAMERA + "http: {port: 99999}\n", "http.port: Input should be less than or equal to 65535, found 99999"),
        (CAMERA + "detector: {kind: magic}\n", "'network', 'hog', 'ultralytics'"),
        (CAMERA + "detector: {model: yolox-nano}\n", "detector: expected the key 'kind', found none"),
        (CAMERA + "tracklets: {min_crops: 0}\n", "min_crops >= 1"),
        ("cameras: []", "cameras: Tuple should have at least 1 item"),
        ("cameras: {door: door.mp4}", "cameras: Input should be a valid tuple, found a dict"),
        ("cameras:", "cameras: Input should be a valid tuple, found nothing"),
        ("cameras: door.mp4", "cameras: Input should be a valid tuple, found 'door.mp4'"),
        ("cameras: [{name: front door, source: a.mp4}]", "found 'front door'"),
        ("cameras: [{name: door}]", "cameras.0.source: Field required"),
        (
            "cameras: [{name: door, source: a.mp4, starts_at: 2026-05-04T08:00:00}]",
            "cameras.0.starts_at: Input should have timezone info",
        ),
        ("- door.mp4", "expected keys and values, found a list"),
        ("", "expected keys and values, found nothing"),
    ],
)
def test_a_fault_is_one_line_with_file_and_key_and_what_was_found(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in fault(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line"), [("cameras:\n  - name: door\n source: x\n", 3), ("cameras: [a, b\n\nsite: {}\n", 3), ("a: @b", 1)]
)
def test_what_is_no_yaml_is_named_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    assert fault(tmp_path, text).startswith(f":{line}: expected YAML, found ")


def test_bytes_that_are_no_text_are_no_yaml(tmp_path: Path) -> None:
    path = tmp_path / "deployment.yaml"
    path.write_bytes(b"\xff\xfe\x00cameras")
    with pytest.raises(ConfigError, match="expected YAML, found 'utf-8' codec"):
        load_config(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: expected a YAML file, found none to read"):
        load_config(tmp_path / "nowhere.yaml")


def test_a_site_may_lie_in_a_file_beside_the_deployment(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("name: shop\noverlaps: [[door, hall]]\n", encoding="utf-8")
    text = "cameras: [{name: door, source: a.mp4}, {name: hall, source: b.mp4}]\nsite: shop.yaml\n"
    assert load_config(written(tmp_path, text)).site.overlaps == (("door", "hall"),)


def test_a_fault_in_the_file_of_the_site_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("overlap: [[door, hall]]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"shop\.yaml: unknown key 'overlap'; did you mean 'overlaps'\?"):
        load_config(written(tmp_path, CAMERA + "site: shop.yaml\n"))


def test_a_secret_comes_from_the_environment_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOOR_PASSWORD", PASSWORD)
    config = load_config(written(tmp_path, "cameras: [{name: door, source: 'rtsp://me:{DOOR_PASSWORD}@192.0.2.1/1'}]"))
    assert config.cameras[0].source.get_secret_value() == f"rtsp://me:{PASSWORD}@192.0.2.1/1"
    assert config.is_live
    assert PASSWORD not in f"{config!r} {config} {config.model_dump_json()}"


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOOR_PASSWORD", raising=False)
    line = fault(tmp_path, "cameras: [{name: door, source: 'rtsp://me:{DOOR_PASSWORD}@192.0.2.1/1'}]")
    assert line.startswith(": cameras.0.source: the environment variable DOOR_PASSWORD is not set; double a brace")


@pytest.mark.parametrize(
    "text",
    [
        "cameras: ADDRESS",
        "cameras: [ADDRESS]",
        "cameras: [{name: ADDRESS, source: a.mp4}]",
        "cameras: [{name: door, source: [ADDRESS]}]",
        "cameras: [{name: door, source: ADDRESS, max_fps: ADDRESS}]",
        "cameras: [{name: door, source: ADDRESS, frame_rate: 5}]",
        "cameras: [{name: door, source: ADDRESS, nope: 5}]",
        "cameras: [{name: door, source: ADDRESS}]\nhttp: ADDRESS",
        "cameras: [{name: door, source: '{DOOR_URL}', region: [2, 2, 1, 1]}]",
    ],
)
def test_a_password_is_in_no_message_wherever_its_address_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    address = f"rtsp://me:{PASSWORD}@192.0.2.1/1"
    monkeypatch.setenv("DOOR_URL", address)
    assert PASSWORD not in fault(tmp_path, text.replace("ADDRESS", f"'{address}'"))


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/pipeline/*.yaml")), ids=lambda path: path.stem)
def test_every_committed_deployment_is_sound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_USER", "viewer")
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    assert load_config(path).cameras


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/site/*.yaml")), ids=lambda path: path.stem)
def test_every_committed_site_is_sound(path: Path) -> None:
    assert load_site(path).cameras()


@pytest.mark.parametrize(
    ("options", "cameras", "cores", "processes"),
    [
        ({}, 1, 16, 1),
        ({}, 4, 2, 2),
        ({}, 4, 16, 4),
        ({"compute": {"threads": 4}}, 8, 16, 4),
        ({"compute": {"threads": 4}}, 2, 2, 1),
        ({"compute": {"processes": 3}}, 4, 2, 3),
        ({"compute": {"processes": 3}}, 2, 16, 2),
        ({"compute": {"provider": "cuda"}}, 4, 16, 1),
        ({"detector": {"kind": "ultralytics", "model": "any.pt"}}, 4, 16, 1),
    ],
)
def test_cameras_are_shared_out_among_as_many_processes_as_there_are_cores_for(
    options: dict[str, object], cameras: int, cores: int, processes: int
) -> None:
    config = PipelineConfig.model_validate(
        {"cameras": [{"name": f"c{i}", "source": "a.mp4"} for i in range(cameras)], **options}
    )
    assert config.processes(cores) == processes


@pytest.mark.parametrize(
    ("options", "cores", "at_once"),
    [
        ({}, 2, 2),
        ({"compute": {"threads": 4}}, 16, 4),
        ({"compute": {"threads": 4}}, 2, 1),
        ({"compute": {"processes": 3}}, 2, 2),
        ({"compute": {"provider": "cuda"}}, 2, None),
        ({"detector": {"kind": "ultralytics", "model": "any.pt"}}, 2, None),
    ],
)
def test_recordings_share_the_cores(options: dict[str, object], cores: int, at_once: int | None) -> None:
    config = PipelineConfig.model_validate({"cameras": [{"name": "c", "source": "a.mp4"}], **options})
    assert config.at_once(cores) == at_once


def test_live_frames_wait_for_nobody() -> None:
    live = PipelineConfig.model_validate({"cameras": [{"name": "c", "source": "rtsp://camera/1"}]})
    assert live.at_once(2) is None


def test_a_core_is_left_where_there_are_more_than_cameras_or_a_gpu_does_the_work() -> None:
    cpu = PipelineConfig.model_validate({"cameras": [{"name": "c", "source": "a.mp4"}]})
    gpu = cpu.model_copy(update={"compute": ComputeConfig(provider="cuda")})
    assert not cpu.has_spare_core(1)
    assert cpu.has_spare_core(2)
    assert gpu.has_spare_core(1)


@pytest.mark.parametrize("source", ["cam{1}.mp4", "{{door}}.mp4", "a{}b.mp4", "{1}{{2}}.mp4"])
def test_braces_that_name_no_variable_are_part_of_a_name(tmp_path: Path, source: str) -> None:
    config = load_config(written(tmp_path, f"cameras: [{{name: door, source: '{source}'}}]\n"))
    assert config.cameras[0].source.get_secret_value() == source.replace("{{", "{").replace("}}", "}")
