"""Who listens where, and what the processes of a site tell of the secrets that they are given."""

import base64
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from passerby_events.topics import EVENTS
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from testing.cameras.camera import RtspCamera
from testing.scene import video
from testing.services.kafka import PASSWORD as KAFKA_PASSWORD
from testing.services.kafka import USER as KAFKA_USER
from testing.services.kafka import KafkaBroker
from testing.services.mosquitto import PASSWORD as MQTT_PASSWORD
from testing.services.mosquitto import USER as MQTT_USER
from testing.services.mosquitto import Mosquitto
from testing.services.needed import need_mosquitto
from testing.services.redis import RedisServer
from testing.services.webhook import WebhookServer
from testing.site.site_commands import COMMAND, SiteCommands
from testing.site.watched import Watched
from testing.still_person import still_person
from testing.waiting import until

AT_DEBUG = (
    sys.executable,
    "-c",
    f"import logging; logging.basicConfig(level={logging.DEBUG}); from pipeline.cli import entry; entry()",
)
CAMERA_PASSWORD, REDIS_PASSWORD, WRONG_PASSWORD = "tops3cret/camera", "tops3cret/redis", "tops3cret/wrong"
HOOK_TOKEN, HOOK_SECRET = "tops3cret/token", "whsec_" + "QUJD" * 10
PATH_OF_HOOK = "s3cret"
SECRETS = (CAMERA_PASSWORD, REDIS_PASSWORD, WRONG_PASSWORD, KAFKA_PASSWORD, HOOK_TOKEN, HOOK_SECRET, PATH_OF_HOOK)
WITHIN_S = 60.0
LISTENS = "0A"
"""Of a socket in /proc/net/tcp."""


@pytest.fixture(scope="module")
def broker(own_kafka_broker: KafkaBroker) -> KafkaBroker:
    """A broker that asks who comes, with the topic of events."""
    ensure_topic(own_kafka_broker.plain, EVENTS, TopicParams(partitions=1))
    return own_kafka_broker


@pytest.fixture
def locked_redis(redis_server: RedisServer) -> str:
    """The address of a server that wants a password, without it."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("requirepass", REDIS_PASSWORD)
    return redis_server.url


def test_a_process_listens_on_loopback_only_and_only_where_a_port_is_given(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    long_video = video(tmp_path / "long.mp4", [], 120.0)
    camera = {"name": "door", "source": str(long_video)}
    deployment = {"cameras": [camera], **networks(tmp_path), "redis": {"max_waiting": 2}}
    with closing(SiteCommands(tmp_path, deployment, {**os.environ, "REDIS_URL": redis_server.url})) as site:
        processes = [site.run(), site.worker("door"), site.matcher()]
        for process in processes:
            until(process.is_up, "it is up")
            assert listeners(process) == {"127.0.0.1"}
    with closing(Silent(tmp_path, long_video)) as silent:
        until(silent.has_begun, "it runs")
        assert listeners(silent.process) == set()


@pytest.mark.slow
@pytest.mark.rtsp
def test_no_secret_is_told_at_debug_by_those_who_know_it(
    start_camera: Callable[..., RtspCamera], locked_redis: str, broker: KafkaBroker, tmp_path: Path
) -> None:
    door = start_camera("--user", "viewer", "--password", CAMERA_PASSWORD)
    environment = with_secrets(locked_redis, REDIS_PASSWORD, broker, KAFKA_PASSWORD)
    with closing(debugged(tmp_path, door, environment)) as site:
        worker, matcher = site.worker("door"), site.matcher("--topic", EVENTS)
        until(lambda: sum(matcher.samples("reid_events_total").values()) > 0, "an event is delivered")
        for process in (worker, matcher):
            process.process.terminate()
            process.ends_well(WITHIN_S)
        reported = site.read_output()
    assert "DEBUG:kafka" in reported
    assert "DEBUG:pipeline" in reported
    assert secrets_in(reported) == []


@pytest.mark.parametrize("knows_us", [True, False])
def test_no_secret_of_mqtt_and_webhook_is_told_at_debug(tmp_path: Path, knows_us: bool) -> None:
    need_mosquitto()
    recording = video(tmp_path / "short.mp4", [], 4.0)
    password = MQTT_PASSWORD if knows_us else WRONG_PASSWORD
    with Mosquitto(tmp_path, asks=True) as broker, WebhookServer() as server:
        events = {
            "mqtt": {"url": f"mqtt://127.0.0.1:{broker.port}", "username": MQTT_USER, "password": "{MQTT_PASSWORD}"},
            "webhook": {"url": server.url, "token": "{HOOK_TOKEN}", "secret": "{HOOK_SECRET}"},
        }
        deployment = {"cameras": [{"name": "door", "source": str(recording)}], **networks(tmp_path), "events": events}
        secrets = {"MQTT_PASSWORD": password, "HOOK_TOKEN": HOOK_TOKEN, "HOOK_SECRET": HOOK_SECRET}
        with closing(SiteCommands(tmp_path, deployment, {**os.environ, **secrets}, command=AT_DEBUG)) as site:
            assert site.run().process.wait(WITHIN_S) == (0 if knows_us else 1)
            reported = site.read_output()
        assert bool(server.posts) is knows_us
    assert "WARNING:pipeline.commands.sinks" in reported
    assert ("is refused: Not authorized" in reported) is not knows_us
    assert secrets_in(reported) == []


@pytest.mark.slow
@pytest.mark.parametrize("refused", ["camera", "redis", "kafka"])
def test_no_secret_is_told_at_debug_where_it_is_refused(
    start_camera: Callable[..., RtspCamera], locked_redis: str, broker: KafkaBroker, tmp_path: Path, refused: str
) -> None:
    door = start_camera("--user", "viewer", "--password", "another" if refused == "camera" else CAMERA_PASSWORD)
    to_redis = WRONG_PASSWORD if refused == "redis" else REDIS_PASSWORD
    to_kafka = WRONG_PASSWORD if refused == "kafka" else KAFKA_PASSWORD
    with closing(debugged(tmp_path, door, with_secrets(locked_redis, to_redis, broker, to_kafka))) as site:
        worker, matcher = site.worker("door"), site.matcher("--topic", EVENTS)
        if refused == "camera":
            until(lambda: worker.state("door") == "retrying", "the camera refuses")
        elif refused == "redis":
            assert (worker.process.wait(WITHIN_S), matcher.process.wait(WITHIN_S)) == (1, 1)
            assert " refuses: " in worker.read_output().splitlines()[-1]
            assert " refuses: " in matcher.read_output().splitlines()[-1]
        else:
            until(lambda: "Authentication failed" in matcher.read_output(), "Kafka refuses")
        reported = site.read_output()
    assert secrets_in(reported) == []


class Silent:
    """`run` without a port."""

    def __init__(self, folder: Path, recording: Path) -> None:
        self._out = folder / "silent"
        words = (
            "--camera",
            f"door={recording}",
            "--detector",
            str(folder / "still.onnx"),
            "--encoder",
            "colour-stripes",
        )
        self.process = Watched([COMMAND, "run", *words, "--out", self._out], folder / "silent.txt", 0, os.environ)

    def has_begun(self) -> bool:
        tracks = self._out / "tracks" / "door.txt.partial"
        return tracks.exists() and tracks.stat().st_size > 0

    def close(self) -> None:
        self.process.kill()


def networks(folder: Path) -> dict[str, object]:
    """A person who is always there, and what encodes him."""
    still = still_person(folder / "still.onnx")
    return {
        "detector": {"kind": "network", "model": str(still)},
        "encoder": {"kind": "colour-stripes"},
        "tracklets": {"gate": {"min_sharpness": 0.0}, "still_after_s": 0.0},
    }


def debugged(folder: Path, door: RtspCamera, environment: dict[str, str]) -> SiteCommands:
    """A site of one camera, whose processes log all that anybody logs."""
    source = door.url("viewer:{CAMERA_PASSWORD}@")
    deployment = {"cameras": [{"name": "door", "source": source}], **networks(folder)}
    return SiteCommands(folder, deployment, environment, command=AT_DEBUG)


def with_secrets(url: str, to_redis: str, broker: KafkaBroker, to_kafka: str) -> dict[str, str]:
    tls = broker.secured.tls
    assert tls is not None
    return {
        **os.environ,
        "CAMERA_PASSWORD": quote(CAMERA_PASSWORD, safe=""),
        "REDIS_URL": url.replace("redis://", f"redis://:{quote(to_redis, safe='')}@"),
        "KAFKA_BOOTSTRAP_SERVERS": str(broker.secured),
        "KAFKA_TLS_AUTHORITY_FILE": str(tls.authority_file),
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": KAFKA_USER,
        "KAFKA_SASL_PASSWORD": to_kafka,
    }


def secrets_in(reported: str) -> list[str]:
    """The secrets that stand in a text, as they are or as they cross a network."""
    return [
        secret
        for secret in SECRETS
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
        if form in reported
    ]


def listeners(process: Watched) -> set[str]:
    """The addresses that a process listens on."""
    ours = {os.readlink(link) for link in _descriptors(process.process.pid)}
    return {address for address, inode in _listening(process.process.pid) if f"socket:[{inode}]" in ours}


def _descriptors(process: int) -> Iterator[Path]:
    for link in Path(f"/proc/{process}/fd").iterdir():
        if link.is_symlink():
            yield link


def _listening(process: int) -> Iterator[tuple[str, str]]:
    """Address and inode of each socket that listens, in the network of a process; of IPv6 as the kernel writes it."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENS:
                yield _dotted(words[1].split(":")[0]), words[9]


def _dotted(address: str) -> str:
    """IPv4 is written in hexadecimal, last byte first."""
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(address))) if len(address) == 8 else address
