"""The page of the metrics: each with its kind, its labels and its meaning, from where they are declared."""

from collections.abc import Iterator
from functools import cache

from prometheus_client.metrics import MetricWrapperBase

from pipeline.telemetry.metrics import Metrics

INTRODUCTION = """\
# Metrics

`http: {port: ...}` or `--http-port` serves them at `/metrics`, in the format of Prometheus; `/livez` says whether the
loops turn, `/readyz` whether all that was asked for is there. A metric without samples is not served yet. Where a
`run` has several processes, the numbers are those of all of them. `docker/prometheus/alerts.yml` has the alerts worth
having, `docker/grafana/dashboards/passerby.json` a dashboard. Metrics name cameras, never people.

| name | kind | labels | meaning |
|---|---|---|---|
"""


def metrics_page() -> str:
    return INTRODUCTION + "".join(
        f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {meaning} |\n"
        for name, kind, labels, meaning in _declared()
    )


@cache
def names() -> set[str]:
    """Of everything that may be asked for: those of the page, and the series of a histogram."""
    return {f"{name}{end}" for name, *_ in _declared() for end in ("", "_bucket", "_sum", "_count")}


def _declared() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name as it is served, kind, labels and meaning of each."""
    for metric in vars(Metrics()).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield name, family.type, tuple(vars(metric)["_labelnames"]), family.documentation
