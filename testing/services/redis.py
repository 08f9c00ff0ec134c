"""A redis-server of the tests' own: on a free port, with an append-only file, killed and started again at will."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import redis

from testing.freezing import freeze
from testing.services.certificates import Certificate
from testing.services.ports import free_port

START_TIMEOUT_S = 20.0
STOPS_WITHIN_S = 5.0
"""A replica of 6.2 that is still loading from its master does not hear of it."""


class RedisServer:
    """One redis-server over one folder.

    Args:
        folder: of its append-only file.
        appendfsync: when that is synced: `always`, so that what was acknowledged survives a power cut; `everysec`.
        certificate: it talks TLS only, as whom this says.
        options: more of redis-server's own, such as `--user`.

    Attributes:
        port: where it listens, on this machine only.
        url: with that port; with TLS, it names whom to trust.
    """

    def __init__(
        self,
        folder: Path,
        *,
        appendfsync: str = "always",
        certificate: Certificate | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._appendfsync = appendfsync
        self._certificate = certificate
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        if certificate:
            self.url = f"rediss://127.0.0.1:{self.port}/0?ssl_ca_certs={certificate.file}"

    def start(self) -> Self:
        """Returns when it has loaded what the folder holds, and answers.

        Raises:
            RuntimeError: if it does not.
        """
        binary = shutil.which("redis-server")
        assert binary is not None, "ask `why_not` first"
        options = ["--bind", "127.0.0.1", "--dir", str(self._folder), *self._listening()]
        options += ["--appendonly", "yes", "--appendfsync", self._appendfsync, "--save", ""]
        self._process = subprocess.Popen([binary, *options, *self._options], stdout=subprocess.DEVNULL)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s:
            if _answers(self.url):
                return self
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"redis-server did not answer at {self.url} within {START_TIMEOUT_S:g} s")

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        assert self._process is not None
        freeze(self._process.pid)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends it; it may be dead already."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def _listening(self) -> list[str]:
        if self._certificate is None:
            return ["--port", str(self.port)]
        names = ["--tls-cert-file", self._certificate.file, "--tls-key-file", self._certificate.key_file]
        return ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no", *map(str, names)]


def why_not() -> str | None:
    """Why no redis-server can be started here; None if one can."""
    if shutil.which("redis-server"):
        return None
    return "no redis-server here: make setup installs it, or set REDIS_URL"


def running() -> str | None:
    """The address of a server that runs already, from REDIS_URL."""
    return os.environ.get("REDIS_URL")


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except (redis.AuthenticationError, redis.ResponseError):
        return True
    except redis.ConnectionError:
        return False
    finally:
        client.close()
