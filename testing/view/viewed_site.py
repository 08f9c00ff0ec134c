"""A site of two cameras, `door` and `yard`, as its view sees it: workers by hand, a matcher in a thread, Redis."""

import threading
import time
from pathlib import Path
from typing import Self

import cv2
import httpx
import numpy as np

from passerby_events.tracks import TrackKey
from pipeline.config import ColourStripesConfig, ComputeConfig, NetworkConfig, RedisConfig
from pipeline.config_view import ViewConfig
from pipeline.events.memory import MemorySink
from pipeline.images import Box, CameraImage, TrackImage
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.policy import MatchParams
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.site import Site, Transit
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.site_matcher import LEADING, STANDING_BY, SiteMatcher, SiteMatcherParams
from pipeline.store.view_desk import RedisImageDesk, say_status
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.summary import CameraStatus, ProcessStatus
from pipeline.view.moments import moments_of
from pipeline.view.redis_site import RedisSite
from pipeline.view.server import ViewServer
from pipeline.view.viewed import SiteCard
from reid_models.colour_stripes import ColourStripesEncoder

CAMERAS = ("door", "yard")
PATIENCE_S = 20.0
START_S = 1_790_000_000.0
RED, BLUE, GREEN = (200, 30, 40), (30, 60, 200), (30, 150, 60)
ORANGE = (180, 50, 30)
Colour = tuple[int, int, int]


class ViewedSite:
    """Runs while it is entered.

    Args:
        store: of the site.
        folder: for verdicts.
        view: who may see what; by default everybody here, images included.
        cameras: names of them.
        network: whose attention is shown; None: that of colour stripes, which have none.
    """

    def __init__(
        self,
        store: SiteStore,
        folder: Path,
        view: ViewConfig | None = None,
        *,
        cameras: tuple[str, ...] = CAMERAS,
        network: Path | None = None,
    ) -> None:
        self.store, self.folder = store, folder
        self.view = view or ViewConfig(port=0, images=True, frame_fps=10)
        self.cameras = cameras
        stripes = ColourStripesConfig(kind="colour-stripes")
        self._shown = stripes if network is None else NetworkConfig(model=str(network))
        self.sink = MemorySink()
        self.now_s = START_S
        self._encoder = ColourStripesEncoder()
        self._matcher = self._make_matcher()
        self._thread = threading.Thread(target=self._matcher.run, daemon=True)
        self._writer = EmbeddingWriter(store, "w", list(cameras), model_id=self._encoder.model_id)
        self.desk = RedisImageDesk(store, cameras, 3600.0)
        self._seen = dict.fromkeys(cameras, 0)

    def __enter__(self) -> Self:
        self._thread.start()
        self._writer.open()
        card = SiteCard(
            name="shop",
            cameras=self.cameras,
            plan={"door": (0.0, 0.0), "yard": (4.0, 3.0)},
            keeps_images=self.view.images,
            encoder=self._shown,
            compute=ComputeConfig(),
            verdicts=self.folder / "verdicts",
        )
        self.site = RedisSite(self.store, card, keep_s=4 * 3600.0)
        self.site.__enter__()
        self.server = ViewServer(self.site, self.view)
        self.reports(dict.fromkeys(self.cameras, "streaming"))
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        self.site.__exit__()
        self._matcher.stop()
        self._thread.join(PATIENCE_S)

    def client(self, token: str | None = None) -> httpx.Client:
        """What a program has."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self.server.address}api/v1", headers=headers, timeout=PATIENCE_S)

    def sees(self, camera: str, track: int, colour: Colour, *, ends: bool = True) -> TrackKey:
        """Somebody of that colour walks by, and leaves if so said."""
        key = TrackKey(camera, "r1", track)
        self._seen[camera] += 1
        start_s, end_s = self.now_s, self.now_s + 2.0
        self.now_s += 5.0
        crop = person(colour)
        vector = self._encoder.encode(np.repeat(crop[None, None], self._encoder.clip.frames, axis=1))[0]
        seen = Embedding(
            track=key,
            tracklet_index=0,
            cut_s=end_s,
            clock="sender",
            start_s=start_s,
            end_s=end_s,
            quality=1.0,
            box=np.array([10, 20, 60, 120], np.float32),
            vector=vector,
            model_id=self._encoder.model_id,
        )
        left = (TrackEnd(key, end_s, start_s, end_s, "sender"),) if ends else ()
        if self.view.images:
            self.desk.keep(TrackImage(key, jpeg_of(crop), moments_of(crop[None])))
        self._writer.write(EmbeddedWindow(end_s + 1.0, (seen,), left))
        self.waits()
        return key

    def waits(self) -> None:
        """Two seconds in which nobody is seen: what was before is decided."""
        for _ in range(2):
            self.now_s += 1.0
            self._writer.write(EmbeddedWindow(self.now_s, (), ()))

    def shows(self, camera: str, number: int, tracks: dict[int, tuple[float, float, float, float]]) -> None:
        """Lays out a frame, as a worker does while somebody looks."""
        image = np.full((180, 320, 3), 90 + number % 60, np.uint8)
        boxes = tuple(Box(track, place) for track, place in tracks.items())
        self.desk.show(CameraImage(camera, "r1", number, self.now_s, 320, 180, boxes, jpeg_of(image)))

    def reports(self, states: dict[str, str]) -> None:
        """What the worker says of its cameras."""
        now_s = time.time()
        cameras = {
            name: CameraStatus(
                state=state,
                since_s=now_s - 60,
                counts={"frames": 100.0, "tracks_ended": 4.0, "tracks_encoded": 3.0, "tracks_open": 0.0},
                causes={"dropped": {"late": 7}, "not_encoded": {"too_short": 1}, "gate": {"kept": 30, "blur": 4}},
            )
            for name, state in states.items()
        }
        status = ProcessStatus(at_s=now_s, is_alive=True, cameras=cameras, totals={}, latencies_s={"detect": 0.05})
        say_status(self.store, "worker", status.model_dump_json())

    def _make_matcher(self) -> SiteMatcher:
        encoder = self._encoder
        dimensions = len(encoder.encode(np.zeros((1, encoder.clip.frames, 128, 64, 3), np.uint8) + 90)[0])
        site = Site(name="shop", transits=(Transit(between=("door", "yard"), min_s=1, max_s=600),))
        return SiteMatcher(
            self.store,
            Expected(frozenset(self.cameras), encoder.model_id, dimensions),
            Retention(),
            lambda gallery, verdicts: Matcher(gallery, site, MatchParams(threshold=0.7), verdicts=verdicts),
            lambda: self.sink,
            SiteMatcherParams(RedisConfig(lease_s=2.0), history=1000),
            Metrics(),
            Health(ready_states=(LEADING, STANDING_BY)),
        )


def person(colour: Colour) -> np.ndarray:
    """(128, 64, 3) uint8 RGB: somebody in a coat of that colour and dark trousers."""
    image = np.full((128, 64, 3), 150, np.uint8)
    rng = np.random.default_rng(sum(colour))
    image[8:26, 24:40] = (205, 170, 150)
    image[26:76, 14:50] = colour
    image[76:124, 20:44] = (40, 42, 50)
    noisy = image.astype(np.int16) + rng.integers(-6, 7, image.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def jpeg_of(image: np.ndarray) -> bytes:
    _, jpeg = cv2.imencode(".jpg", image[..., ::-1])
    return jpeg.tobytes()
