from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from pipeline.build import needed_libraries
from pipeline.cli import main
from pipeline.config import PipelineConfig
from reid_runtime.extras import extra_of
from reid_runtime.faults import FAILED


def checked(folder: Path, **fields: object) -> int:
    """The exit code of `check` on one live camera, which is not opened, and these fields."""
    path = folder / "deployment.yaml"
    cameras = [{"name": "door", "source": "rtsp://192.0.2.1/1"}]
    path.write_text(yaml.safe_dump({"cameras": cameras, **fields}))
    return main(["check", str(path)])


def test_a_configuration_that_names_no_network_is_checked_as_run_would_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path / "none"))
    assert checked(tmp_path) == 0
    found = capsys.readouterr()
    assert "passerby-encoder@" in found.out
    assert "reid-pipeline fetch yolox-nano" in found.err


def test_a_network_that_was_not_fetched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path / "none"))
    assert checked(tmp_path, detector={"kind": "network"}) == FAILED
    assert "run `reid-pipeline fetch yolox-nano`" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("ultralytics") is not None, reason="needs an installation without the extra `yolo`")
def test_a_library_that_the_configuration_wants_is_named_with_its_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detector = {"kind": "ultralytics", "model": "yolo11n.pt"}
    assert checked(tmp_path, detector=detector, encoder={"kind": "colour-stripes"}) == FAILED
    assert "ultralytics is not installed: install passerby with the extra `yolo`" in capsys.readouterr().err


def test_who_takes_events_wants_the_library_of_its_extra() -> None:
    cameras = [{"name": "door", "source": "door.mp4"}]
    events = {"mqtt": {"url": "mqtt://broker"}, "webhook": {"url": "https://hooks.example"}}
    fields = {"cameras": cameras, "detector": {"kind": "hog"}, "encoder": {"kind": "colour-stripes"}}
    assert needed_libraries(PipelineConfig.model_validate(fields)) == []
    wanted = needed_libraries(PipelineConfig.model_validate({**fields, "events": events}))
    assert {extra_of(module) for module in wanted} == {"mqtt", "webhook"}
