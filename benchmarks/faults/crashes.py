"""Rounds of crashes over recorded tracklets: is anything lost, or done twice?

    python -m benchmarks.faults.crashes                 50 rounds, about half an hour
    python -m benchmarks.faults.crashes --rounds 1 --seed 17 --keep FOLDER

First `reid-pipeline run` gives the events of PETS2009 S2.L1, views 1 and 6 (from the folder PASSERBY_SHARED, by default
../shared), undisturbed; and two workers over the same footage fill a stream, which is the recording. Then, in each
round, two workers play the recording, two `reid-pipeline match` decide by turns, redis-server (append-only file, synced
always) and a Kafka broker of its own take what they say; at random moments each of them is killed (SIGKILL), and the
matcher that decides is frozen past its lease and thawed: see testing/site/crash_round.py. Afterwards the topic
must hold the undisturbed events, each the same to the byte, and a consumer must see each of them once.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.capacity.distributed import NAMES, deployment
from passerby_events.brokers import Brokers
from passerby_events.recordings import read_events
from passerby_events.reducing import fold
from passerby_events.schema import IdentityEvent
from pipeline.build import read_encoder_card
from pipeline.config import NetworkConfig
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from pipeline.records import EmbeddedWindow
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected, unpack_message
from pipeline.store.keys import PROGRESS, STREAM
from testing.paths import ROOT
from testing.services.kafka import KafkaBroker
from testing.services.redis import RedisServer
from testing.site.crash_round import KINDS, CrashRound, Fall, Tally, plan, tally
from testing.site.site_commands import SiteCommands
from testing.site.site_processes import write_recording
from testing.site.watched import Watched

SITE = "pets2009"
PAUSE_S = 0.1
"""Before each second of stream time that a worker plays."""
LEASE_S = 2.0
MAX_OUTBOX = 20
"""So few that a dead broker stops the decisions soon."""
FALLEN: Mapping[Fall, str] = {
    "worker": "worker, SIGKILL",
    "matcher": "matcher, SIGKILL",
    "redis": "redis-server, SIGKILL",
    "broker": "Kafka broker, SIGKILL",
    "freeze": "the matcher that decides, SIGSTOP past its lease",
}
PREPARED_WITHIN_S = 1800.0
MOST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Recording:
    """
    Attributes:
        model_id: of the network behind the vectors.
        files: one for each camera, for the role `replay`.
        windows: seconds of stream time.
        embeddings: in all of them.
        events: what an undisturbed run makes of it.
    """

    model_id: str
    files: Mapping[str, Path]
    windows: int
    embeddings: int
    events: Mapping[UUID, IdentityEvent]


@dataclass(frozen=True, slots=True)
class Result:
    """What a round led to; `fault` is empty unless it came to no end."""

    seed: int
    falls: Counter[Fall]
    refusals: int
    tally: Tally | None
    seconds: float
    fault: str = ""

    def is_clean(self) -> bool:
        return self.tally is not None and self.tally.is_clean()


class RecordedSite:
    """Workers that play the recording, and the installed `reid-pipeline match`. A `SiteOfProcesses`."""

    cameras: Sequence[str] = NAMES

    def __init__(self, recording: Recording, url: str, brokers: Brokers, topic: str, folder: Path) -> None:
        self._recording = recording
        self._url = url
        self._topic = topic
        self._folder = folder
        self._players: list[Watched] = []
        self._commands = SiteCommands(
            folder,
            {**deployment(), "redis": {"lease_s": LEASE_S, "max_outbox": MAX_OUTBOX}},
            {**os.environ, "REDIS_URL": url, "KAFKA_BOOTSTRAP_SERVERS": str(brokers)},
        )

    def worker(self, camera: str) -> Watched:
        recording = self._recording
        words = (self._url, SITE, camera, recording.model_id, str(recording.files[camera]), str(PAUSE_S))
        command = (sys.executable, "-m", "testing.site.site_processes", "replay", *words)
        log = self._folder / f"worker-{len(self._players)}.txt"
        self._players.append(Watched(command, log, 0, {**os.environ, "PYTHONPATH": str(ROOT)}))
        return self._players[-1]

    def matcher(self) -> Watched:
        return self._commands.matcher("--topic", self._topic, "--until-end")

    def share_decided(self) -> float:
        with SiteStore(self._url, SITE) as store:
            return float(store.hash(PROGRESS).get(b"until_s", 0)) / self._recording.windows

    def close(self) -> None:
        self._commands.close()
        for player in self._players:
            player.kill()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=50)
    options.add_argument("--seed", type=int, default=0, help="of the first round; each has the next one")
    options.add_argument("--keep", type=Path, help="keep what the processes of unclean rounds printed here")
    asked = options.parse_args()
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with console.status("one undisturbed run, and the recording"):
            recording = record(folder)
        (folder / "broker").mkdir()
        with KafkaBroker(folder / "broker") as broker, bars(console) as progress:
            rounds = progress.add_task("rounds", total=asked.rounds, unclean=0)
            results: list[Result] = []
            for seed in range(asked.seed, asked.seed + asked.rounds):
                results.append(play(recording, broker, seed, folder / f"round-{seed}"))
                progress.console.print(in_a_line(results[-1]))
                if not results[-1].is_clean():
                    keep(folder / f"round-{seed}", asked.keep)
                unclean = sum(not result.is_clean() for result in results)
                progress.update(rounds, advance=1, unclean=unclean)
    show(recording, results, Console())
    return 1 if unclean else 0


def record(folder: Path) -> Recording:
    """Runs the footage undisturbed, and once more into a stream that nobody reads."""
    encoder = read_encoder_card(NetworkConfig())
    assert encoder.dimensions
    expected = Expected(frozenset(NAMES), encoder.model_id, encoder.dimensions)
    alone, into_stream, data = folder / "alone", folder / "into_stream", folder / "data"
    for each in (alone, into_stream, data):
        each.mkdir()
    site = SiteCommands(alone, deployment(), os.environ)
    site.run().ends_well(PREPARED_WITHIN_S)
    redis = RedisServer(data).start()
    workers = SiteCommands(into_stream, deployment(), {**os.environ, "REDIS_URL": redis.url})
    for worker in [workers.worker(name) for name in NAMES]:
        worker.ends_well(PREPARED_WITHIN_S)
    with SiteStore(redis.url, SITE) as store:
        windows = {name: list(written_by(store, name, expected)) for name in NAMES}
    redis.stop()
    return Recording(
        model_id=encoder.model_id,
        files={name: write_recording(folder / name, windows[name]) for name in NAMES},
        windows=max(round(each[-1].end_s) for each in windows.values()),
        embeddings=sum(len(window.embeddings) for each in windows.values() for window in each),
        events={event.event_id: event for event in read_events(site.out / "events.jsonl")},
    )


def written_by(store: SiteStore, worker: str, expected: Expected) -> Iterator[EmbeddedWindow]:
    """The windows of one worker, as they stand in the stream; none is so large that it takes two messages."""
    for _, fields in store.entries(STREAM, MOST_ENTRIES):
        message = unpack_message(fields, expected)
        assert message.progress != "partial", "expected windows of one message each"
        if message.worker == worker and message.progress == "whole":
            yield EmbeddedWindow(message.end_s, message.embeddings, message.ended)


def play(recording: Recording, broker: KafkaBroker, seed: int, folder: Path) -> Result:
    """One round, on a Redis that holds nothing yet and a topic of its own."""
    (folder / "redis").mkdir(parents=True)
    chance, topic, started_s = Random(seed), f"round-{seed}", time.monotonic()
    ensure_topic(broker.plain, topic, TopicParams(partitions=4))
    redis = RedisServer(folder / "redis").start()
    site = RecordedSite(recording, redis.url, broker.plain, topic, folder)
    crashes = CrashRound(site, redis, broker, chance)
    found, fault = None, ""
    try:
        crashes.play(plan(chance))
        found = tally(broker.plain, topic, recording.events)
    except Exception:  # noqa: BLE001 - a round that comes to no end is a result too
        fault = traceback.format_exc()
        broker.kill()
        broker.start()
    finally:
        site.close()
        redis.stop()
    return Result(seed, crashes.falls, crashes.refusals, found, time.monotonic() - started_s, fault)


def keep(source: Path, target: Path | None) -> None:
    if target is not None:
        shutil.copytree(source, target / source.name, dirs_exist_ok=True)


def in_a_line(result: Result) -> str:
    falls = ", ".join(f"{kind} {result.falls[kind]}" for kind in KINDS if result.falls[kind])
    outcome = "clean" if result.is_clean() else f"NOT CLEAN: {result.tally or result.fault}"
    return f"round {result.seed}: {falls}; {result.seconds:.0f} s; {outcome}"


def bars(console: Console) -> Progress:
    unclean = TextColumn("{task.fields[unclean]} not clean")
    columns = (BarColumn(), MofNCompleteColumn(), unclean, TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(TextColumn("{task.description}"), *columns, console=console)


def show(recording: Recording, results: Sequence[Result], out: Console) -> None:
    tallies = [result.tally for result in results if result.tally]
    falls = sum((result.falls for result in results), Counter[Fall]())
    out.print(
        f"{recording.windows} s of two views, {recording.embeddings} embeddings, {len(recording.events)} events of "
        f"{len(set(fold(recording.events.values()).persons_by_track.values()))} persons; {len(results)} rounds, "
        f"median {statistics.median(result.seconds for result in results):.0f} s"
    )
    fallen = Table("killed or frozen", "times")
    for kind in KINDS:
        fallen.add_row(FALLEN[kind], str(falls[kind]))
    fallen.add_row("refused when thawed, and stood by", str(sum(result.refusals for result in results)))
    out.print(fallen)
    clean = sum(result.is_clean() for result in results)
    rows = {
        "events expected": sum(each.expected for each in tallies),
        "messages in the topic": sum(each.messages for each in tallies),
        "duplicates, passed over by the consumer": sum(each.duplicates for each in tallies),
        "lost": sum(each.lost for each in tallies),
        "changed, or of nobody": sum(each.changed for each in tallies),
        "rounds in which a consumer saw each once": sum(each.consumed_once for each in tallies),
        "rounds with the same person for every track": sum(each.same_persons for each in tallies),
        "rounds in which all of that holds": clean,
    }
    events = Table("events", f"{len(results)} rounds")
    for what, count in rows.items():
        events.add_row(what, str(count))
    out.print(events)


if __name__ == "__main__":
    sys.exit(main())
