"""The receiver of docs/events.md runs as it is printed there, with only the port changed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr

from passerby_events.errors import EventsRefusedError
from pipeline.config_events import WebhookConfig
from pipeline.events.targets import WebhookTarget
from pipeline.events.webhook import WebhookSink
from testing.events import a_match, an_erasure
from testing.paths import ROOT
from testing.services.ports import free_port
from testing.waiting import until

SECRET = "whsec_" + "QUJD" * 10


@contextmanager
def receiver(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """It, listening."""
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Receiver" in block)
    assert "8080" in code
    command = [sys.executable, "-c", code.replace("8080", str(port))]
    environment = os.environ | {"HOOK_SECRET": SECRET}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(port), "it listens")
            yield process
        finally:
            process.kill()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/").status_code == httpx.codes.NOT_IMPLEMENTED
    except httpx.TransportError:
        return False


def target(port: int) -> WebhookTarget:
    config = WebhookConfig(url=SecretStr(f"http://127.0.0.1:{port}/"), secret=SecretStr(SECRET))
    return config.target()


def test_the_receiver_does_each_thing_once_and_believes_nobody_else() -> None:
    port = free_port()
    with receiver(port) as process:
        for _ in range(2):
            with WebhookSink(target(port)) as sink:
                sink.publish(a_match())
        forger = WebhookSink(replace(target(port), signing_key=b"another" * 5))
        forger.publish(an_erasure())
        with pytest.raises(EventsRefusedError, match="401"):
            forger.close()
        with WebhookSink(target(port)) as sink:
            sink.publish(an_erasure())
        assert process.stdout is not None
        assert process.stdout.readline().decode() == f"person.matched {a_match().person}\n"
        assert process.stdout.readline().decode() == f"person.erased {an_erasure().person}\n"
