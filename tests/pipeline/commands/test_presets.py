"""Networks and a provider that go together: all of it is here, or a line says what is not."""

from pathlib import Path

import pytest

from pipeline.commands.flags import Flags, merge_flags
from pipeline.commands.presets import PRESETS
from pipeline.config import NetworkConfig, NetworkDetectorConfig
from pipeline.config_errors import ConfigError
from pipeline.model_zoo import cached_path, known_models, shipped_models

CAMERAS = ("door=door.mp4",)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path))
    return tmp_path


def test_offline_is_what_comes_with_the_package() -> None:
    config, lines = merge_flags(None, Flags(cameras=CAMERAS, preset="offline"))
    assert config.detector == NetworkDetectorConfig(model="passerby-detector")
    assert config.encoder == NetworkConfig(model="passerby-encoder")
    assert config.compute.provider == "cpu"
    assert {"passerby-detector", "passerby-encoder"} <= shipped_models().keys()
    assert lines == [
        "Preset offline: passerby-detector and passerby-encoder on cpu: they come with the package and need no "
        "download; they have seen simulated people alone."
    ]


def test_what_is_named_beside_a_preset_replaces_that_of_it() -> None:
    config, _ = merge_flags(None, Flags(cameras=CAMERAS, preset="offline", detector="hog"))
    assert (config.detector.kind, config.encoder) == ("hog", NetworkConfig(model="passerby-encoder"))


def test_networks_that_were_fetched_are_chosen(cache: Path) -> None:
    pytest.importorskip("openvino")
    preset = PRESETS["cpu"]
    for name in (preset.detector, preset.encoder):
        assert cached_path(name, cache).suffix == ".xml"
        cached_path(name, cache).touch()
    config, (line,) = merge_flags(None, Flags(cameras=CAMERAS, preset="cpu"))
    assert config.detector == NetworkDetectorConfig(model="person-detection-retail-0013")
    assert config.encoder == NetworkConfig(model="person-reidentification-retail-0277")
    assert config.compute.provider == "openvino"
    assert "on openvino: of those that a processor runs" in line


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fast", "--preset: expected one of cpu, gpu, offline, found 'fast'"),
        ("gpu", "--preset gpu: yolox-nano and osnet-x0-25-msmt17 not on this machine: run `reid-pipeline fetch yolox"),
    ],
)
def test_a_preset_that_cannot_be_had_is_one_line(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=r"expected|run") as refused:
        merge_flags(None, Flags(cameras=CAMERAS, preset=name))
    assert message in str(refused.value)


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.commands.presets.find_spec", lambda module: None)
    with pytest.raises(ConfigError, match="openvino is not installed: install passerby with the extra `openvino`"):
        merge_flags(None, Flags(cameras=CAMERAS, preset="cpu"))


def test_presets_name_networks_that_are_known() -> None:
    for preset in PRESETS.values():
        assert {preset.detector, preset.encoder} <= {*known_models(), *shipped_models()}
