"""What the table of the gallery in memory promises to those who search it."""

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.matching.memory import Retention, SightingTable, past_retention
from pipeline.matching.sightings import SightingArrays
from testing.sightings import sighting


def test_numbers_of_persons_stay_as_low_as_the_crowd_is_large_however_many_were_forgotten() -> None:
    """A regular who is remembered for years must not make the search of a small crowd slow."""
    table = SightingTable()
    regular, *guests = (sighting(track, 10) for track in range(200))
    table.put(regular)
    for guest in guests:
        table.put(guest)
        if len(table) > 3:
            table.forget(1)
        persons = table.arrays.persons
        assert len(set(persons)) == len(table)
        assert persons.max() <= 4
        assert [table.person(int(number)) for number in persons] == [table.row(i).person for i in range(len(table))]


@pytest.mark.parametrize("spread", [lambda rng: rng.uniform(0, 100, 60), lambda rng: rng.integers(0, 6, 60) * 20.0])
@pytest.mark.parametrize("keep_s", [10.0, 60.0, 200.0])
@pytest.mark.parametrize("max_tracks", [1, 20, 59, 60, 100])
def test_those_seen_longest_ago_go_first_and_of_equals_the_first(
    spread: Callable[[np.random.Generator], np.ndarray], keep_s: float, max_tracks: int
) -> None:
    end_s = spread(np.random.default_rng(0))
    none = np.zeros(60)
    arrays = SightingArrays(
        vectors=none[:, None].astype(np.float32),
        persons=none.astype(np.int64),
        cameras=none.astype(np.int64),
        extra=none,
        start_s=none,
        end_s=end_s,
        still_there=none.astype(np.bool_),
    )
    in_turn = sorted(range(60), key=lambda row: (end_s[row], row))
    stay = [row for row in in_turn if end_s[row] >= 100 - keep_s][-max_tracks:]
    gone = past_retention(arrays, Retention(keep_s=keep_s, max_tracks=max_tracks), 100.0)
    assert gone.tolist() == sorted(set(range(60)) - set(stay), reverse=True)
