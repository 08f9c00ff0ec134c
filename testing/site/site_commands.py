"""The installed commands as processes of one site, each with the same configuration but a port of its own."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from testing.services.ports import free_port
from testing.site.watched import Watched

COMMAND = Path(sys.executable).with_name("reid-pipeline")


class SiteCommands:
    """Starts commands over one deployment.

    Args:
        folder: for configurations, logs and, unless the deployment says otherwise, output.
        deployment: what the configuration says; `http` and `output` are filled in.
        environment: of the processes.
        command: how they are started.

    Attributes:
        out: what they write.
    """

    def __init__(
        self,
        folder: Path,
        deployment: Mapping[str, object],
        environment: Mapping[str, str],
        *,
        command: Sequence[str | Path] = (COMMAND,),
    ) -> None:
        self.out = folder / "out"
        self._folder = folder
        self._deployment = {"output": {"directory": str(self.out)}, **deployment}
        self._environment = environment
        self._command = command
        self._processes: list[Watched] = []

    def run(self, *flags: str) -> Watched:
        """`run`, all in one process."""
        return self._start("run", *flags)

    def worker(self, *cameras: str) -> Watched:
        """`worker`, for these cameras; for all if none is named."""
        return self._start("worker", *(word for camera in cameras for word in ("--camera", camera)))

    def matcher(self, *flags: str) -> Watched:
        """`match`."""
        return self._start("match", *flags)

    def serve(self) -> Watched:
        """`serve`, where the configuration says."""
        return self._start("serve")

    def read_output(self) -> str:
        """All that they printed, and answered to whoever asked."""
        return "\n".join(text for process in self._processes for text in (process.read_output(), *process.answers))

    def close(self) -> None:
        """Kills those that still run."""
        for process in self._processes:
            process.kill()

    def _start(self, role: str, *flags: str) -> Watched:
        port = free_port()
        name = f"{role}-{len(self._processes)}"
        config = self._folder / f"{name}.yaml"
        config.write_text(yaml.safe_dump({**self._deployment, "http": {"port": port}}), encoding="utf-8")
        log = self._folder / f"{name}.txt"
        process = Watched([*self._command, role, str(config), *flags], log, port, self._environment)
        self._processes.append(process)
        return process
