"""`worker`, `match` and `serve` as processes of one site, looked at over HTTP."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from pipeline.cli import main
from testing.scene import video
from testing.services.ports import free_port
from testing.site.site_commands import SiteCommands
from testing.still_person import still_person
from testing.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def site(redis_url: str, tmp_path: Path) -> Iterator[tuple[SiteCommands, int]]:
    cameras = []
    for name in ("door", "yard"):
        video(tmp_path / f"{name}.mp4", [("red", 0.0, 6.0)], 6.0)
        cameras.append({"name": name, "source": str(tmp_path / f"{name}.mp4")})
    port = free_port()
    deployment = {
        "cameras": cameras,
        "site": {"name": f"test-{uuid4().hex[:8]}"},
        "detector": {"kind": "network", "model": str(still_person(tmp_path / "still.onnx"))},
        "encoder": {"kind": "colour-stripes"},
        "tracklets": {"gate": {"min_sharpness": 0.0}},
        "view": {"port": port, "images": True},
    }
    commands = SiteCommands(tmp_path, deployment, {**os.environ, "REDIS_URL": redis_url})
    yield commands, port
    commands.close()


def test_who_was_seen_by_a_worker_is_in_the_view_with_crop_and_state(site: tuple[SiteCommands, int]) -> None:
    commands, port = site
    serve = commands.serve()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:

        def is_up() -> bool:
            try:
                return client.get("/livez").status_code == 200
            except httpx.TransportError:
                assert not serve.has_ended()
                return False

        until(is_up, "the view to be up")
        matcher = commands.matcher("--until-end")
        worker = commands.worker()
        until(lambda: client.get("/api/v1/persons").json()["total"] > 0, "somebody")
        sightings = client.get("/api/v1/sightings").json()["items"]
        crop = client.get(f"/api/v1/sightings/{sightings[0]['id']}/crop.jpg")
        assert (crop.status_code, crop.content[:2]) == (200, b"\xff\xd8")
        worker.ends_well(60)
        matcher.ends_well(60)
        states = until(
            lambda: {each["name"]: each["state"] for each in client.get("/api/v1/cameras").json()["items"]}, "states"
        )
        assert set(states) == {"door", "yard"}
    assert f"The view: http://127.0.0.1:{port}/ (everybody on this machine may use it)" in serve.read_output()
    serve.process.terminate()
    serve.ends_well(20)


def test_a_host_for_everybody_without_a_token_is_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "site.yaml").write_text("cameras: [{name: door, source: a.mp4}]\nview: {host: 0.0.0.0}\n")
    assert main(["serve", str(tmp_path / "site.yaml")]) == 2
    assert "view: host 0.0.0.0 lets other machines in: set viewer_token" in capsys.readouterr().err
