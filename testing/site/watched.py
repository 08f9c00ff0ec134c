"""A process as an operator sees it from outside: its log, its metrics, its health; to be frozen and killed."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from testing.freezing import freeze

ANSWER_S = 30.0
"""A process that does not answer for so long has failed; a frozen one never does."""


class Watched:
    """A process that serves metrics and health on a port of the loopback address.

    Attributes:
        process: it.
        port: where it serves them.
        answers: all that it ever served.
    """

    def __init__(self, command: Sequence[str | Path], log: Path, port: int, environment: Mapping[str, str]) -> None:
        """Starts it; what it prints is added to `log`."""
        self.answers: list[str] = []
        self.port = port
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=dict(environment)
            )

    def read_output(self) -> str:
        """All that was printed into its log so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def is_up(self) -> bool:
        return self._get("livez")[0] == 200

    def is_ready(self) -> bool:
        return self._get("readyz")[0] == 200

    def state(self, camera: str) -> str | None:
        """What /readyz says of a camera, or of the `matcher`; None if it does not answer."""
        body = self._get("readyz")[1]
        found: str | None = json.loads(body)["cameras"].get(camera) if body else None
        return found

    def count(self, name: str, **labels: str) -> float:
        """One sample of /metrics; 0 if there is none yet."""
        return self.samples(name).get(tuple(sorted(labels.items())), 0.0)

    def samples(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """The samples of one name in /metrics, by their labels."""
        return {
            tuple(sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self._get("metrics")[1])
            for sample in family.samples
            if sample.name == name
        }

    def freeze(self) -> None:
        freeze(self.process.pid)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; it may have ended."""
        self.process.kill()
        self.process.wait(ANSWER_S)

    def has_ended(self) -> bool:
        """Whether it is done.

        Raises:
            AssertionError: if it ended badly.
        """
        code = self.process.poll()
        assert code in (None, 0), f"ended with {code}: {self.read_output()[-3000:]}"
        return code == 0

    def ends_well(self, within_s: float) -> None:
        """Waits for the end, which must be a good one."""
        ends_s = time.monotonic() + within_s
        while not self.has_ended():
            assert time.monotonic() < ends_s, f"not ended within {within_s} s: {self.read_output()[-3000:]}"
            time.sleep(0.02)

    def _get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=ANSWER_S) as answer:
                code, body = answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                code, body = refusal.code, refusal.read().decode()
        except OSError:
            return 0, ""
        self.answers.append(body)
        return code, body
