"""The first line of a log: what was started, with what."""

import logging
from importlib.metadata import version

from pipeline.config import PipelineConfig
from pipeline.sources.errors import redact

logger = logging.getLogger(__name__)


def log_start(command: str, config: PipelineConfig) -> None:
    """Says which version runs which cameras with which networks."""
    cameras = ", ".join(f"{each.name} ({redact(each.source.get_secret_value())})" for each in config.cameras)
    logger.info(
        "passerby %s: %s of site %s; cameras %s; detector %s; encoder %s; on %s",
        version("passerby"),
        command,
        config.site.name,
        cameras,
        getattr(config.detector, "model", config.detector.kind),
        getattr(config.encoder, "model", config.encoder.kind),
        config.compute.provider,
    )
