"""A real MQTT broker to test against: mosquitto on a loopback port of its own, killed and started again at will."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from testing.freezing import freeze
from testing.services.certificates import Certificate
from testing.services.ports import free_port

START_TIMEOUT_S = 20.0
USER, PASSWORD = "passerby", "correct horse"  # of a broker that asks; it is thrown away


class Mosquitto:
    """One broker over one folder, which keeps what its sessions have not been given.

    Args:
        folder: of its settings.
        asks: it takes `USER` with `PASSWORD` alone, and lets that one use topics that begin with `passerby/`.
        certificate: it talks TLS only, as whom this says.
        options: more lines of its settings.

    Attributes:
        port: where it listens, on this machine only.
    """

    def __init__(
        self,
        folder: Path,
        *,
        asks: bool = False,
        certificate: Certificate | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.port = free_port()
        self._settings = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "max_queued_messages 0", *options]
        # Started by root it becomes another user, who may not read our files.
        lines += ["user root"] if os.geteuid() == 0 else []
        if certificate:
            lines += [f"certfile {certificate.file}", f"keyfile {certificate.key_file}"]
        lines += _doors(folder) if asks else ["allow_anonymous true"]
        self._settings.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Returns when it answers.

        Raises:
            RuntimeError: if it does not.
        """
        binary = _binary()
        assert binary is not None, "ask `why_not` first"
        self._process = subprocess.Popen(
            [binary, "-c", str(self._settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        ends_s = time.monotonic() + START_TIMEOUT_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > ends_s:
                self.stop()
                raise RuntimeError(f"mosquitto did not answer at port {self.port} within {START_TIMEOUT_S:g} s")
            time.sleep(0.02)
        return self

    def freeze(self) -> None:
        assert self._process is not None
        freeze(self._process.pid)

    def stop(self) -> None:
        """Ends it at once; it may be frozen, or dead already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def why_not() -> str | None:
    """Why no broker can be started here; None if one can."""
    return None if _binary() else "no mosquitto here: make setup installs it"


def _binary() -> str | None:
    """Debian puts it where only root looks."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def _doors(folder: Path) -> list[str]:
    passwords, rights = folder / "passwords", folder / "rights"
    passwords.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(passwords), USER, PASSWORD], check=True, capture_output=True)
    rights.write_text(f"user {USER}\ntopic readwrite passerby/#\n")
    return ["allow_anonymous false", f"password_file {passwords}", f"acl_file {rights}"]
