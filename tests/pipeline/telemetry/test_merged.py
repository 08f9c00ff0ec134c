import pytest
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.telemetry.merged import AddedMetrics
from pipeline.telemetry.metrics import Metrics


@pytest.fixture
def processes() -> list[Metrics]:
    made = [Metrics() for _ in range(3)]
    for i, metrics in enumerate(made):
        metrics.frames.labels(camera=f"camera{i % 2}").inc(10 * (i + 1))
        metrics.waiting.set(i)
        metrics.encode_s.observe(0.003 * (i + 1))
    return made


@pytest.fixture
def registry(processes: list[Metrics]) -> CollectorRegistry:
    own, *others = processes
    added = CollectorRegistry()
    added.register(AddedMetrics(own.registry, lambda: [list(each.registry.collect()) for each in others]))
    return added


@pytest.mark.parametrize(
    ("sample", "labels", "value"),
    [
        ("reid_frames_total", {"camera": "camera0"}, 40),
        ("reid_frames_total", {"camera": "camera1"}, 20),
        ("reid_tracklets_waiting", {}, 3),
        ("reid_encode_seconds_count", {}, 3),
        ("reid_encode_seconds_sum", {}, 0.018),
        ("reid_encode_seconds_bucket", {"le": "0.005"}, 1),
        ("reid_encode_seconds_bucket", {"le": "+Inf"}, 3),
    ],
)
def test_samples_of_several_processes_add_up(
    registry: CollectorRegistry, sample: str, labels: dict[str, str], value: float
) -> None:
    assert registry.get_sample_value(sample, labels) == pytest.approx(value)


def test_a_counter_is_as_old_as_the_oldest(registry: CollectorRegistry, processes: list[Metrics]) -> None:
    labels = {"camera": "camera0"}
    created = [m.registry.get_sample_value("reid_frames_created", labels) for m in (processes[0], processes[2])]
    assert registry.get_sample_value("reid_frames_created", labels) == min(filter(None, created))


def test_each_family_is_told_once_and_nothing_of_the_sources_changes(
    registry: CollectorRegistry, processes: list[Metrics]
) -> None:
    before = generate_latest(processes[0].registry)
    text = generate_latest(registry).decode()
    assert text.count("# TYPE reid_encode_seconds histogram") == 1
    assert generate_latest(processes[0].registry) == before
