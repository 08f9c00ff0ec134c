"""A simulated site's traffic through Redis, workers of their own and a matcher: the score of one process."""

import pytest

from benchmarks.matching.simulated_load import as_sent, in_one_process, in_several_processes, score_drive
from benchmarks.matching.simulated_traffic import Load, drive_of


@pytest.mark.parametrize("load", [Load(columns=3, rows=2, seconds=40, arrivals_per_minute=25, seed=2)])
def test_several_processes_give_the_events_and_the_score_of_one(redis_url: str, load: Load) -> None:
    drive = drive_of(load)
    one = in_one_process(drive)
    several = in_several_processes(drive, redis_url)
    assert as_sent(several) == as_sent(one)
    assert len({event.seen.camera for event in one}) == len(load.cameras)
    score = score_drive(drive, one)
    assert score.across.idf1 > 0.8
    assert score.errors.missing.missed_detection == score.errors.missing.gate == 0
