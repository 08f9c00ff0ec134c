"""Commands of containers, run without containers: the same words and variables, with addresses and paths of a test.

A process sees its own variables and no others, so that one which a compose file or manifest forgot is missed here too.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
import yaml

from pipeline.model_zoo import fetch
from testing.services.ports import free_port

PATIENCE_S = 60.0
"""More than any step needs, also on a loaded machine."""
HTTP_PORT = "9464"
SYSTEM_PYTHON = "/usr/bin/python3"
WEAK = {"detector": {"kind": "hog"}, "encoder": {"kind": "colour-stripes"}}
WEIGHTS = {
    "yolox-nano": "detectors/yolox_nano_416x416.onnx",
    "osnet-x0-25-msmt17": "reid/osnet_x0_25_msmt17.onnx",
}


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """A process in the place of a container; its metrics and health are on `port`."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; a status of 0: nobody listens yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return 0, ""

    def until(self, is_so: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < ends_s, self.log.read_text()
            time.sleep(0.1)

    def metric(self, line: str) -> float:
        """The value of a time series, written as it is scraped; 0 if it is not there."""
        values = (words.split() for words in self.get("/metrics")[1].splitlines() if words.startswith(f"{line} "))
        return next((float(value) for _, value in values), 0.0)

    def ends(self) -> int:
        """What it returns after SIGTERM."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


@dataclass(slots=True)
class Place:
    """Where the commands run.

    Attributes:
        folder: for all that they read and write.
        names: what is put in the place of what, in words, variables and configuration files.
        models: where fetched networks lie; None: the weak ones that need none.
    """

    folder: Path
    names: dict[str, str]
    models: Path | None = None
    _owned: ExitStack = field(default_factory=ExitStack)
    _count: int = 0

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Running:
        """Starts what a container would; it is killed when this ends."""
        self._count += 1
        home, port = self.folder / f"{self._count}", free_port()
        home.mkdir()
        words = self._own(command, home, port)
        log = home / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                words, env=self._variables(environment), cwd=home, stdout=output, stderr=subprocess.STDOUT
            )
        self._owned.callback(_end, process)
        return Running(process, port, log)

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        """Runs a command to its end: exit code, and what it printed."""
        running = self.start(command, environment)
        return running.process.wait(PATIENCE_S), running.log.read_text()

    def mapped(self, text: str) -> str:
        for name, own in self.names.items():
            text = text.replace(name, own)
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._owned.close()

    def _own(self, command: Sequence[str], home: Path, port: int) -> list[str]:
        """The words with the paths of this machine; a configuration among them is copied with a port of its own."""
        words = []
        for word in map(self.mapped, command):
            if word.endswith(".yaml"):
                words.append(str(self._own_config(Path(word), home / Path(word).name, port)))
            else:
                words.append(word.replace(HTTP_PORT, str(port)))
        program = {"reid-pipeline": str(Path(sys.executable).with_name("reid-pipeline")), "python3": SYSTEM_PYTHON}
        return [program.get(words[0], words[0]), *words[1:]]

    def _own_config(self, path: Path, copy: Path, port: int) -> Path:
        fields = yaml.safe_load(self.mapped(path.read_text(encoding="utf-8")))
        assert str(fields["http"]["port"]) == HTTP_PORT
        fields["http"] = {"port": port}
        copy.write_text(yaml.safe_dump(fields if self.models else fields | WEAK), encoding="utf-8")
        return copy

    def _variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        own = {name: self.mapped(value) for name, value in environment.items()}
        machine = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return machine | ({"PASSERBY_MODELS": str(self.models)} if self.models else {}) | own


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def networks(weights: Path, folder: Path) -> Path | None:
    """The networks of the shared weights, as `fetch` keeps them; None where there are no shared ones."""
    if not weights.is_dir():
        return None
    for name, path in WEIGHTS.items():
        fetch(name, folder, from_file=weights / path)
    return folder


def is_well(running: Running, path: str) -> bool:
    """Whether it answers at `/livez`, or `/readyz`, that it is."""
    return running.get(path)[0] == 200


def has_looked(running: Running, camera: str) -> bool:
    return running.metric(f'reid_frames_total{{camera="{camera}"}}') > 5


def leads(running: Running) -> bool:
    return running.metric("reid_matcher_leading") == 1


def start_camera(place: Place, command: Sequence[str], environment: Mapping[str, str]) -> Running:
    """The RTSP server in the place of cameras; skips where GStreamer is missing, which in CI is a failure."""
    camera = place.start(command, environment)
    try:
        camera.until(lambda: "listening" in camera.log.read_text())
    except AssertionError as error:
        if os.environ.get("CI") == "true" or camera.process.poll() is None:
            raise
        pytest.skip(f"GStreamer's RTSP server cannot be started ({error}): run `make setup`")
    return camera


def cameras_of(running: Running) -> dict[str, str]:
    """The states of a process's cameras, as its health tells them."""
    states: dict[str, str] = json.loads(running.get("/livez")[1])["cameras"]
    return states
