"""The installed command as a process of its own, watched from outside as an operator would."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from passerby_events.recordings import read_events
from testing.services.ports import free_port
from testing.site.watched import Watched
from testing.still_person import still_person

COMMAND = Path(sys.executable).with_name("reid-pipeline")
# More than any step needs, also on a loaded machine; a test that comes near it has failed.
PATIENCE_S = 60.0
SILENCE_S = 1.5
"""After which a camera is opened again."""


class LiveRun:
    """`reid-pipeline run` over some cameras, with a person in front of each who never moves.

    Args:
        folder: for all that it reads and writes.
        sources: by the names of cameras.
        environment: of the process.
        is_held: whether it gets to read its configuration only when `go_on` is called.
    """

    def __init__(
        self, folder: Path, sources: Mapping[str, str], environment: Mapping[str, str], *, is_held: bool = False
    ) -> None:
        self.out = folder / "out"
        port = free_port()
        self._path, self._text = folder / "deployment.yaml", _deployment(folder, sources, port)
        if is_held:
            os.mkfifo(self._path)  # to open it is to wait for who writes into it
        else:
            self.go_on()
        self._watched = Watched([COMMAND, "run", self._path], folder / "output.txt", port, environment)
        self.process = self._watched.process

    def go_on(self) -> None:
        """Gives it its configuration."""
        self._path.write_text(self._text, encoding="utf-8")

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        start_s = time.monotonic()
        while not is_so():
            assert self.process.poll() is None, f"{what}: the process ended: {self._watched.read_output()}"
            assert time.monotonic() - start_s < PATIENCE_S, f"{what}: not within {PATIENCE_S} s"
            time.sleep(0.02)

    def catches_signals(self) -> bool:
        """Whether the process has taken SIGTERM into its own hands, as the kernel sees it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)

    def is_up(self) -> bool:
        return self._watched.is_up()

    def is_ready(self) -> bool:
        return self._watched.is_ready()

    def state(self, camera: str) -> str | None:
        """What /readyz says of a camera."""
        return self._watched.state(camera)

    def count(self, name: str, camera: str) -> float:
        """The samples of a camera in /metrics, added up over their other labels; 0 if there is none yet."""
        return sum(value for labels, value in self._watched.samples(name).items() if ("camera", camera) in labels)

    def more_frames(self, camera: str, count: int = 5) -> None:
        wanted = self.count("reid_frames_total", camera) + count
        self.until(lambda: self.count("reid_frames_total", camera) >= wanted, f"{count} more frames of {camera}")

    def terminate(self) -> None:
        """SIGTERM; returns when the process has ended well."""
        self.process.send_signal(signal.SIGTERM)
        self.ends_well()

    def ends_well(self) -> None:
        assert self.process.wait(PATIENCE_S) == 0, self._watched.read_output()

    def ended_tracks(self) -> int:
        """Tracks in the events, each of which has begun and ended; every line must be whole."""
        events = list(read_events(self.out / "events.jsonl"))
        begun = {event.seen.key for event in events if event.kind != "track.ended"}
        ended = {event.seen.key for event in events if event.kind == "track.ended"}
        assert begun == ended
        return len(ended)

    def read_all_output(self) -> str:
        """Everything that left the process: what it printed, wrote, and answered."""
        written = [path.read_text() for path in self.out.rglob("*") if path.is_file()]
        return "\n".join([self._watched.read_output(), *written, *self._watched.answers])

    def kill(self) -> None:
        self._watched.kill()


def _deployment(folder: Path, sources: Mapping[str, str], port: int) -> str:
    is_live = any("://" in source for source in sources.values())
    patience = {"stream": {"open_timeout_s": SILENCE_S, "read_timeout_s": SILENCE_S}} if is_live else {}
    return yaml.safe_dump(
        {
            "cameras": [{"name": name, "source": source, **patience} for name, source in sources.items()],
            "detector": {"kind": "network", "model": str(still_person(folder / "still.onnx"))},
            "encoder": {"kind": "colour-stripes"},
            "tracklets": {"gate": {"min_sharpness": 0.0}, "still_after_s": 0.0},
            "output": {"directory": str(folder / "out")},
            "http": {"port": port},
        }
    )
