"""Servers that a test needs: where one cannot be started it skips with the reason, and in CI it fails."""

import os
import shutil
from pathlib import Path

import pytest

from testing.services import kafka as kafka_service
from testing.services import mosquitto as mosquitto_service
from testing.services import redis as redis_service
from testing.services.certificates import Certificate, certificate_in


def need_redis_server() -> None:
    """Skips with the reason where no redis-server can be started; in CI that is a failure."""
    if (reason := redis_service.why_not()) is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def need_mosquitto() -> None:
    """Skips with the reason where no MQTT broker can be started; in CI that is a failure."""
    if (reason := mosquitto_service.why_not()) is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def need_certificate(folder: Path) -> Certificate:
    """A certificate for a server; skips with the reason where openssl is not there."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here: make setup installs it")
    return certificate_in(folder)


def start_kafka_broker(folder: Path) -> kafka_service.KafkaBroker:
    """Skips with the reason where no Kafka broker can be started; in CI that is a failure."""
    try:
        return kafka_service.KafkaBroker(folder)
    except kafka_service.NoBrokerError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
