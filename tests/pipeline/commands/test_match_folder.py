"""What a matcher does with the file of events that it finds, and where it writes none."""

import json
from pathlib import Path

import pytest
import redis

from passerby_events.recordings import read_events
from pipeline.cli import main
from testing.services.redis import RedisServer
from testing.services.webhook import WebhookServer
from testing.still_person import still_person
from testing.videos import write_image_video


@pytest.fixture
def site(tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site of a short video in which somebody stands; its output is in `out` beside it."""
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    write_image_video(tmp_path / "door.mp4", 60, codec="libx264", pixel_format="yuv420p", size=(320, 240))
    config = {
        "cameras": [{"name": "door", "source": str(tmp_path / "door.mp4")}],
        "detector": {"kind": "network", "model": str(still_person(tmp_path / "still.onnx"))},
        "encoder": {"kind": "colour-stripes"},
        "tracklets": {"gate": {"min_sharpness": 0.0}},
        "output": {"directory": str(tmp_path / "out")},
    }
    (tmp_path / "site.yaml").write_text(json.dumps(config), encoding="utf-8")
    return tmp_path / "site.yaml"


def decide(site: Path) -> bytes:
    """A worker and a matcher to their ends; the events that lie there then."""
    assert main(["worker", str(site)]) == 0
    assert main(["match", str(site), "--until-end"]) == 0
    events = site.parent / "out" / "events.jsonl"
    assert list(read_events(events))
    return events.read_bytes()


def test_a_matcher_that_is_started_again_goes_on_with_its_file(site: Path) -> None:
    first = decide(site)
    assert main(["match", str(site), "--until-end"]) == 0
    assert decide(site) == first, "the same recording again is nothing new"
    assert {path.name for path in (site.parent / "out").iterdir()} == {"events.jsonl", "site.json", "tracks"}


def test_what_a_run_left_and_what_a_site_decided_in_another_redis_is_kept_apart(
    site: Path, redis_server: RedisServer
) -> None:
    assert main(["run", str(site)]) == 0
    out = site.parent / "out"
    of_run = (out / "events.jsonl").read_bytes()
    first = decide(site)
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    second = decide(site)
    kept = [(folder / "events.jsonl").read_bytes() for folder in (out / "earlier").iterdir()]
    assert sorted(kept) == sorted((of_run, first))
    assert second == first == of_run
    for folder in (out / "earlier").iterdir():
        assert (folder / "tracks" / "door.txt").read_bytes() == (out / "tracks" / "door.txt").read_bytes()


def test_where_a_webhook_takes_the_events_there_is_no_file(site: Path) -> None:
    with WebhookServer() as server:
        config = json.loads(site.read_text())
        site.write_text(json.dumps({**config, "events": {"webhook": {"url": server.url}}}))
        assert main(["worker", str(site)]) == 0
        assert main(["match", str(site), "--until-end"]) == 0
        kinds = [json.loads(post.body)["kind"] for post in server.posts]
    assert kinds == ["person.appeared", "track.ended"]
    assert not (site.parent / "out" / "events.jsonl").exists()
