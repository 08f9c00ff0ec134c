"""A site of processes for one row of the table of faults: its members, and what they said."""

import http.client
import json
import multiprocessing
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from passerby_events.schema import Event, event_from
from pipeline.store.client import SiteStore, StoreError
from pipeline.store.keys import PROGRESS
from testing.services.ports import free_port
from testing.site.fault_processes import LIVE_SCALE, run_logged
from testing.site.site_processes import PLAYED_SECONDS
from testing.site.town import CAMERAS

SITE = "shop"
BEGINS_WITHIN_S = 60.0
SCRAPE_EVERY_S = 0.3
SCRAPE_WITHIN_S = 1.0
MOST_RESTARTS = 3
"""Of one member; a supervisor of processes would go on for ever."""
RESTART_S = 0.5
"""A supervisor's pause before it starts a process again."""

_FORKS = multiprocessing.get_context("forkserver")
"""One process imports everything, and each member is a fork of it: what starts in a moment fills no machine."""
_FORKS.set_forkserver_preload(["testing.site.fault_processes"])
ENDS_WITHIN_S = 10.0
Options = Mapping[str, object]
"""Of a process; see `fault_processes`."""


class Fork:
    """A process of its own.

    Attributes:
        port: where it serves its health and metrics.
    """

    def __init__(self, role: str, options: Options, log: Path, port: int) -> None:
        self.port = port
        self._process = _FORKS.Process(target=run_logged, args=(role, json.dumps(options), str(log)))
        self._process.start()

    @property
    def code(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._process.exitcode

    def signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        if self.code is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._process.join(ENDS_WITHIN_S)

    def metrics(self) -> str:
        return _get(self.port, "metrics")

    def state(self) -> str | None:
        """Of a matcher: whether it decides or stands by; None if it does not answer."""
        body = _get(self.port, "readyz")
        found: str | None = json.loads(body)["cameras"].get("matcher") if body else None
        return found


@dataclass(eq=False)
class Member:
    """One process of the site, started again when it ended badly, as a supervisor does.

    Attributes:
        label: what it is called in the report.
        options: it is started with these.
        process: it, as it runs now.
        codes: its exit codes so far, other than those of a kill of ours.
        is_frozen: it does not answer.
    """

    label: str
    options: dict[str, object]
    process: Fork
    codes: list[int] = field(default_factory=list)
    is_frozen: bool = False
    is_given_up: bool = False
    killed: bool = False

    def freeze(self) -> None:
        self.is_frozen = True
        self.process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.signal(signal.SIGCONT)
        self.is_frozen = False

    @property
    def has_ended(self) -> bool:
        return self.process.code is not None


class FaultSite:
    """Two workers and two matchers, over made-up walks.

    Args:
        url: of Redis, as its processes reach it.
        direct_url: of the same Redis, past whatever lies between.
        folder: for what they say.
        is_live: the cameras are live; their walk begins with `begin`.
        brokers, topic: of Kafka; without a topic events go to files.
    """

    def __init__(
        self,
        url: str,
        direct_url: str,
        folder: Path,
        *,
        is_live: bool = False,
        brokers: str = "",
        topic: str = "",
    ) -> None:
        self.store = SiteStore(direct_url, SITE, timeout_s=2.0)
        self.live_from_s: float | None = None
        self._live_from = folder / "begins.txt" if is_live else None
        self.members: list[Member] = []
        self._url = url
        self._folder = folder
        self._to_kafka: dict[str, object] = {"brokers": brokers, "topic": topic} if topic else {}
        self._count = 0
        self._scraped: list[str] = []
        self._is_closed = threading.Event()
        self._scraper = threading.Thread(target=self._scrape_all, daemon=True)
        self._scraper.start()

    def worker(self, camera: str, **options: object) -> Member:
        """Starts a worker for a camera's walk."""
        hold = {"hold_s": 4.0} if self._live_from else {}
        return self._add("worker", f"worker {camera}", {"camera": camera, **hold, **options})

    def matcher(self, label: str, **options: object) -> Member:
        return self._add("matcher", f"matcher {label}", {"cameras": CAMERAS, **self._to_kafka, **options})

    def begin(self) -> None:
        """The walk of a live site begins, when all its processes are up."""
        assert self._live_from is not None
        wait_until(lambda: all(member.process.metrics() for member in self.members), BEGINS_WITHIN_S)
        self.live_from_s = float(round(time.time() + 1.0))
        beside = self._live_from.with_suffix(".new")
        beside.write_text(str(self.live_from_s), encoding="utf-8")
        beside.rename(self._live_from)

    def restart(self, member: Member, **options: object) -> None:
        """Starts a member that has ended once more, with other options where some are given."""
        member.options |= options
        member.process = self._start(member.label, member.options)
        member.killed = False

    def kill(self, member: Member) -> None:
        member.killed = True
        member.process.kill()

    def share_decided(self) -> float:
        """How much of the walk is decided, from 0 to 1; of the time that has passed, while Redis is away."""
        try:
            until_s = float(self.store.hash(PROGRESS).get(b"until_s", 0))
        except StoreError:
            return 0.0
        if self.live_from_s is not None:
            return (until_s - self.live_from_s) / (PLAYED_SECONDS * LIVE_SCALE) if until_s else 0.0
        return until_s / PLAYED_SECONDS

    def tend(self) -> bool:
        """Starts again what ended badly; says whether all have ended for good."""
        for member in self.members:
            code = member.process.code
            if code is None or member.killed or member.is_given_up:
                continue
            if code and len(member.codes) < MOST_RESTARTS:
                member.codes.append(code)
                time.sleep(RESTART_S)
                self.restart(member)
            elif code:
                member.codes.append(code)
                member.is_given_up = True
        return all(member.has_ended for member in self.members)

    def log(self) -> str:
        """All that was printed, line by line, behind who said it."""
        lines = []
        for path in sorted(self._folder.glob("*.log")):
            text = path.read_text(encoding="utf-8", errors="replace")
            lines += [f"{path.stem}: {line}" for line in text.splitlines()]
        return "\n".join(lines)

    def metric(self, name: str) -> float:
        """The most that a metric ever showed in one process, all of its samples together."""
        most = 0.0
        for answer in list(self._scraped):
            values = [
                float(line.rpartition(" ")[2])
                for line in answer.splitlines()
                if line.partition(" ")[0].partition("{")[0] == name
            ]
            most = max(most, sum(map(abs, values)))
        return most

    def events(self) -> list[Event]:
        """What the files hold; a line that a kill left half written is none."""
        found: list[Event] = []
        for path in sorted(self._folder.glob("*.jsonl")):
            for line in path.read_bytes().splitlines():
                try:
                    found.append(event_from(line))
                except ValidationError:
                    continue
        return found

    def close(self) -> None:
        self._is_closed.set()
        for member in self.members:
            member.process.kill()
        self._scraper.join()
        self.store.close()

    def _add(self, role: str, label: str, options: dict[str, object]) -> Member:
        options = {"role": role, **options}
        member = Member(label, options, self._start(label, options))
        self.members.append(member)
        return member

    def _start(self, label: str, options: Options) -> Fork:
        port = free_port()
        self._count += 1
        name = f"{self._count:02}-{label.replace(' ', '-')}"
        whole = {"url": self._url, "site": SITE, "port": port, **options}
        if self._live_from:
            whole["live_from"] = str(self._live_from)
        role = str(whole.pop("role"))
        if role == "matcher":
            whole["out"] = str(self._folder / f"{name}.jsonl")
        return Fork(role, whole, self._folder / f"{name}.log", port)

    def _scrape_all(self) -> None:
        while not self._is_closed.wait(SCRAPE_EVERY_S):
            for member in list(self.members):
                if not member.is_frozen and not member.has_ended and (answer := member.process.metrics()):
                    self._scraped.append(answer)


def _get(port: int, path: str) -> str:
    """What is served there; nothing if nobody answers in time."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=SCRAPE_WITHIN_S) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.read().decode()
    except (OSError, http.client.HTTPException):
        # It was killed in the middle of an answer, or before.
        return ""


def wait_until(is_so: Callable[[], Any], within_s: float, *, pause_s: float = 0.05) -> bool:
    """Whether it came to be so in time."""
    ends_s = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > ends_s:
            return False
        time.sleep(pause_s)
    return True
