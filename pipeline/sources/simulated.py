"""The frames of a simulated camera as they are rendered, without a video between."""

import threading
from collections.abc import Iterator
from datetime import timedelta

from pipeline.records import Frame
from reid_simulation.output.recording import render_frames
from reid_simulation.render.render import Figures
from reid_simulation.seams.cameras import Camera
from reid_simulation.world.scenario import Scenario
from reid_simulation.world.site import SimulatedSite


class SimulatedSource:
    """One camera of a simulated site. A `FrameSource`; for programs that embed the pipeline, and for tests.

    Args:
        camera: one of the site's.
        site: what it looks at, how long, and from when on.
        scenario: what people do there; not to be shared with another thread.
        figures: who they are.
    """

    def __init__(self, camera: Camera, site: SimulatedSite, scenario: Scenario, figures: Figures) -> None:
        self._camera = camera
        self._site = site
        self._scenario = scenario
        self._figures = figures
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        camera = self._camera
        starts_at_s = (self._site.starts_at + timedelta(seconds=camera.clock_offset_s)).timestamp()
        if self._closed.is_set():
            return
        for index, rendered in enumerate(render_frames(camera, self._site, self._scenario, self._figures)):
            if self._closed.is_set():
                return
            yield Frame(camera.name, index, starts_at_s + index / camera.fps, "container", rendered.image)

    def close(self) -> None:
        self._closed.set()
