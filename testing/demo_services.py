"""`make demo SERVICES=1`: the demo's shop with workers, Redis, a matcher and Kafka, as processes of their own.

    python -m testing.demo_services [--out demo] [--seconds 75]

Records the shop as `reid-pipeline demo` does, starts a redis-server and a Kafka broker of its own (its jars are fetched
once), two workers of two cameras each and a matcher that sends its events to Kafka, reads them back from there, and
scores them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import yaml
from rich.console import Console

from pipeline.commands.demo import SHOP, record_site, score
from pipeline.commands.stopping import StopSignal
from pipeline.deployment.simulated import Replaced, load_simulation
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from pipeline.yaml_files import read_mapping
from testing.services.kafka import KafkaBroker
from testing.services.redis import RedisServer
from testing.site.site_commands import COMMAND, SiteCommands

TOPIC = "passerby.demo"
WORKERS = 2
ENDS_WITHIN_S = 900.0
IDLE_S = 3.0
"""Without an event for so long, all have been read back."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=Path("demo"), help="folder for all that is written")
    options.add_argument("--seconds", type=float, help="to record; replaces what the shop's file says")
    asked = options.parse_args()
    out: Path = asked.out
    console = Console(stderr=True, highlight=False)
    started_s = time.monotonic()
    config = load_simulation(SHOP, Replaced(seconds=asked.seconds))
    with StopSignal() as stop:
        deployment = read_mapping(record_site(config, out, console, stop))
    site = yaml.safe_load((out / "site.yaml").read_text(encoding="utf-8"))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        console.print("2. Starting Redis and Kafka, two workers and a matcher.")
        server = RedisServer(folder).start()
        stack.callback(server.stop)
        broker = stack.enter_context(KafkaBroker(folder))
        ensure_topic(broker.plain, TOPIC, TopicParams(partitions=1))
        environment = {**os.environ, "REDIS_URL": server.url, "KAFKA_BOOTSTRAP_SERVERS": str(broker.plain)}
        commands = SiteCommands(folder, {**deployment, "site": site}, environment)
        stack.callback(commands.close)
        names = [camera.name for camera in config.cameras]
        processes = [commands.worker(*names[first::WORKERS]) for first in range(WORKERS)]
        processes.append(commands.matcher("--topic", TOPIC, "--until-end"))
        for process in processes:
            process.ends_well(ENDS_WITHIN_S)
        read_back(out / "out" / "events.jsonl", environment)
    score(out, console)
    console.print(
        f"Took {time.monotonic() - started_s:.0f} s. Events as Kafka had them: {out / 'out' / 'events.jsonl'}"
    )
    return 0


def read_back(path: Path, environment: dict[str, str]) -> None:
    """The events of the topic as a file, in their order."""
    tail = [str(COMMAND), "events", "tail", "--topic", TOPIC, "--from-beginning", "--idle", str(IDLE_S)]
    with path.open("wb") as file:
        subprocess.run(tail, stdout=file, env=environment, check=True, timeout=ENDS_WITHIN_S)


if __name__ == "__main__":
    sys.exit(main())
