import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from passerby_events.brokers import Brokers
from passerby_events.topics import open_admin
from pipeline.cli import main
from pipeline.commands.events import PATIENCE_S
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.kafka.mdx import MtmcMessage
from pipeline.events.kafka.sink import KafkaSink
from testing.events import a_match, a_merge, an_erasure
from testing.services.kafka_topics import messages_at, publish_raw
from testing.services.ports import free_port
from testing.services.webhook import WebhookServer


def recording(path: Path, count: int) -> list[str]:
    """A recording of so many events; its lines."""
    with JsonLinesSink(path) as sink:
        for number in range(count):
            sink.publish(a_match().model_copy(update={"event_id": UUID(int=number)}))
    return path.read_text().splitlines()


def test_topics_are_made_once_and_it_says_so(
    kafka_brokers: Brokers, topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["--topic", f"{topic}.a", "--dead-letters", f"{topic}.b"]
    arguments = ["topics", "create", "--brokers", str(kafka_brokers), *names, "--partitions", "3"]
    assert main([*arguments, "--retention-hours", "2"]) == 0
    made = capsys.readouterr().out.splitlines()
    assert made == [
        f"{topic}.a: made; 3 partitions, 1 copies, kept for 2 h",
        f"{topic}.b: made; 1 partitions, 1 copies, kept for 2 h",
    ]
    assert main([*arguments, "--retention-hours", "2"]) == 0
    assert capsys.readouterr().out.splitlines() == [line.replace("made", "was there") for line in made]
    assert main(arguments) == 1
    assert "was there, left as it is; 3 partitions, 1 copies, kept for 2 h; retention" in capsys.readouterr().out


def test_a_compacted_topic_is_not_approved_and_it_says_what_to_do(
    kafka_brokers: Brokers, topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_admin(kafka_brokers, within_s=5) as admin:
        compacted = {"num_partitions": 8, "replication_factor": 1, "configs": {"cleanup.policy": "compact,delete"}}
        admin.create_topics({f"{topic}.a": compacted})
    names = ["--topic", f"{topic}.a", "--dead-letters", f"{topic}.b"]
    assert main(["topics", "create", "--brokers", str(kafka_brokers), *names]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert "cleanup.policy: compact,delete, not delete; Kafka would keep the last event of each person alone" in first
    assert f"--entity-name {topic}.a --add-config cleanup.policy=delete" in first
    assert second == f"{topic}.b: made; 1 partitions, 1 copies, kept for 24 h"


def test_a_recording_that_is_replayed_comes_out_as_it_was(
    kafka_brokers: Brokers, topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = recording(tmp_path / "events.jsonl", 30)
    to = ["--topic", topic, "--brokers", str(kafka_brokers)]
    for _ in range(2):
        assert main(["events", "replay", str(tmp_path / "events.jsonl"), *to]) == 0
    assert f"30 events published to {topic}" in capsys.readouterr().err
    assert main(["events", "tail", *to, "--from-beginning", "--idle", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_what_a_run_could_not_deliver_is_replayed_to_the_webhook_of_its_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = recording(tmp_path / "events.jsonl", 5)
    site = tmp_path / "site.yaml"
    replaying = ["events", "replay", str(tmp_path / "events.jsonl"), "--to", str(site)]
    with WebhookServer() as server:
        camera = {"name": "door", "source": "door.mp4"}
        site.write_text(json.dumps({"cameras": [camera], "events": {"webhook": {"url": server.url}}}))
        assert main(replaying) == 0
        assert [post.body.decode() for post in server.posts] == lines
    assert "5 events published to what" in capsys.readouterr().err
    site.write_text(json.dumps({"cameras": [camera]}))
    assert main(replaying) == 2
    assert "expected `events: {mqtt: ...}` or `events: {webhook: ...}`, found neither" in capsys.readouterr().err


def test_nothing_of_a_broken_recording_is_published(
    kafka_brokers: Brokers, topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "events.jsonl"
    recording(path, 3)
    path.write_text(path.read_text() + "{}\n")
    to = ["--topic", topic, "--brokers", str(kafka_brokers)]
    assert main(["events", "replay", str(path), *to]) == 1
    assert "events.jsonl:4: expected an event of schema v1" in capsys.readouterr().err
    assert main(["events", "tail", *to, "--from-beginning", "--idle", "1"]) == 0
    assert capsys.readouterr().out == ""


def test_tail_goes_on_where_its_group_stopped_and_passes_over_what_is_no_event(
    kafka_brokers: Brokers, topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = recording(tmp_path / "events.jsonl", 4)
    publish_raw(kafka_brokers, topic, lines[0].encode(), b"not json", *(line.encode() for line in lines[1:]))
    arguments = ["events", "tail", "--topic", topic, "--brokers", str(kafka_brokers), "--group", topic]
    assert main([*arguments, "--from-beginning", "--count", "2"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == lines[:2]
    assert f"{topic}/0@1: expected an event of schema v1, found the whole: invalid json" in printed.err
    assert main([*arguments, "--idle", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == lines[2:]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (("--kind", "person.merged"), [1]),
        (("--person", str(UUID(int=2))), [1]),
        (("--camera", a_match().seen.camera, "--kind", "person.matched"), [0]),
        (("--camera", "nowhere"), []),
        (("--count", "1", "--kind", "person.erased"), [2]),
    ],
)
def test_tail_prints_what_its_filters_let_through(
    kafka_brokers: Brokers, topic: str, capsys: pytest.CaptureFixture[str], filters: tuple[str, ...], kept: list[int]
) -> None:
    sent = [a_match(), a_merge(person=UUID(int=1), other=UUID(int=2)), an_erasure(UUID(int=3))]
    publish_raw(kafka_brokers, topic, *(event.model_dump_json().encode() for event in sent))
    at = ["--topic", topic, "--brokers", str(kafka_brokers), "--from-beginning", "--idle", "1"]
    assert main(["events", "tail", *at, *filters]) == 0
    assert capsys.readouterr().out.splitlines() == [sent[number].model_dump_json() for number in kept]


def test_tail_prints_a_line_for_people_where_it_is_asked_to(
    kafka_brokers: Brokers, topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = [a_match(), an_erasure(UUID(int=3))]
    publish_raw(kafka_brokers, topic, *(event.model_dump_json().encode() for event in sent))
    at = ["--topic", topic, "--brokers", str(kafka_brokers), "--from-beginning", "--count", "2"]
    assert main(["events", "tail", *at, "--pretty"]) == 0
    recognised, erased = capsys.readouterr().out.splitlines()
    assert recognised.endswith("yard        5a0a3d0c  recognised, similarity 0.99; was in door 6 s before")
    assert erased.endswith("00000000  is to be forgotten")


@pytest.mark.parametrize(
    ("filters", "line"),
    [(("--kind", "person"), "--kind: expected one of person.app"), (("--person", "me"), "--person: expected an id")],
)
def test_a_filter_that_nothing_can_pass_is_refused(
    capsys: pytest.CaptureFixture[str], filters: tuple[str, ...], line: str
) -> None:
    assert main(["events", "tail", "--brokers", "127.0.0.1:1", *filters]) == 2
    assert line in capsys.readouterr().err


def test_tail_gives_a_dead_broker_up_in_time_and_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    began_s = time.monotonic()
    assert main(["events", "tail", "--brokers", f"127.0.0.1:{free_port()}"]) == 1
    assert time.monotonic() - began_s < 1.5 * PATIENCE_S
    (line,) = capsys.readouterr().err.splitlines()
    assert f"within {PATIENCE_S:g} s" in line
    assert "is it up" in line


def test_events_come_out_as_mdx_messages_once_each(
    kafka_brokers: Brokers, topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording(tmp_path / "events.jsonl", 3)
    at = ["--brokers", str(kafka_brokers)]
    names = ["--topic", f"{topic}.mdx", "--dead-letters", f"{topic}.dead"]
    assert main(["topics", "create", *at, *names, "--partitions", "1"]) == 0
    assert main(["events", "replay", str(tmp_path / "events.jsonl"), *at, "--topic", topic]) == 0
    for _ in range(2):
        assert (
            main(["events", "mdx", *at, "--topic", topic, "--to", f"{topic}.mdx", "--group", topic, "--idle", "1"]) == 0
        )
    assert capsys.readouterr().err.count("\n") == 1
    messages = [
        (message.key, MtmcMessage.model_validate_json(message.value))
        for message in messages_at(kafka_brokers, f"{topic}.mdx")
    ]
    assert [message.batchId for _, message in messages] == [0, 1, 2]
    assert {key for key, _ in messages} == {str(a_match().person).encode()}


def test_tail_ends_well_on_ctrl_c(kafka_brokers: Brokers, topic: str) -> None:
    with KafkaSink(kafka_brokers, topic) as sink:
        sink.publish(a_match())
    # A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start.
    begin = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    enter = "from pipeline.cli import entry; entry()"
    command = [sys.executable, "-c", f"{begin}; {enter}", "events", "tail", "--topic", topic, "--from-beginning"]
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": str(kafka_brokers)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().decode().strip() == a_match().model_dump_json()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == b""
