"""The README's commands in a folder of their own: what they need is made, what they name is put in its place."""

import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from testing.documentation.markdown import code
from testing.paths import ROOT
from testing.services.ports import free_port
from testing.site.watched import Watched
from testing.waiting import until

NOT_OURS = ("make ", ". ", "sudo ", "cp ", "export ")
"""Lines that set a machine up; `Workplace` does that."""
UNTIL_STOPPED = ("reid-pipeline run site.yaml", "reid-pipeline worker ", "reid-pipeline match ")
PORT = "9464"
ENDS_WITHIN_S = 120.0
SHIPPED = "\ndetector: {kind: hog}\nencoder: {kind: network, model: passerby-encoder}\n"
"""What a site says where nothing can be downloaded."""


def readme_commands() -> list[str]:
    """What the README's shell blocks tell a reader to type, without their comments."""
    lines = [
        each.text.partition(" #")[0].strip()
        for each in code((ROOT / "README.md").read_text(encoding="utf-8"))
        if each.language == "shell"
    ]
    return [line for line in lines if line and not line.startswith(NOT_OURS)]


class Workplace:
    """A folder and an environment in which the commands of a page run as they are printed.

    Args:
        folder: empty.
        environment: with the installed commands on its path, and the services that the README names.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = dict(environment)
        self._port = free_port()

    def prepare(self) -> None:
        """A video with a truth, and labelled tracklets, all made up."""
        self.run("reid-pipeline simulate shop --seconds 3 --camera cafe --out made")
        self.run("reid-pipeline simulate-tracklets --persons 40 --cameras 2 --tracklets 1 --crops 2 --out FOLDER")
        shutil.copy(self.folder / "made" / "videos" / "cafe.mp4", self.folder / "vtest.avi")
        shutil.copy(self.folder / "made" / "truth" / "cafe.txt", self.folder / "gt.txt")

    def follow(self, line: str) -> None:
        """Runs one line of the README.

        Raises:
            AssertionError: if it does not end as the README says.
        """
        line = line.replace(PORT, str(self._port))
        if line.startswith("reid-pipeline fetch "):
            return self._fetch(line)
        if line.startswith(UNTIL_STOPPED):
            return self._stop_when_up(line)
        self.run(line)
        if line.endswith("> site.yaml"):
            site = self.folder / "site.yaml"
            networks = "" if self._has("osnet-x0-25-msmt17") and self._has("yolox-nano") else SHIPPED
            site.write_text(site.read_text().replace(PORT, str(self._port)) + networks)
        return None

    def run(self, line: str) -> str:
        """Runs a line to its end, and returns what it printed.

        Raises:
            AssertionError: if it fails.
        """
        done = self._done(line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, line: str) -> subprocess.Popen[str]:
        """Starts a line whose output is read while it runs."""
        return subprocess.Popen(
            shlex.split(line), cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, text=True
        )

    def _done(self, line: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-c", line]
        return subprocess.run(command, cwd=self.folder, env=self._environment, capture_output=True, text=True)

    def _fetch(self, line: str) -> None:
        """Where nothing can be downloaded it says in one line what to bring."""
        done = self._done(line)
        assert done.returncode == 0 or re.fullmatch(r"reid-pipeline: cannot download .*by hand.*\n", done.stderr), done

    def _has(self, model: str) -> bool:
        return (Path(self._environment["PASSERBY_MODELS"]) / f"{model}.onnx").is_file()

    def _stop_when_up(self, line: str) -> None:
        """SIGTERM is an end of file."""
        command = ["env", "-C", str(self.folder), *shlex.split(line)]
        process = Watched(command, self.folder / "log.txt", self._port, self._environment)
        try:
            until(lambda: process.has_ended() or process.is_up(), line, within_s=ENDS_WITHIN_S)
            process.process.send_signal(signal.SIGTERM)
            assert process.process.wait(ENDS_WITHIN_S) == 0, f"{line}\n{process.read_output()}"
        finally:
            process.process.kill()
