"""The README's example consumer runs as it is printed there, with only the addresses changed."""

import re
import signal
import subprocess
import sys

from passerby_events.brokers import Brokers
from passerby_events.topics import DEAD_LETTERS, EVENTS
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from testing.events import a_match, an_erasure
from testing.paths import ROOT
from testing.services.kafka_topics import publish_raw

README = ROOT / "README.md"


def test_the_example_consumer_prints_who_went_where_and_who_is_to_be_forgotten(
    kafka_brokers: Brokers, topic: str
) -> None:
    ensure_topic(kafka_brokers, DEAD_LETTERS, TopicParams(partitions=1))
    publish_raw(kafka_brokers, topic, b"not json")
    with KafkaSink(kafka_brokers, topic) as sink:
        sink.publish(a_match())
        sink.publish(an_erasure())
    with subprocess.Popen([sys.executable, "-c", example(kafka_brokers, topic)], stdout=subprocess.PIPE) as consumer:
        assert consumer.stdout
        assert consumer.stdout.readline().decode() == f"{a_match().person} went from door to yard\n"
        assert consumer.stdout.readline().decode() == f"{a_match().person} is to be forgotten\n"
        consumer.send_signal(signal.SIGKILL)


def example(brokers: Brokers, topic: str) -> str:
    """The code in the README that reads events, for these brokers and this topic."""
    blocks: list[str] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = (block for block in blocks if "EventConsumer" in block)
    address, events = '"localhost:9092"', f'"{EVENTS}"'
    assert address in code
    assert events in code
    return code.replace(address, f'"{brokers}"').replace(events, f'"{topic}"')
