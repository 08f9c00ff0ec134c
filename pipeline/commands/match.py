"""`reid-pipeline match`: decides for a site, from the stream of its workers; a second one stands by."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from pipeline.build import build_encoder, build_policy, site_matcher_params
from pipeline.commands.signals import stops_on_signal
from pipeline.config import PipelineConfig, load_config
from pipeline.embedding_messages import Expected
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.health import Health, HealthServer
from pipeline.matching.matcher import Matcher
from pipeline.metrics import Metrics
from pipeline.redis_store import SiteStore
from pipeline.site_matcher import LEADING, STANDING_BY, SiteMatcher
from reid_models.encoder import Encoder


def run_match(path: Path, *, until_end: bool) -> int:
    """Runs until SIGTERM or SIGINT; or, if asked to, until all workers have closed and all is delivered."""
    config = load_config(path)
    metrics, health = Metrics(), Health(ready_states=(LEADING, STANDING_BY))
    with ExitStack() as stack:
        store = SiteStore(config.redis.address(), config.site.name, is_cluster=config.redis.cluster)
        stack.enter_context(store)
        matcher = build_site_matcher(config, store, metrics, health)
        if config.http.port is not None:
            stack.enter_context(HealthServer(health, metrics.registry, config.http.host, config.http.port))
        with stops_on_signal(matcher.stop):
            matcher.run(until_end=until_end)
    return 0


def build_site_matcher(config: PipelineConfig, store: SiteStore, metrics: Metrics, health: Health) -> SiteMatcher:
    """The matcher of a site, with events going to a file in the folder for all that is written."""
    encoder, suggested = build_encoder(config.encoder, config.compute)
    params, calibration = build_policy(config, encoder.model_id, suggested)
    return SiteMatcher(
        store,
        Expected(frozenset(camera.name for camera in config.cameras), encoder.model_id, dimensions(encoder)),
        config.matching.retention,
        lambda gallery: Matcher(gallery, config.site, params, calibration),
        lambda: JsonLinesSink(config.output.directory / "events.jsonl", append=True),
        site_matcher_params(config),
        metrics,
        health,
    )


def dimensions(encoder: Encoder) -> int:
    """Length of an encoder's vectors, found by encoding one grey clip."""
    clip = encoder.clip
    grey = np.full((1, clip.frames, clip.height, clip.width, 3), 127, np.uint8)
    return int(encoder.encode(grey).shape[1])
