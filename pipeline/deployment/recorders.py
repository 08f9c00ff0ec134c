"""Those who write down what the cameras see: tracks, and thumbnails where they are asked for."""

from contextlib import ExitStack

from pipeline.config import PipelineConfig
from pipeline.images import ImageDesk
from pipeline.output.mot_files import tracks_path
from pipeline.output.thumbnails import Thumbnails
from pipeline.output.track_recorder import TrackRecorder
from pipeline.tracking.camera_loop import CameraObserver
from pipeline.view.feed import Feed, FeedParams


def open_camera_observers(
    config: PipelineConfig, owned: ExitStack, desk: ImageDesk | None
) -> dict[str, list[CameraObserver]]:
    """Those who write down what the cameras see, and, with a desk, those who lay out images for the view."""
    observers = open_recorders(config, owned)
    if desk is not None:
        view = config.view
        feed = owned.enter_context(Feed(desk, FeedParams(view.frame_fps, view.frame_width)))
        for camera in config.cameras:
            observers[camera.name].append(feed.observer(camera.name))
    return observers


def open_recorders(config: PipelineConfig, owned: ExitStack) -> dict[str, list[CameraObserver]]:
    """Opens the files of each camera; `owned` closes them. Tracks are kept of recordings, frame by frame."""
    recorders: dict[str, list[CameraObserver]] = {camera.name: [] for camera in config.cameras}
    directory = config.output.directory
    for camera in config.cameras:
        if not camera.is_live:
            recorder = TrackRecorder(tracks_path(directory, camera.name))
            owned.callback(recorder.close)
            recorders[camera.name].append(recorder)
        if config.output.thumbnails:
            recorders[camera.name].append(Thumbnails(directory / "thumbnails"))
    return recorders


def writes_files(config: PipelineConfig) -> bool:
    """Whether anything of its cameras is written down."""
    return config.output.thumbnails or not all(camera.is_live for camera in config.cameras)
