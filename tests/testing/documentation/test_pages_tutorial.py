"""The configuration of docs/tutorial.md is one that Passerby takes."""

import re
from pathlib import Path

import pytest

from pipeline.config_files import load_config
from testing.paths import ROOT


def test_the_configuration_and_the_site_of_the_tutorial_fit_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    deployment, site = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "pipeline.yaml").write_text(deployment)
    (tmp_path / "site.yaml").write_text(site)
    monkeypatch.setenv("CAMERA_USER", "viewer")
    monkeypatch.setenv("CAMERA_PASSWORD", "secret")
    config = load_config(tmp_path / "pipeline.yaml")
    assert {camera.name for camera in config.cameras} == config.site.cameras()
