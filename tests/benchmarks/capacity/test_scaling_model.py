"""The arithmetic of docs/scaling.md: what is linear is, and the limits that it names are the limits."""

from dataclasses import replace

import pytest

from benchmarks.capacity.scaling_model import Cost, Measured, Site, matcher_cores, most_cameras, most_tracks, needs

MEASURED = Measured(
    wire_bytes=Cost(200, 2200),
    matcher_us=Cost(500, 150),
    redis_us=Cost(200, 50),
    redis_commands=Cost(14, 6),
    aof_bytes=Cost(1000, 7000),
    search_queries=(1, 16, 64),
    search_ns=(100.0, 400.0, 1600.0),
    redis_track_bytes=6000,
    redis_waiting_bytes=2800,
    redis_event_bytes=760,
    matcher_track_bytes=7800,
    load_tracks_per_s=6000,
    kafka_event_bytes=950,
    kafka_event_us=300,
    kafka_events_per_s=1300,
    relay_events_per_s=1200,
    bridge_events_per_s=100,
)


def test_a_site_sends_what_its_people_leave() -> None:
    site = Site(cameras=10, cameras_per_worker=4, tracks_per_minute=6, tracklets=4, retention_h=2)
    assert site.workers == 3
    assert site.embeddings_per_s == pytest.approx(4)
    assert site.events_per_s == pytest.approx(2)
    assert site.live_tracks == pytest.approx(10 * 6 * 60 * 2)


def test_what_is_needed_is_the_sum_of_its_parts() -> None:
    site = Site(
        cameras=10, cameras_per_worker=2, tracks_per_minute=6, tracklets=4, retention_h=1, frame_core_ms=20, fps=10
    )
    found = {need.what: need.one for need in needs(MEASURED, site)}
    assert found["worker cores"] == pytest.approx(2.0)
    assert found["from workers to Redis"] == pytest.approx(8e-6 * (5 * 200 + 4 * 2200))
    assert found["Redis, CPU"] == pytest.approx(1e-6 * (5 * 200 + 4 * 50))
    assert found["Redis, memory of live tracks"] == pytest.approx(3600 * 6000 / 2**20)
    assert found["matcher, time to take over"] == pytest.approx(0.6)
    assert found["Kafka, disk"] == pytest.approx(950 * 2 * 86400 * 3 / 1e9)


def test_search_is_linear_in_tracks_and_follows_the_curve_in_queries() -> None:
    assert MEASURED.search_s(100_000, 16) == pytest.approx(0.04)
    assert MEASURED.search_s(200_000, 16) == pytest.approx(0.08)
    assert MEASURED.search_s(100_000, 40) == pytest.approx(0.1)
    assert MEASURED.search_s(100_000, 128) == pytest.approx(0.32), "beyond what was measured, in proportion"


@pytest.mark.parametrize("queries", [1, 16, 50, 300])
def test_as_many_tracks_as_fit_take_the_budget(queries: float) -> None:
    assert MEASURED.search_s(most_tracks(MEASURED, queries, 0.1), queries) == pytest.approx(0.1)


@pytest.mark.parametrize("cores", [0.1, 0.5, 0.8])
def test_one_camera_more_than_fits_is_too_many(cores: float) -> None:
    most = most_cameras(MEASURED, Site(), cores)
    assert matcher_cores(MEASURED, replace(Site(), cameras=most)) <= cores
    assert matcher_cores(MEASURED, replace(Site(), cameras=most + 1)) > cores


def test_where_not_one_camera_fits_there_is_none() -> None:
    assert most_cameras(MEASURED, Site(tracks_per_minute=1e6), 0.5) == 0


def test_search_grows_with_the_square_of_a_site() -> None:
    """Twice the cameras are twice the queries among twice the tracks."""
    slope = replace(MEASURED, search_queries=(1, 1000), search_ns=(1.0, 1000.0))
    small = Site(cameras=100)
    large = replace(small, cameras=200)
    one, two = (slope.search_s(site.live_tracks, site.embeddings_per_s) for site in (small, large))
    assert two == pytest.approx(4 * one)
