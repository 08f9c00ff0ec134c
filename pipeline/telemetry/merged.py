"""The metrics of several processes as those of one."""

from collections.abc import Callable, Iterable, Iterator
from copy import copy

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

CREATED = "_created"
"""How samples end that say since when there has been a counter."""


class AddedMetrics(Collector):
    """Samples of the same name and labels added up: counters, histograms, and gauges that count what is there.

    Args:
        own: of this process.
        others: what each of the other processes counted when it was last heard of.
    """

    def __init__(self, own: CollectorRegistry, others: Callable[[], Iterable[Iterable[Metric]]]) -> None:
        self._own = own
        self._others = others

    def collect(self) -> Iterator[Metric]:
        families: dict[str, list[Metric]] = {}
        for metrics in (self._own.collect(), *self._others()):
            for metric in metrics:
                families.setdefault(metric.name, []).append(metric)
        yield from map(_added, families.values())


def _added(family: list[Metric]) -> Metric:
    samples: dict[tuple[str, frozenset[tuple[str, str]]], Sample] = {}
    for metric in family:
        for sample in metric.samples:
            key = sample.name, frozenset(sample.labels.items())
            samples[key] = _sum(samples[key], sample) if key in samples else sample
    added = copy(family[0])
    added.samples = list(samples.values())
    return added


def _sum(a: Sample, b: Sample) -> Sample:
    value = min(a.value, b.value) if a.name.endswith(CREATED) else a.value + b.value
    return a._replace(value=value)
