"""One site twice: in one process, and as two workers and a matcher. Are the events the same, and how long does it take?

    python -m benchmarks.capacity.distributed

The commands themselves, over all of PETS2009 S2.L1, views 1 and 6, from the folder PASSERBY_SHARED (by default
../shared), each as fast as the machine lets it; the networks are those of `reid-pipeline fetch`. Starts a redis-server
of its own. Takes about three minutes on two cores; exit code 1 if a byte differs.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.speed.pipeline_parts import FRAME_RATE, VIEWS
from passerby_events.recordings import read_events
from passerby_events.reducing import fold
from testing.paths import SHARED
from testing.services.redis import RedisServer
from testing.site.site_commands import SiteCommands
from testing.site.watched import Watched

NAMES = ("view1", "view6")
ENDS_WITHIN_S = 3600.0


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, taken_s = time_run(folder / "one", lambda site: [site.run()])
        several, together_s = time_run(
            folder / "several", lambda site: [*map(site.worker, NAMES), site.matcher("--until-end")]
        )
        table = Table("run", "wall, s", "frames", "events", "persons")
        for title, out, wall_s in (("one process", one, taken_s), ("two workers, one matcher", several, together_s)):
            events = list(read_events(out / "events.jsonl"))
            persons = len(set(fold(events).persons_by_track.values()))
            table.add_row(title, f"{wall_s:.0f}", str(frames_of(out)), str(len(events)), str(persons))
        differing = [file for file in outputs() if (one / file).read_bytes() != (several / file).read_bytes()]
    Console().print(table)
    Console().print(f"files that differ: {', '.join(differing) or 'none'} of {', '.join(outputs())}")
    return 1 if differing else 0


def time_run(folder: Path, start: Callable[[SiteCommands], Sequence[Watched]]) -> tuple[Path, float]:
    """Runs what `start` starts to its end; returns what was written, and how long it took in seconds."""
    (folder / "redis").mkdir(parents=True)
    redis = RedisServer(folder / "redis").start()
    site = SiteCommands(folder, deployment(), {**os.environ, "REDIS_URL": redis.url})
    started_s = time.monotonic()
    try:
        for process in start(site):
            process.ends_well(ENDS_WITHIN_S)
        return site.out, time.monotonic() - started_s
    finally:
        site.close()
        redis.stop()


def deployment() -> dict[str, object]:
    """Both views, whole, at their true rate."""
    footage = SHARED / "data/multicam/pets2009_s2l1"
    cameras = [
        {"name": name, "source": str(footage / video), "frame_rate": FRAME_RATE}
        for name, video in zip(NAMES, VIEWS, strict=True)
    ]
    return {"cameras": cameras, "site": {"name": "pets2009", "overlaps": [list(NAMES)]}}


def outputs() -> list[str]:
    return ["events.jsonl", *(f"tracks/{name}.txt" for name in NAMES)]


def frames_of(out: Path) -> int:
    """Number of the last frame with a track, over all cameras: the detector sees somebody in nearly every one."""
    lines = [(out / file).read_text(encoding="ascii").splitlines() for file in outputs()[1:]]
    return sum(int(each[-1].split(",")[0]) for each in lines)


if __name__ == "__main__":
    sys.exit(main())
