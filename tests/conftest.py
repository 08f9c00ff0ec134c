"""Fixtures that more than one package's tests share."""

import os
import signal
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType

import pytest

from passerby_events.brokers import Brokers
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from pipeline.store.client import SiteStore
from testing.paths import SHARED
from testing.services import kafka as kafka_service
from testing.services import redis as redis_service
from testing.services.mosquitto import Mosquitto
from testing.services.needed import need_mosquitto, need_redis_server, start_kafka_broker
from testing.services.site_store import site_of_its_own

# Tests load ONNX Runtime themselves, too.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


@pytest.fixture(scope="session", autouse=True)
def stray_signals_are_named() -> None:
    """A signal that ends processes fails the test that runs, in the place of ending all tests without a word.

    What is started under `nohup` ignores SIGHUP, and so would all that tests start, who ask what it does: with a
    handler here it has its usual effect there.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stray)


def _stray(number: int, _frame: FrameType | None) -> None:
    pytest.fail(f"{signal.Signals(number).name} came to the process of the tests")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real footage, tables and weights; the test skips where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no real data at {SHARED}: set PASSERBY_SHARED")
    return SHARED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Suites with slow tests first: whoever begins one last keeps the other processes waiting."""
    slow = {item.path for item in items if "slow" in item.keywords}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that has its real data and skips all the same has failed."""
    report = yield
    is_due = os.environ.get("CI") == "true" and "shared" in item.keywords and (SHARED / "data").is_dir()
    if report.skipped and is_due:
        report.outcome = "failed"
        report.longrepr = f"skipped although the real data lies at {SHARED}: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server: that of REDIS_URL, else one of our own. Tests keep apart by the name of their site."""
    if running := redis_service.running():
        yield running
        return
    need_redis_server()
    server = redis_service.RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server.url
    server.stop()


@pytest.fixture
def store(redis_url: str) -> Iterator[SiteStore]:
    """A site of this test's own in Redis."""
    with site_of_its_own(redis_url) as site_store:
        yield site_store


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[redis_service.RedisServer]:
    """A Redis server of this test's own, to be killed."""
    need_redis_server()
    server = redis_service.RedisServer(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def own_kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka_service.KafkaBroker]:
    """One for all tests of this process: a broker takes as long to start as many a test."""
    with start_kafka_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="session")
def kafka_brokers(request: pytest.FixtureRequest) -> Brokers:
    """A Kafka broker: that of KAFKA_BOOTSTRAP_SERVERS, else one of our own. Tests keep apart by their topics."""
    if running := kafka_service.running():
        return running
    broker: kafka_service.KafkaBroker = request.getfixturevalue("own_kafka_broker")
    return broker.plain


@pytest.fixture
def topic(kafka_brokers: Brokers) -> str:
    """A topic of this test's own, with four partitions."""
    name = f"test.{uuid.uuid4().hex}"
    ensure_topic(kafka_brokers, name, TopicParams(partitions=4))
    return name


@pytest.fixture
def kafka_broker(own_kafka_broker: kafka_service.KafkaBroker) -> Iterator[kafka_service.KafkaBroker]:
    """A Kafka broker to be killed or frozen; other tests have left their topics there."""
    yield own_kafka_broker
    own_kafka_broker.revive()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """An MQTT broker of this test's own, which lets everybody in."""
    need_mosquitto()
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with Mosquitto(folder) as broker:
        yield broker
