"""`reid-pipeline match`: decides for a site, from the stream of its workers; a second one stands by."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.build import build_encoder, build_policy
from pipeline.commands.kafka_settings import brokers_of
from pipeline.commands.stopping import StopSignal
from pipeline.config import PipelineConfig, load_config
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.sink import EventSink
from pipeline.matching.matcher import Matcher
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.site_matcher import LEADING, STANDING_BY, SiteMatcher, SiteMatcherParams
from pipeline.store.startup import open_store
from pipeline.telemetry.health import Health
from pipeline.telemetry.http_server import HealthServer
from pipeline.telemetry.metrics import Metrics
from reid_models.encoder import Encoder


def run_match(path: Path, stop: StopSignal, *, topic: str | None, until_end: bool) -> int:
    """Runs until SIGTERM or SIGINT; or, if asked to, until all workers have closed and all is delivered.

    Args:
        path: of the configuration.
        topic: of Kafka, for the events; without it they go to a file in the folder for all that is written.
        until_end: see above.
    """
    config = load_config(path)
    open_sink = sink_of(config, topic)
    keep_to_one_thread()
    metrics, health = Metrics(), Health(ready_states=(LEADING, STANDING_BY))
    with ExitStack() as stack:
        store = stack.enter_context(open_store(config.redis, config.site.name, gives_up=stop.is_set))
        matcher = build_site_matcher(config, store, open_sink, metrics, health)
        if config.http.port is not None:
            stack.enter_context(HealthServer(health, metrics.registry, config.http.host, config.http.port))
        stop.calls(matcher.stop)
        matcher.run(until_end=until_end)
    return 0


def sink_of(config: PipelineConfig, topic: str | None) -> Callable[[], EventSink]:
    """Opens what the events go to; how Kafka is reached stands in the environment.

    Raises:
        ConfigError: if that is not enough to reach it.
    """
    if topic is None:
        return partial(JsonLinesSink, config.output.directory / "events.jsonl", append=True)
    from pipeline.events.kafka.sink import KafkaSink

    return partial(KafkaSink, brokers_of(os.environ), topic)


def build_site_matcher(
    config: PipelineConfig, store: SiteStore, open_sink: Callable[[], EventSink], metrics: Metrics, health: Health
) -> SiteMatcher:
    """The matcher of a site."""
    encoder, suggested = build_encoder(config.encoder, config.compute)
    params, calibration = build_policy(config, encoder.model_id, suggested)
    return SiteMatcher(
        store,
        expected_of(config, encoder),
        config.matching.retention,
        lambda gallery: Matcher(gallery, config.site, params, calibration, config.matching.merge_split),
        open_sink,
        site_matcher_params(config),
        metrics,
        health,
    )


def site_matcher_params(config: PipelineConfig) -> SiteMatcherParams:
    """What a matcher process needs to know of a configuration."""
    return SiteMatcherParams(config.redis, config.order, is_live=config.is_live)


def expected_of(config: PipelineConfig, encoder: Encoder) -> Expected:
    """What messages of the site's workers must be like."""
    return Expected(
        frozenset(camera.name for camera in config.cameras),
        encoder.model_id,
        dimensions(encoder),
        now_s=time.time if config.is_live else None,
    )


def dimensions(encoder: Encoder) -> int:
    """Length of an encoder's vectors, found by encoding one grey clip."""
    clip = encoder.clip
    grey = np.full((1, clip.frames, clip.height, clip.width, 3), 127, np.uint8)
    return int(encoder.encode(grey).shape[1])
