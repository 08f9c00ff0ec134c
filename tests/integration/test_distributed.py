"""Workers, a matcher and Redis as processes of their own: the events of one process, byte for byte."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.events.memory import MemorySink
from testing.scene import videos
from testing.services.ports import free_port
from testing.site.site_processes import SHOP
from testing.site.town import Town
from testing.site_in_memory import supervise

WALKS = {
    "door": [("red", 0.0, 5.0), ("green", 2.0, 7.0), ("blue", 9.0, 14.0)],
    "yard": [("green", 10.0, 15.0), ("red", 8.0, 13.0), ("sand", 1.0, 6.0)],
    "hall": [("blue", 16.0, 20.0), ("sand", 9.0, 14.0)],
}
ENDS_WITHIN_S = 60.0


@pytest.fixture
def town(redis_url: str, tmp_path: Path) -> Iterator[Town]:
    town = Town(redis_url, tmp_path)
    yield town
    town.close()


def test_two_workers_and_a_matcher_give_the_bytes_of_one_process(town: Town, tmp_path: Path) -> None:
    site_videos = videos(tmp_path / "videos", WALKS, 21.0)
    sink, out = MemorySink(), tmp_path / "events.jsonl"
    supervise(site_videos, sink, site=SHOP).run()
    first = town.start("video", *(f"{name}={site_videos[name]}" for name in ("door", "hall")))
    second = town.start("video", f"yard={site_videos['yard']}")
    matcher = town.start("match", str(free_port()), "video", str(out), *WALKS)
    for process in (first, second, matcher):
        process.ends_well(ENDS_WITHIN_S)
    assert out.read_text().splitlines() == [event.model_dump_json() for event in sink.events]
