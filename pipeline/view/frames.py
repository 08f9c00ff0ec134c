"""The newest frames of cameras at which somebody looks, fetched once for everybody, and not at all for nobody."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable

from starlette.concurrency import run_in_threadpool

from passerby_events.errors import PasserbyError
from pipeline.images import CameraImage
from pipeline.view.drawing import jpeg_with_boxes
from pipeline.view.viewed import Viewed

logger = logging.getLogger(__name__)

WATCHED_FOR_S = 4.0
"""Whoever looks says so again within it."""
KEPT = 4
"""Frames of each camera: the boxes of one that was told of come with their own image."""
ASKS_EVERY_S = 2.0
BOUNDARY = "passerby"
MOST_WATCHERS = 32
"""Of `/view/CAMERA`."""


class Frames:
    """Fetches frames while somebody looks. The server's loop.

    Args:
        fps: of a camera, at most.
        tell: is handed each new frame.
    """

    def __init__(self, viewed: Viewed, fps: float, tell: Callable[[CameraImage], None]) -> None:
        self._viewed = viewed
        self._pause_s = 0.5 / fps
        self._tell = tell
        self._until_s: dict[str, float] = {}
        self._kept: dict[str, OrderedDict[str, CameraImage]] = {}
        self._drawn: dict[str, tuple[str, bytes]] = {}
        self._asked_s = 0.0
        self._has_looker = asyncio.Event()
        self._watchers = 0
        self._is_over = False

    def end(self) -> None:
        """Ends `/view/CAMERA` for all, in the loop."""
        self._is_over = True

    def look(self, cameras: Iterable[str]) -> None:
        """Somebody looks at these for a while."""
        until_s = time.monotonic() + WATCHED_FOR_S
        known = [camera for camera in cameras if camera in self._viewed.card.cameras]
        if known and self._viewed.card.keeps_images:
            self._until_s |= dict.fromkeys(known, until_s)
            self._has_looker.set()

    def newest(self, camera: str) -> CameraImage | None:
        kept = self._kept.get(camera)
        return next(reversed(kept.values())) if kept else None

    def of_name(self, camera: str, name: str) -> CameraImage | None:
        return self._kept.get(camera, OrderedDict()).get(name)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            now_s = time.monotonic()
            wanted = [camera for camera, until_s in self._until_s.items() if until_s > now_s]
            if not wanted:
                self._kept.clear()
                self._drawn.clear()
                self._has_looker.clear()
                await self._has_looker.wait()
                continue
            try:
                await self._fetch(wanted, now_s)
            except PasserbyError as error:
                logger.warning("no frames for the view: %s", error)
                await asyncio.sleep(1.0)
            await asyncio.sleep(self._pause_s)

    async def _fetch(self, cameras: list[str], now_s: float) -> None:
        if now_s - self._asked_s > ASKS_EVERY_S or len(cameras) > len(self._kept):
            self._asked_s = now_s
            await run_in_threadpool(self._viewed.watch, cameras)
        for shown in await run_in_threadpool(self._read, cameras):
            kept = self._kept.setdefault(shown.camera, OrderedDict())
            kept[shown.name] = shown
            while len(kept) > KEPT:
                kept.popitem(last=False)
            self._tell(shown)

    def _read(self, cameras: list[str]) -> list[CameraImage]:
        known = {camera: self.newest(camera) for camera in cameras}
        found = [self._viewed.frame(camera, each.name if each else "") for camera, each in known.items()]
        return [shown for shown in found if shown is not None]

    async def motion_jpeg(self, camera: str) -> AsyncIterator[bytes]:
        """Frames with boxes, for players and dashboards; drawn once for all that look."""
        self._watchers += 1
        sent = ""
        try:
            while not self._is_over:
                self.look([camera])
                shown = self.newest(camera)
                if shown is not None and shown.name != sent:
                    sent = shown.name
                    yield _chunk(await self._with_boxes(shown))
                await asyncio.sleep(self._pause_s)
        finally:
            self._watchers -= 1

    @property
    def is_full(self) -> bool:
        return self._watchers >= MOST_WATCHERS

    async def _with_boxes(self, shown: CameraImage) -> bytes:
        name, jpeg = self._drawn.get(shown.camera, ("", b""))
        if name != shown.name:
            jpeg = await run_in_threadpool(jpeg_with_boxes, shown, self._viewed.book)
            self._drawn[shown.camera] = shown.name, jpeg
        return jpeg


def _chunk(jpeg: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"
