"""One camera of a simulated site on disk: its video, its truth and its calibration."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from reid_simulation.output.truth import truth_lines, write_calibration
from reid_simulation.output.video import VideoWriter
from reid_simulation.render.render import Figures, Rendered, Renderer
from reid_simulation.seams.cameras import Camera
from reid_simulation.world.scenario import Scenario
from reid_simulation.world.site import SimulatedSite


@dataclass(frozen=True, slots=True)
class CameraFiles:
    """Where the files of one camera lie."""

    video: Path
    truth: Path
    calibration: Path


def camera_files(folder: Path, camera: str) -> CameraFiles:
    """Below the folder of a simulation."""
    return CameraFiles(
        video=folder / "videos" / f"{camera}.mp4",
        truth=folder / "truth" / f"{camera}.txt",
        calibration=folder / "calibration" / f"{camera}.json",
    )


def frames_of(camera: Camera, duration_s: float) -> int:
    """How many images a camera takes."""
    return max(1, round(duration_s * camera.fps))


def render_frames(camera: Camera, site: SimulatedSite, scenario: Scenario, figures: Figures) -> Iterator[Rendered]:
    """The images that a camera takes, one after the other; the first at time 0."""
    renderer = Renderer(camera, site.scene, figures)
    for index in range(frames_of(camera, site.duration_s)):
        time_s = index / camera.fps
        yield renderer.frame(scenario.stances(time_s), time_s)


@dataclass(frozen=True, slots=True)
class FrameRecorded:
    """An image was recorded: of which camera, and which one, from 1."""

    camera: str
    number: int


def record(
    site: SimulatedSite,
    camera: Camera,
    scenario: Scenario,
    figures: Figures,
    folder: Path,
    *,
    observers: Sequence[Callable[[FrameRecorded], None]] = (),
) -> None:
    """Videos what a camera sees, and writes what is true of it.

    Args:
        observers: are told of each image.
    """
    files = camera_files(folder, camera.name)
    write_calibration(files.calibration, camera)
    files.truth.parent.mkdir(parents=True, exist_ok=True)
    starts_at = site.starts_at + timedelta(seconds=camera.clock_offset_s)
    size = (camera.width, camera.height)
    with (
        files.truth.open("w", encoding="ascii") as truth,
        VideoWriter(files.video, size, fps=camera.fps, crf=camera.crf, starts_at=starts_at) as video,
    ):
        for number, rendered in enumerate(render_frames(camera, site, scenario, figures), start=1):
            video.add(rendered.image)
            truth.write(truth_lines(number, rendered.people, camera))
            for observer in observers:
                observer(FrameRecorded(camera.name, number))
