"""Builds the wheels, installs them into an empty environment in another folder, and runs there what the pages show.

    python -m testing.wheels

That is every command of the README, its consumer of events in a folder that has a `pipeline` and a `configs` of its
own, and the examples of the Python API. Redis and Kafka are this project's own test servers.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from passerby_events import DEAD_LETTERS, EVENTS, Brokers
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from testing.documentation.markdown import python_examples
from testing.events import a_match
from testing.paths import ROOT
from testing.services.kafka import KafkaBroker
from testing.services.redis import RedisServer
from testing.wheels.building import build_wheels, clean_environment, faults
from testing.wheels.readme import Workplace, readme_commands

EXTRAS = "cpu,calibrate,evaluate,simulation"
"""What the README's commands want, and those below."""
EXAMPLES = 4
"""Of the library, that end by themselves."""
BEFORE = ("reid-pipeline --version", "reid-pipeline doctor", "reid-train --help", "reid-export --help")
AFTER = (
    "reid-pipeline calibrate FOLDER --encoder passerby-encoder --false-match-rate 0.01 --out calibration.json",
    "reid-pipeline run --camera campus=vtest.avi --out scored",
    "reid-pipeline evaluate scored --truth campus=gt.txt",
    "reid-pipeline events tail --idle 3 --from-beginning",
)
"""What other pages show."""


def main() -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passerby-")))
        wheels = build_wheels(folder / "wheels")
        wrong = [f"{wheel.name}: {fault}" for wheel in wheels for fault in faults(wheel)]
        if wrong:
            sys.stderr.write("\n".join([*wrong, ""]))
            return 1
        _say(f"built {', '.join(wheel.name for wheel in wheels)}")
        binaries = _install(folder / "venv", wheels)
        _say(f"installed with {EXTRAS}")
        environment, brokers = _start_services(stack, folder, binaries)
        place = Workplace(_made(folder / "work"), environment)
        for line in _follow_readme(place):
            _say(line)
        _consume(Workplace(_shadowing(folder / "shadowing"), environment), brokers)
        _say("the README's consumer, beside a pipeline/ and a configs/ of its own")
        _run_examples(place)
        _say("the examples of the Python API")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def _install(folder: Path, wheels: list[Path]) -> Path:
    venv.create(folder, with_pip=True)
    events, passerby = sorted(wheels, key=lambda wheel: not wheel.name.startswith("passerby_events"))
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    wanted = ["-c", str(ROOT / "constraints.txt"), str(events), f"{passerby}[{EXTRAS}]"]
    subprocess.run([*pip, *wanted], check=True, env=clean_environment())
    return folder / "bin"


def _start_services(stack: ExitStack, folder: Path, binaries: Path) -> tuple[dict[str, str], Brokers]:
    """Redis and Kafka, and an environment that knows them and nothing of this checkout."""
    server = RedisServer(_made(folder / "redis")).start()
    stack.callback(server.stop)
    brokers = stack.enter_context(KafkaBroker(_made(folder / "kafka"))).plain
    for topic in (EVENTS, DEAD_LETTERS):
        ensure_topic(brokers, topic, TopicParams(partitions=1))
    return clean_environment() | {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PASSERBY_MODELS": str(folder / "models"),
        "REDIS_URL": server.url,
        "KAFKA_BOOTSTRAP_SERVERS": str(brokers),
        "CAMERA_USER": "viewer",
        "CAMERA_PASSWORD": "only for this test",
    }, brokers


def _follow_readme(place: Workplace) -> Iterator[str]:
    place.prepare()
    for line in (*BEFORE, *readme_commands(), *AFTER):
        place.follow(line)
        yield line


def _consume(place: Workplace, brokers: Brokers) -> None:
    (text,) = (text for text in python_examples(ROOT / "README.md") if "EventConsumer" in text)
    (place.folder / "consumer.py").write_text(text.replace("localhost:9092", str(brokers)))
    with KafkaSink(brokers, EVENTS) as sink:
        sink.publish(a_match())
    with place.start("python consumer.py") as consumer:
        try:
            assert consumer.stdout is not None
            found = consumer.stdout.readline()
        finally:
            consumer.kill()
    assert found == f"{a_match().person} went from door to yard\n", found


def _run_examples(place: Workplace) -> None:
    """Those that end by themselves: on the video and the people that the README's commands had."""
    for camera in ("door", "hall"):
        shutil.copy(place.folder / "vtest.avi", place.folder / f"{camera}.mp4")
    people = sorted(path for path in (place.folder / "FOLDER").rglob("*") if path.is_dir() and any(path.glob("*.jpg")))
    for name, person in zip(("anna", "berta"), people, strict=False):
        shutil.copytree(person, place.folder / name)
    shutil.copytree(place.folder / "FOLDER", place.folder / "tracklets")
    examples = [text for text in python_examples(ROOT / "docs" / "library.md") if "import passerby\n" in text]
    assert len(examples) == EXAMPLES, f"expected {EXAMPLES} examples in docs/library.md, found {len(examples)}"
    for number, text in enumerate(examples):
        (place.folder / f"example_{number}.py").write_text(text)
        place.run(f"python example_{number}.py")


def _shadowing(folder: Path) -> Path:
    for name in ("pipeline", "configs"):
        _made(folder / name).joinpath("__init__.py").write_text('raise RuntimeError("another project\'s package")\n')
    return folder


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
