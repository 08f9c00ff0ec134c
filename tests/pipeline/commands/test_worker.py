import pytest

from pipeline.commands.worker import keep_in_one_process, select_cameras
from pipeline.config import ComputeConfig, PipelineConfig, RedisConfig
from pipeline.config_errors import ConfigError

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
