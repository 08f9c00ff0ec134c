"""`reid-pipeline match`: decides for a site, from the stream of its workers; a second one stands by."""

import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipeline.build import build_policy, read_encoder_card
from pipeline.commands.sinks import opener_of_match
from pipeline.commands.starting import log_start
from pipeline.commands.stopping import StopSignal
from pipeline.config import PipelineConfig
from pipeline.config_files import load_config
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.sink import EventSink
from pipeline.matching.matcher import Matcher
from pipeline.output.files import files_kept_private
from pipeline.output.run_folder import folder_of_a_site
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.store.agreement import series_of
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.site_matcher import LEADING, STANDING_BY, SiteMatcher, SiteMatcherParams
from pipeline.store.startup import open_store
from pipeline.store.status import StatusSayer
from pipeline.telemetry.health import Health
from pipeline.telemetry.http_server import HealthServer
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.summary import StatusReader
from reid_models.encoder import EncoderCard
from reid_runtime.card import ArtefactError


def run_match(
    path: Path, stop: StopSignal, *, topic: str | None, until_end: bool, accepts_changes: bool = False
) -> int:
    """Runs until SIGTERM, SIGINT or SIGHUP; or, if asked to, until all workers have closed and all is delivered.

    Args:
        path: of the configuration.
        topic: of Kafka, for the events; they go to a file in the folder for all that is written where nobody else is
            named, here or in the configuration.
        until_end: see above.
        accepts_changes: decide for a site in Redis that is of another window, network or list of cameras.
    """
    config = load_config(path)
    keep_to_one_thread()
    metrics, health = Metrics(), Health(ready_states=(LEADING, STANDING_BY))
    with ExitStack() as stack:
        stack.enter_context(files_kept_private(unless=config.output.shared))
        store = stack.enter_context(open_store(config.redis, config.site.name, gives_up=stop.is_set))
        to_file = partial(_open_file, config, store, stack.enter_context(ExitStack()))
        open_sink = opener_of_match(config, topic, to_file)
        matcher = build_site_matcher(config, store, open_sink, metrics, health, accepts_changes=accepts_changes)
        if config.http.port is not None:
            stack.enter_context(HealthServer(health, metrics.registry, config.http.host, config.http.port))
        stop.calls(matcher.stop)
        name = f"matcher {socket.gethostname()}/{os.getpid()}"
        stack.enter_context(StatusSayer(store, name, StatusReader(health, metrics.registry)))
        log_start("match", config)
        matcher.run(until_end=until_end)
    return 0


def _open_file(config: PipelineConfig, store: SiteStore, kept: ExitStack) -> EventSink:
    """Goes on with the file of the site's earlier decisions; those of any other run are kept apart.

    Args:
        kept: has the folder of the file from the first event on; a matcher that is refused leaves all as it was.
    """
    directory = config.output.directory
    kept.pop_all().close()
    series = series_of(store, config.order.window_s, read_encoder_card(config.encoder).model_id)
    kept.enter_context(folder_of_a_site(directory, series))
    return JsonLinesSink(directory / "events.jsonl", append=True)


def build_site_matcher(
    config: PipelineConfig,
    store: SiteStore,
    open_sink: Callable[[], EventSink],
    metrics: Metrics,
    health: Health,
    *,
    accepts_changes: bool = False,
) -> SiteMatcher:
    """The matcher of a site. It needs no network: what the workers' encoder makes stands on its card."""
    card = read_encoder_card(config.encoder)
    params, calibration = build_policy(config, card)
    return SiteMatcher(
        store,
        expected_of(config, card),
        config.matching.retention,
        lambda gallery, verdicts: Matcher(
            gallery,
            config.site,
            params,
            calibration,
            config.matching.merge_split,
            config.matching.adaptation,
            verdicts,
        ),
        open_sink,
        replace(site_matcher_params(config), accepts_changes=accepts_changes),
        metrics,
        health,
    )


def site_matcher_params(config: PipelineConfig) -> SiteMatcherParams:
    """What a matcher process needs to know of a configuration."""
    return SiteMatcherParams(config.redis, config.order, is_live=config.is_live, history=config.view.history)


def expected_of(config: PipelineConfig, card: EncoderCard) -> Expected:
    """What messages of the site's workers must be like.

    Raises:
        ArtefactError: if the card does not say how long the encoder's vectors are.
    """
    if card.dimensions is None:
        raise ArtefactError(
            f"{card.model_id}: expected a card that says how long the vectors are, found a length left open: "
            "export the network with a fixed one"
        )
    return Expected(
        frozenset(camera.name for camera in config.cameras),
        card.model_id,
        card.dimensions,
        is_live=config.is_live,
    )
