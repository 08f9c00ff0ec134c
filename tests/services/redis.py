"""A redis-server of the tests' own: on a free port, with an append-only file, killed and started again at will."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

import redis

from tests.services.ports import free_port

START_TIMEOUT_S = 20.0


class RedisServer:
    """One redis-server over one folder.

    Args:
        folder: of its append-only file.
        appendfsync: when that is synced: `always`, so that what was acknowledged survives a power cut; `everysec`.
        is_cluster: a cluster of one node, which has all the slots.

    Attributes:
        url: where it listens, on this machine only.
    """

    def __init__(self, folder: Path, *, appendfsync: str = "always", is_cluster: bool = False) -> None:
        self._folder = folder
        self._is_cluster = is_cluster
        self._appendfsync = appendfsync
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> Self:
        """Returns when it has loaded what the folder holds, and answers.

        Raises:
            RuntimeError: if it does not.
        """
        binary = shutil.which("redis-server")
        assert binary is not None, "ask `why_not` first"
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        options += ["--appendonly", "yes", "--appendfsync", self._appendfsync, "--save", ""]
        options += ["--cluster-enabled", "yes"] if self._is_cluster else []
        self._process = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s:
            if _answers(self.url) and (not self._is_cluster or _has_all_slots(self.url)):
                return self
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"redis-server did not answer at {self.url} within {START_TIMEOUT_S:g} s")

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ends it; it may be dead already."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def why_not() -> str | None:
    """Why no redis-server can be started here; None if one can."""
    if shutil.which("redis-server"):
        return None
    return "no redis-server here: make setup installs it, or set REDIS_URL"


def running() -> str | None:
    """The address of a server that runs already, from REDIS_URL."""
    return os.environ.get("REDIS_URL")


def _has_all_slots(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        found: dict[str, str] = client.execute_command("CLUSTER INFO")
        if found["cluster_slots_assigned"] == "0":
            client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        return found["cluster_state"] == "ok"


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
    finally:
        client.close()
