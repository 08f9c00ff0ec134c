"""`check --connect` on a real RTSP camera."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipeline.cli import main
from testing.cameras.camera import RtspCamera

pytestmark = pytest.mark.rtsp
PASSWORD = "tops3cret"


@pytest.mark.parametrize(("given", "code"), [(PASSWORD, 0), ("another", 1)])
def test_a_live_camera_is_opened_once_and_its_password_is_not_told(
    start_camera: Callable[..., RtspCamera],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    given: str,
    code: int,
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("CAMERA_PASSWORD", given)
    for name in ("REDIS_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.delenv(name, raising=False)
    camera = start_camera("--user", "viewer", "--password", PASSWORD, "--fps", "10")
    source = camera.url("viewer:{CAMERA_PASSWORD}@")
    path = tmp_path / "site.yaml"
    path.write_text(
        yaml.safe_dump({"cameras": [{"name": "door", "source": source}], "encoder": {"kind": "colour-stripes"}})
    )
    assert main(["check", str(path), "--connect"]) == code
    printed = capsys.readouterr()
    assert given not in printed.out + printed.err
    if code:
        assert "reid-pipeline: camera door" in printed.err
        assert "user or password refused (401)" in printed.err
    else:
        seen = re.search(r"h264, rtsp over tcp, 320x240, (\S+) frames/s, first image after", printed.out)
        assert seen is not None
        assert float(seen[1]) == pytest.approx(10, rel=0.2)
