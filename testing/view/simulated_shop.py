"""The demo's shop, small: recorded by the simulator, decided by worker and matcher through Redis, shown by `serve`.

Who is who is the simulation's word: each sighting of the view is laid beside the true boxes of its time.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import cv2
import httpx
import numpy as np
import yaml

from detectors.boxes import iou
from pipeline.cli import main
from pipeline.output.mot_files import read_truth
from pipeline.shipped import find_config
from pipeline.store.client import SiteStore
from pipeline.yaml_files import read_mapping
from testing.services.ports import free_port
from testing.site.site_commands import SiteCommands
from testing.site.watched import Watched
from testing.waiting import WITHIN_S, until

CAMERAS = ("entrance", "hall")
SECONDS, FPS, SIZE = 8, 5, (400, 300)
SEED = 10
"""Of people who are all recognised rightly in these few seconds, several of them in both cameras."""
BEFORE_S = 60
"""The recording began so long ago: to the site it is news."""
LEAST_OVERLAP = 0.5
PATIENCE_S = 20.0
Sighting = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """Two cameras of the shop, and what is true of them.

    Attributes:
        folder: has `pipeline.yaml`, `site.yaml`, `videos/` and `truth/`.
        deployment, site: the two files.
    """

    folder: Path
    deployment: Mapping[str, Any]
    site: Mapping[str, Any]

    def video(self, camera: str) -> Path:
        return self.folder / "videos" / f"{camera}.mp4"

    def images(self, camera: str, folder: Path) -> str:
        """Its frames as JPEG files, by number, for a camera that shows them again and again."""
        (folder / camera).mkdir()
        video, number = cv2.VideoCapture(str(self.video(camera))), 0
        while (frame := video.read())[0]:
            cv2.imwrite(str(folder / camera / f"{number:05d}.jpg"), frame[1])
            number += 1
        return str(folder / camera / "%05d.jpg")

    def person(self, sighting: Sighting) -> int | None:
        """The number of whom a sighting of the view shows; None: of nobody who is there."""
        camera = next(each for each in self.deployment["cameras"] if each["name"] == sighting["camera"])
        began_s = datetime.fromisoformat(camera["starts_at"]).timestamp()
        truth = read_truth(self.folder / "truth" / f"{camera['name']}.txt")
        at_s = began_s + (truth.frames - 1) / FPS
        near = (at_s > sighting["start"] - 0.5 / FPS) & (at_s < sighting["end"] + 0.5 / FPS)
        if not near.any():
            return None
        overlap = iou(truth.boxes[near], np.array([sighting["box"]], np.float32))[:, 0]
        best = int(overlap.argmax())
        return int(truth.ids[near][best]) if overlap[best] > LEAST_OVERLAP else None


def record_shop(folder: Path) -> Recording:
    """Records it, as `make demo` does."""
    fields: dict[str, Any] = dict(read_mapping(find_config("simulation", "shop")))
    fields |= {"seed": SEED, "starts_at": (datetime.now(UTC) - timedelta(seconds=BEFORE_S)).isoformat()}
    for camera in fields["cameras"]:
        camera |= {"width": SIZE[0], "height": SIZE[1], "fps": FPS}
    (folder / "shop.yaml").write_text(yaml.safe_dump(fields))
    out = folder / "shop"
    named = [word for camera in CAMERAS for word in ("--camera", camera)]
    assert main(["simulate", str(folder / "shop.yaml"), "--out", str(out), "--seconds", str(SECONDS), *named]) == 0
    return Recording(out, read_mapping(out / "pipeline.yaml"), read_mapping(out / "site.yaml"))


class SimulatedShop:
    """Its processes, while it is entered; the recording has been seen and decided by then.

    Args:
        recording: what its cameras saw.
        store: of a site of its own.
        redis_url: where that is.
        folder: for what it writes.
        view: of the configuration.

    Attributes:
        address: of the view.
        out: what it writes.
        people: for each true person the sightings of the view, the first one first.
    """

    def __init__(
        self, recording: Recording, store: SiteStore, redis_url: str, folder: Path, view: Mapping[str, object]
    ) -> None:
        self.recording, self._store, self._redis_url, self._folder = recording, store, redis_url, folder
        self._view = {**view, "port": free_port()}
        self.address = f"http://127.0.0.1:{self._view['port']}/"
        self._token = view.get("operator_token")
        self._began: list[SiteCommands] = []
        self._commands = self._with_cameras(recording.deployment["cameras"])
        self.out = self._commands.out
        self.people: dict[int, list[Sighting]] = {}

    def __enter__(self) -> Self:
        begun = [self._commands.worker(), self._commands.matcher("--until-end")]
        self._commands.serve()
        for process in begun:
            process.ends_well(WITHIN_S)
        self._commands.matcher()  # for erasures, and what operators say
        until(self._is_served, "the view to know all")
        for sighting in sorted(self.get("/sightings")["items"], key=lambda each: each["start"]):
            if (person := self.recording.person(sighting)) is not None:
                self.people.setdefault(person, []).append(sighting)
        return self

    def __exit__(self, *_: object) -> None:
        for commands in self._began:
            commands.close()

    def get(self, path: str) -> Any:
        """What the API answers to an operator."""
        return self.client().get(path).raise_for_status().json()

    def client(self, token: object = None) -> httpx.Client:
        known = token or self._token
        headers = {} if known is None else {"Authorization": f"Bearer {known}"}
        return httpx.Client(base_url=f"{self.address}api/v1", headers=headers, timeout=PATIENCE_S)

    def walkers(self) -> list[int]:
        """True persons who were seen in both cameras and are one person, by name, who is nobody else."""
        names = {true: {each["person"]["id"] for each in seen} for true, seen in self.people.items()}
        everywhere = [true for true, seen in self.people.items() if {each["camera"] for each in seen} == set(CAMERAS)]
        return [
            true
            for true in sorted(everywhere)
            if len(names[true]) == 1 and all(names[true].isdisjoint(names[other]) for other in names if other != true)
        ]

    def live_worker(self, sources: Mapping[str, str]) -> Watched:
        """A worker of the same cameras, live from now on."""
        return self._with_cameras(_live(sources)).worker()

    def _with_cameras(self, cameras: Sequence[Mapping[str, object]]) -> SiteCommands:
        deployment = {
            **{key: value for key, value in self.recording.deployment.items() if key != "output"},
            "cameras": list(cameras),
            "site": {**self.recording.site, "name": self._store.site},
            "view": self._view,
        }
        environment = {**os.environ, "REDIS_URL": self._redis_url}
        self._began.append(SiteCommands(self._folder, deployment, environment))
        return self._began[-1]

    def _is_served(self) -> bool:
        """Whether `serve` has read what was committed last."""
        try:
            here = self.get("/sightings?here=true")["total"]
            return bool(self.get("/sightings")["total"]) and not here
        except httpx.TransportError:
            return False


class OneProcess:
    """`reid-pipeline run --view` of some of the shop's cameras, live, while it is entered.

    Attributes:
        address: of the view.
        out: what it writes.
    """

    def __init__(self, recording: Recording, sources: Mapping[str, str], folder: Path, *flags: str) -> None:
        port = free_port()
        self.address, self.out = f"http://127.0.0.1:{port}/", folder / "out"
        deployment = {key: value for key, value in recording.deployment.items() if key not in ("site", "output")}
        deployment |= {"cameras": _live(sources), "view": {"port": port, "images": True}}
        self._commands = SiteCommands(folder, deployment, os.environ)
        self._run = self._commands.run("--view", "--thumbnails", *flags)

    def __enter__(self) -> Self:
        until(self._is_served, "the view")
        return self

    def __exit__(self, *_: object) -> None:
        self._commands.close()

    def ends(self) -> None:
        """As an operator ends it."""
        self._run.process.terminate()
        self._run.ends_well(WITHIN_S)

    def _is_served(self) -> bool:
        assert not self._run.has_ended(), self._run.read_output()
        try:
            return httpx.get(f"{self.address}livez").is_success
        except httpx.TransportError:
            return False


def _live(sources: Mapping[str, str]) -> list[dict[str, object]]:
    patience = {"stream": {"open_timeout_s": 2.0, "read_timeout_s": 2.0}}
    return [{"name": name, "source": source, **patience} for name, source in sources.items()]
