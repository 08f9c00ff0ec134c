"""A camera: an RTSP server as a process, to be killed, frozen and resized."""

import signal
import subprocess
from pathlib import Path

from testing.freezing import freeze

STARTS_WITHIN_S = 20.0
"""More than it needs, also on a loaded machine."""
SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")


class RtspCamera:
    """The server's process; its port stays the same over restarts."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self.port = 0
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, SERVER, "--port", str(self.port), *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        if not words:
            _, reason = self._process.communicate(timeout=STARTS_WITHIN_S)
            raise RuntimeError(f"no RTSP server: {reason.strip().splitlines()[-1:]}")
        self.port = int(words[1])

    def url(self, login: str = "", path: str = "camera") -> str:
        scheme = "rtsps" if "--certificate" in self._options else "rtsp"
        return f"{scheme}://{login}127.0.0.1:{self.port}/{path}"

    def resize(self, width: int, height: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"size {width} {height}\n")
        self._process.stdin.flush()

    def freeze(self) -> None:
        freeze(self._process.pid)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=STARTS_WITHIN_S)
