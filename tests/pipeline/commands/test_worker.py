import json
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline.cli import main
from pipeline.commands.worker import keep_in_one_process, select_cameras
from pipeline.config import ComputeConfig, PipelineConfig, RedisConfig
from pipeline.config_errors import ConfigError
from testing.still_person import still_person
from testing.videos import write_image_video

SITE = PipelineConfig.model_validate(
    {"cameras": [{"name": name, "source": f"{name}.mp4"} for name in ("door", "yard")]}
)


def test_a_worker_runs_the_cameras_it_is_told_or_all() -> None:
    assert [camera.name for camera in select_cameras(SITE, ("yard",)).cameras] == ["yard"]
    assert [camera.name for camera in select_cameras(SITE, ()).cameras] == ["door", "yard"]


def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="expected one of door, yard, found hall"):
        select_cameras(SITE, ("hall",))


@pytest.mark.parametrize(("asked", "processes"), [(None, 1), (2, 2)])
def test_a_worker_is_one_process_unless_more_are_asked_for(asked: int | None, processes: int) -> None:
    site = SITE.model_copy(update={"compute": ComputeConfig(processes=asked)})
    assert keep_in_one_process(site).processes(cores=16) == processes


def test_the_address_of_redis_comes_from_the_environment_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_REDIS", "rediss://reid:secret@store:6380/0")
    monkeypatch.setenv("PASSWORD", "secret")
    assert RedisConfig(url_env="SITE_REDIS").address() == "rediss://reid:secret@store:6380/0"
    filled_in = RedisConfig.model_validate({"url": "rediss://reid:{PASSWORD}@store:6380/0"})
    assert filled_in.address() == "rediss://reid:secret@store:6380/0"
    assert "secret" not in repr(filled_in)


def test_no_address_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    with pytest.raises(ConfigError, match="the environment variable REDIS_URL; found neither"):
        RedisConfig().address()


def test_a_worker_says_at_its_end_what_became_of_the_tracks_of_each_camera(
    redis_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    write_image_video(tmp_path / "door.mp4", 60, codec="libx264", pixel_format="yuv420p", size=(320, 240))
    detector = {"kind": "network", "model": str(still_person(tmp_path / "still.onnx"))}
    config = {
        "cameras": [{"name": name, "source": str(tmp_path / "door.mp4")} for name in ("door", "yard")],
        "site": {"name": uuid4().hex},
        "detector": detector,
        "encoder": {"kind": "colour-stripes"},
        "tracklets": {"gate": {"min_height_px": 500.0, "refuse_height_px": 500.0}},
        "output": {"directory": str(tmp_path / "out")},
    }
    (tmp_path / "site.yaml").write_text(json.dumps(config), encoding="utf-8")
    caplog.set_level("INFO")
    assert main(["worker", str(tmp_path / "site.yaml")]) == 0
    lines = [
        (record.getMessage(), record.__dict__["camera"])
        for record in caplog.records
        if "encoded" in record.getMessage()
    ]
    assert lines == [
        (
            f"camera {name}: 60 frames; 1 tracks: 0 encoded, 1 (size 1) not encoded; poor boxes: 100 % (size 100)",
            name,
        )
        for name in ("door", "yard")
    ]
