"""The time series that the pipeline exports."""

from pipeline.telemetry.metrics import Metrics

SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def exported() -> dict[str, set[str]]:
    """Names of time series, and the labels that each may have."""
    metrics = Metrics()
    labels = {
        metric._name: set(metric._labelnames)  # noqa: SLF001 - prometheus_client shows them nowhere else
        for metric in vars(metrics).values()
        if metric is not metrics.registry
    }
    return {
        family.name + suffix: labels[family.name] | ({"le"} if suffix == "_bucket" else set())
        for family in metrics.registry.collect()
        for suffix in SUFFIXES[family.type]
    }
