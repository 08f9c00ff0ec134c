"""`reid-pipeline worker`: some cameras of a site, with embeddings going into its stream in Redis."""

from contextlib import ExitStack
from pathlib import Path

from pipeline.commands.starting import log_start
from pipeline.commands.stopping import StopSignal
from pipeline.config import PipelineConfig
from pipeline.config_errors import ConfigError
from pipeline.config_files import load_config
from pipeline.deployment.deployment import Deployment
from pipeline.deployment.recorders import writes_files
from pipeline.output.files import files_kept_private
from pipeline.output.run_folder import folder_of_a_site
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.store.agreement import worker_series
from pipeline.store.client import SiteStore
from pipeline.store.startup import open_store
from pipeline.store.status import StatusSayer
from pipeline.store.view_desk import RedisImageDesk
from pipeline.telemetry.http_server import HealthServer
from pipeline.telemetry.minutes import MinuteLog
from pipeline.telemetry.summary import StatusReader
from pipeline.telemetry.track_counts import log_tracks


def run_worker(path: Path, cameras: tuple[str, ...], stop: StopSignal) -> int:
    """Runs until its files end, or until SIGTERM, SIGINT or SIGHUP; returns the exit code."""
    config = keep_in_one_process(select_cameras(load_config(path), cameras))
    keep_to_one_thread()
    with ExitStack() as stack:
        stack.enter_context(files_kept_private(unless=config.output.shared))
        store = stack.enter_context(open_store(config.redis, config.site.name, gives_up=stop.is_set))
        desk = _open_desk(config, store)
        deployment = stack.enter_context(Deployment(config, emits_empty_windows=True, desk=desk))
        if writes_files(config):
            series = worker_series(store, config.order.window_s, deployment.model_id)
            stack.enter_context(folder_of_a_site(config.output.directory, series))
        supervisor = deployment.connect_stream(store, config.redis)
        if config.http.port is not None:
            server = HealthServer(deployment.health, deployment.registry, config.http.host, config.http.port)
            stack.enter_context(server)
        stop.calls(supervisor.stop)
        name = "worker " + ", ".join(camera.name for camera in config.cameras)
        stack.enter_context(StatusSayer(store, name, StatusReader(deployment.health, deployment.registry)))
        log_start("worker", config)
        stack.enter_context(MinuteLog(deployment.registry, deployment.lengths))
        failed = supervisor.run()
        log_tracks(deployment.registry, deployment.lengths)
        return int(bool(failed))


def _open_desk(config: PipelineConfig, store: SiteStore) -> RedisImageDesk | None:
    """Where images go, if the site keeps any."""
    if not config.view.images:
        return None
    keep_s = config.view.image_s or config.matching.retention.keep_s
    return RedisImageDesk(store, [camera.name for camera in config.cameras], keep_s)


def keep_in_one_process(config: PipelineConfig) -> PipelineConfig:
    """One process unless more are asked for: whoever has cores for more starts more workers, and plans their memory."""
    compute = config.compute
    return config.model_copy(update={"compute": compute.model_copy(update={"processes": compute.processes or 1})})


def select_cameras(config: PipelineConfig, cameras: tuple[str, ...]) -> PipelineConfig:
    """The configuration with some of its cameras; with all of them if none is named.

    Raises:
        ConfigError: if one is not there.
    """
    known = [camera.name for camera in config.cameras]
    if unknown := sorted(set(cameras) - set(known)):
        raise ConfigError(f"--camera: expected one of {', '.join(known)}, found {unknown[0]}")
    chosen = tuple(camera for camera in config.cameras if not cameras or camera.name in cameras)
    return config.model_copy(update={"cameras": chosen})
