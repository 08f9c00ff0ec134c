"""`reid-pipeline serve`: the view of a site, beside its matcher."""

import logging
import threading
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from pipeline.commands.starting import log_start
from pipeline.commands.stopping import StopSignal
from pipeline.config import PipelineConfig
from pipeline.config_errors import ConfigError
from pipeline.config_files import load_config, parse
from pipeline.config_view import ViewConfig
from pipeline.output.files import files_kept_private
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.store.startup import open_store
from pipeline.view.redis_site import RedisSite
from pipeline.view.viewed import card_of

logger = logging.getLogger(__name__)

NOT_INSTALLED = "the view needs Starlette and uvicorn: pip install 'passerby[view]'"


def serve_site(path: Path, stop: StopSignal, *, port: int | None) -> int:
    """Serves until SIGTERM, SIGINT or SIGHUP; returns the exit code.

    Args:
        path: of the configuration.
        port: in the place of what the configuration says.
    """
    config = with_port(load_config(path), port)
    require_view()
    from pipeline.view.server import ViewServer

    keep_to_one_thread()
    is_over = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(files_kept_private(unless=config.output.shared))
        store = stack.enter_context(open_store(config.redis, config.site.name, gives_up=stop.is_set))
        site = RedisSite(store, card_of(config), keep_s=config.matching.retention.keep_s)
        stack.enter_context(site)
        server = stack.enter_context(ViewServer(site, config.view))
        stop.calls(is_over.set)
        log_start("serve", config)
        tell_address(server.address, config.view)
        is_over.wait()
    return 0


def with_port(config: PipelineConfig, port: int | None) -> PipelineConfig:
    """The configuration with another port for the view."""
    if port is None:
        return config
    view = parse(ViewConfig, {**config.view.model_dump(), "port": port}, "--port")
    return config.model_copy(update={"view": view})


def require_view() -> None:
    """Says what to install, before anything else is done.

    Raises:
        ConfigError: if it is not there.
    """
    from importlib.util import find_spec

    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise ConfigError(NOT_INSTALLED)


def tell_address(address: str, view: ViewConfig) -> None:
    """On stderr, for people."""
    who = "everybody on this machine may use it" if view.is_open else "it asks who you are"
    images = "" if view.images else "; it shows no images (`view: {images: true}` lets it)"
    Console(stderr=True, highlight=False).print(f"The view: {address} ({who}{images})", soft_wrap=True)
