"""Redis and Kafka, run as docker/compose.yaml says and not as other tests do: its settings are under test too."""

import re
import subprocess
from pathlib import Path

import pytest
import redis

from passerby_events.brokers import Brokers
from testing.docker.by_hand import Place, Running
from testing.docker.compose_file import DOCKER, SECRETS, Service, service
from testing.services.kafka import NoBrokerError, jars
from testing.services.needed import need_redis_server
from testing.services.ports import free_port, free_ports

SMALL = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def start_redis(place: Place) -> Running:
    """The Redis of compose.yaml; fills in its address among the names of the place."""
    need_redis_server()
    port, data = free_port(), place.folder / "redis"
    data.mkdir()
    own = {"bind * -::*": "bind 127.0.0.1", "port 6379": f"port {port}", "dir /data": f"dir {data}"}
    settings = (DOCKER / "redis" / "redis.conf").read_text()
    for ours, tests in own.items():
        assert ours in settings
        settings = settings.replace(ours, tests)
    (data / "redis.conf").write_text(settings)
    place.names |= {
        "/etc/redis/redis.conf": str(data / "redis.conf"),
        "redis:6379": f"127.0.0.1:{port}",
        "redis-cli ": f"redis-cli -p {port} ",
    }
    compose_service = service("redis")
    server = place.start(compose_service.command, compose_service.environment)
    server.until(lambda: _answers(port))
    return server


def redis_url(place: Place) -> str:
    return f"redis://passerby:{SECRETS['REDIS_PASSWORD']}@{place.names['redis:6379']}/0"


def _answers(port: int) -> bool:
    try:
        with redis.Redis(port=port, username="passerby", password=SECRETS["REDIS_PASSWORD"]) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def start_kafka(place: Place) -> Brokers:
    """The Kafka of compose.yaml; its image turns KAFKA_A_B=C into a line a.b=C, and so does this."""
    inside, host, controller = free_ports(3)
    data = place.folder / "kafka"
    data.mkdir()
    place.names |= {
        "kafka:19092": f"127.0.0.1:{inside}",
        "//:19092": f"//127.0.0.1:{inside}",
        "//:9092": f"//127.0.0.1:{host}",
        "localhost:9092": f"127.0.0.1:{host}",
        "localhost:9093": f"127.0.0.1:{controller}",
        "/var/lib/kafka/data": str(data / "log"),
    }
    compose_service = service("kafka")
    settings = data / "server.properties"
    settings.write_text(place.mapped(_properties(compose_service)))
    java = ("java", *SMALL, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{_jars()}/*")
    cluster = compose_service.environment["CLUSTER_ID"]
    subprocess.run((*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", settings), check=True, cwd=data)
    place.start((*java, "kafka.Kafka", str(settings)), {})
    return Brokers((f"127.0.0.1:{host}",))


def _properties(compose_service: Service) -> str:
    others = {"KAFKA_HEAP_OPTS"}
    keys = [key for key in compose_service.environment if key.startswith("KAFKA_") and key not in others]
    return "".join(f"{re.sub('_', '.', key[6:].lower())}={compose_service.environment[key]}\n" for key in keys)


def _jars() -> Path:
    try:
        return jars()
    except NoBrokerError as error:
        pytest.skip(str(error))
