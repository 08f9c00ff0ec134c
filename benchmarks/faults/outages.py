"""A broker that is down for ten minutes and a Redis that is down for one, under load: is memory bounded, what is lost?

    python -m benchmarks.faults.outages                                        about 20 minutes; draws docs/outages.png
    python -m benchmarks.faults.outages --minutes 2 2 0.5 2 --cycles 3         does memory come to rest?

Two `reid-pipeline worker` look at two live cameras: RTSP servers that show PETS2009 S2.L1, views 1 and 6 (from the
folder PASSERBY_SHARED, by default ../shared), over and over at 7 frames a second. A third worker writes as much as
hundreds of live cameras would (benchmarks/faults/outage_load.py). A `reid-pipeline match` decides, delivers to a Kafka
broker of its own, another stands by. The broker is killed (SIGKILL) and started again after ten minutes, redis-server
after one. Exit code 1 if an event is lost or happens twice in effect, or more waits anywhere than the configuration
allows.
"""

import argparse
import json
import math
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import cv2
import redis
from rich.console import Console
from rich.table import Table

from benchmarks.faults.outage_load import RUN
from benchmarks.faults.outage_samples import Observed, Phase, Sample, Sampler, draw
from benchmarks.speed.pipeline_parts import FRAME_RATE, VIEWS
from passerby_events.brokers import Brokers
from passerby_events.consumer import EventConsumer
from passerby_events.dead_letters import DeadLetter
from passerby_events.topics import EVENTS
from pipeline.build import read_encoder_card
from pipeline.config import NetworkConfig
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from pipeline.sources.files import FileSource
from pipeline.store.keys import OUTBOX, prefix
from testing.cameras.camera import RtspCamera
from testing.paths import ROOT, SHARED
from testing.services.kafka import KafkaBroker
from testing.services.kafka_topics import messages_at
from testing.services.redis import RedisServer
from testing.site.site_commands import SiteCommands
from testing.site.watched import Watched
from testing.waiting import until

SITE, NAMES, LOAD = "outages", ("view1", "view6"), "load"
KEYS = prefix(SITE)
PLOT = ROOT / "docs" / "outages.png"
LOOP_FRAMES = 400
KEEP_S = 120.0
"""Retention, so short that what is remembered does not grow during the run."""
MAX_OUTBOX = 50_000
MAX_WAITING = 120
"""Limits, so low that both are reached within the outage of the broker."""
WIDTH = 140
"""Characters of the tables."""
READY_WITHIN_S = 120.0
ENDS_WITHIN_S = 600.0


@dataclass(frozen=True, slots=True)
class Minutes:
    """How long each phase takes."""

    calm: float
    broker: float
    redis: float
    rest: float


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the events.

    Attributes:
        decided: that Redis ever had in the outbox, by its own account.
        messages: in the topic.
        delivered: different events among them.
        consumed: that an `EventConsumer` handed out.
        tracks: that the heavy worker handed over.
        dropped_s: seconds that it dropped.
        unsettled: tracks, of the heavy worker and of the cameras, without exactly one beginning and one end.
    """

    decided: int
    messages: int
    delivered: int
    consumed: int
    tracks: int
    dropped_s: int
    unsettled: int

    def is_clean(self) -> bool:
        return self.decided == self.delivered == self.consumed and not self.unsettled


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    phases_of = ("CALM", "BROKER", "REDIS", "REST")
    options.add_argument("--minutes", type=float, nargs=4, default=(2, 10, 1, 3), metavar=phases_of)
    options.add_argument("--cycles", type=int, default=1, help="how often both outages come")
    options.add_argument("--per-second", type=int, default=300, help="embeddings of the heavy worker")
    options.add_argument("--plot", type=Path, default=PLOT)
    options.add_argument("--keep", type=Path, help="keep what the processes print here")
    asked = options.parse_args()
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        scene = Scene(folder, stack, asked.per_second)
        phases = scene.go_through(Minutes(*asked.minutes), asked.cycles, Console(stderr=True))
        found = scene.end()
    out = Console(width=WIDTH)
    out.print(phase_table(scene.observed.samples, phases))
    out.print(account_table(found))
    exceeded = limits_exceeded(scene.observed.samples, asked.per_second)
    out.print(*exceeded or ["no limit was exceeded"], sep="\n")
    limits = f"at most {MAX_OUTBOX} events in the outbox, {MAX_WAITING} messages of each worker in the stream"
    title = f"2 live cameras and {asked.per_second} embeddings/s beside; {limits}"
    draw(scene.observed.samples, phases, asked.plot, title)
    return 0 if found.is_clean() and not exceeded else 1


class Scene:
    """Everything that runs, from the cameras to the broker."""

    def __init__(self, folder: Path, stack: ExitStack, per_second: int) -> None:
        for name in ("redis", "broker", "frames"):
            (folder / name).mkdir()
        self._ledger = folder / "ledger.json"
        self._redis = RedisServer(folder / "redis").start()
        stack.callback(self._redis.stop)
        self._broker = stack.enter_context(KafkaBroker(folder / "broker"))
        ensure_topic(self._broker.plain, EVENTS, TopicParams(partitions=4))
        cameras = [RtspCamera("--images", frames_of(video, folder / "frames" / video), "--fps", "7") for video in VIEWS]
        for camera in cameras:
            stack.callback(camera.kill)
        environment = {
            "REDIS_URL": self._redis.url,
            "KAFKA_BOOTSTRAP_SERVERS": str(self._broker.plain),
        }
        site = SiteCommands(folder, deployment([camera.url() for camera in cameras]), {**os.environ, **environment})
        stack.callback(site.close)
        self._workers = [site.worker(name) for name in NAMES]
        self._matchers = [site.matcher("--topic", EVENTS, "--until-end") for _ in range(2)]
        self._load = self._start_load(self._redis.url, per_second, folder / "load.txt")
        stack.callback(self._load.kill)
        for process in (*self._workers, *self._matchers):
            until(process.is_ready, "a process is ready", within_s=READY_WITHIN_S)
        named = {"view1": self._workers[0], "view6": self._workers[1], "heavy worker": self._load}
        named |= {"matcher 1": self._matchers[0], "matcher 2": self._matchers[1]}
        processes = {name: watched.process.pid for name, watched in named.items()}
        self.observed = Observed(processes, self._workers, self._redis.url, KEYS)

    def go_through(self, minutes: Minutes, cycles: int, console: Console) -> list[Phase]:
        """Calm, and then so many times both outages with a rest after each."""
        with Sampler(self.observed), console.status("") as status:
            self._status = status
            phases = [self._wait("calm", minutes.calm)]
            for _ in range(cycles):
                phases += (
                    self._outage("broker down", self._broker, minutes.broker),
                    self._wait("broker up again", minutes.rest),
                    self._outage("Redis down", self._redis, minutes.redis),
                    self._wait("Redis up again", minutes.rest),
                )
            return phases

    def end(self) -> Account:
        """Stops the cameras, lets the matchers decide and deliver all that is left, and counts."""
        for worker in (*self._workers, self._load):
            worker.process.send_signal(signal.SIGTERM)
        for process in (*self._workers, self._load, *self._matchers):
            process.ends_well(ENDS_WITHIN_S)
        with redis.Redis.from_url(self._redis.url) as client:
            decided = int(client.xinfo_stream(KEYS + OUTBOX)["entries-added"])
        ledger = json.loads(self._ledger.read_text(encoding="ascii"))
        return account(self._broker.plain, decided, ledger["tracks"], ledger["dropped_s"])

    def _start_load(self, url: str, per_second: int, log: Path) -> Watched:
        encoder = read_encoder_card(NetworkConfig())
        words = (url, SITE, LOAD, encoder.model_id, str(per_second), str(MAX_WAITING), str(self._ledger))
        command = (sys.executable, "-m", "benchmarks.faults.outage_load", *words)
        return Watched(command, log, 0, {**os.environ, "PYTHONPATH": str(ROOT)})

    def _outage(self, name: str, server: "Mortal", minutes: float) -> Phase:
        server.kill()
        phase = self._wait(name, minutes, is_outage=True)
        server.start()
        return phase

    def _wait(self, name: str, minutes: float, *, is_outage: bool = False) -> Phase:
        starts = self.observed.minute()
        while self.observed.minute() - starts < minutes:
            self._status.update(f"{name}, minute {self.observed.minute():.1f}")
            for process in (*self._workers, *self._matchers, self._load):
                assert not process.has_ended(), f"ended during `{name}`: {process.read_output()[-2000:]}"
            time.sleep(1)
        return Phase(name, starts, self.observed.minute(), is_outage)


class Mortal(Protocol):
    """A server that can be killed and started again with what it had."""

    def kill(self) -> None: ...

    def start(self) -> object: ...


def frames_of(video: str, folder: Path) -> str:
    """The first images of a video as JPEG files; returns their pattern."""
    folder.mkdir()
    footage = SHARED / "data/multicam/pets2009_s2l1"
    for frame in islice(FileSource("camera", footage / video, frame_rate=FRAME_RATE), LOOP_FRAMES):
        cv2.imwrite(str(folder / f"{frame.index:05d}.jpg"), cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR))
    return str(folder / "%05d.jpg")


def deployment(addresses: Sequence[str]) -> dict[str, object]:
    """Two cameras that overlap, and one that no command looks at: the heavy worker speaks for it."""
    cameras = [{"name": name, "source": address} for name, address in zip(NAMES, addresses, strict=True)]
    return {
        "cameras": [*cameras, {"name": LOAD, "source": "rtsp://127.0.0.1:9/nobody"}],
        "site": {"name": SITE, "overlaps": [list(NAMES)]},
        "matching": {"retention": {"keep_s": KEEP_S}},
        "redis": {"max_outbox": MAX_OUTBOX, "max_waiting": MAX_WAITING},
    }


def account(brokers: Brokers, decided: int, tracks: int, dropped_s: int) -> Account:
    """Reads the topic to its end, as it is and as consumers do."""
    messages = 0
    begun: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    seen: set[str] = set()
    for message in messages_at(brokers, EVENTS):
        messages += 1
        event = json.loads(message.value)
        if event["event_id"] not in seen:
            seen.add(event["event_id"])
            (ended if event["kind"] == "track.ended" else begun).update([_track(event)])
    known = {f"{LOAD}/{RUN}/{number}" for number in range(tracks)} | begun.keys() | ended.keys()
    with EventConsumer(brokers, EVENTS, group=None, dead_letter=_refuse, idle_s=3.0) as events:
        consumed = sum(1 for _ in events)
    return Account(
        decided=decided,
        messages=messages,
        delivered=len(seen),
        consumed=consumed,
        tracks=tracks,
        dropped_s=dropped_s,
        unsettled=sum(begun[track] != 1 or ended[track] != 1 for track in known),
    )


def _track(event: Mapping[str, Any]) -> str:
    seen = event["seen"]
    return f"{seen['camera']}/{seen['run']}/{seen['track']}"


def _refuse(letter: DeadLetter) -> None:
    raise AssertionError(str(letter))


def phase_table(samples: Sequence[Sample], phases: Sequence[Phase]) -> Table:
    """The largest of everything in each phase, and what the cameras looked at and dropped in it."""
    names, causes = list(samples[0].resident_mib), sorted(samples[-1].dropped)
    heads = "minutes", *(f"{name}, MiB" for name in names), "Redis, MiB", "outbox", "stream", "frames"
    table = Table("phase", *heads, *(f"dropped: {cause}" for cause in causes), title="largest of each; frames: sums")
    for phase in phases:
        inside = [sample for sample in samples if phase.starts <= sample.minute <= phase.ends]
        first, last = inside[0], inside[-1]
        table.add_row(
            phase.name,
            f"{phase.ends - phase.starts:.1f}",
            *(f"{max(sample.resident_mib[name] for sample in inside):.0f}" for name in names),
            *(_largest(values) for values in zip(*((s.redis_mib, s.outbox, s.stream) for s in inside), strict=True)),
            f"{last.frames - first.frames:.0f}",
            *(f"{last.dropped[cause] - first.dropped.get(cause, 0.0):.0f}" for cause in causes),
        )
    return table


def _largest(values: Iterable[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    return f"{max(known):.0f}" if known else "away"


def account_table(found: Account) -> Table:
    table = Table("events", "")
    rows = {
        "decided": found.decided,
        "messages in the topic": found.messages,
        "duplicates among them": found.messages - found.delivered,
        "delivered": found.delivered,
        "handed out by a consumer": found.consumed,
        "tracks of the heavy worker": found.tracks,
        "seconds that it dropped": found.dropped_s,
        "tracks without exactly one beginning and one end": found.unsettled,
    }
    for what, count in rows.items():
        table.add_row(what, str(count))
    return table


def limits_exceeded(samples: Sequence[Sample], per_second: int) -> list[str]:
    """What waited in larger numbers than the configuration allows; a window that is decided goes into the outbox
    whole."""
    largest = {"outbox": max(s.outbox for s in samples), "stream": max(s.stream for s in samples)}
    limits = {"outbox": MAX_OUTBOX + per_second, "stream": MAX_WAITING * (len(NAMES) + 1)}
    return [
        f"expected at most {limits[name]} entries in the {name}, found {count:.0f}"
        for name, count in largest.items()
        if count > limits[name]
    ]


if __name__ == "__main__":
    sys.exit(main())
