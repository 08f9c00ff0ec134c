"""How the cost of a decision grows: with the tracks that live, and not with those that were forgotten.

    python -m benchmarks.matching.growth

A decision is `Matcher`'s: search with all constraints, and assignment. One thread, in CPU time of that thread, medians
of rounds in turns. Then two galleries that remember the same tracks, one of which has forgotten fifty times as many
since it began, but never its first: a decision in each, and to add one track and forget another.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count as count_from
from itertools import islice

import numpy as np

from benchmarks.matching.search import crowd, decide_all, medians, seen_again
from benchmarks.speed.one_thread import in_one_thread
from passerby_events.tracks import TrackKey
from pipeline.events.ids import person_id
from pipeline.matching.memory import Retention, SightingTable, past_retention
from pipeline.matching.sightings import Sighting

LIVE = (10_000, 50_000, 100_000, 200_000, 300_000)
QUERIES = (1, 64)
REMEMBERED = 20_000
FORGOTTEN = 50
"""Times as many."""
ROUNDS = 15
STEPS = 500


def main() -> None:
    in_one_thread(__spec__.name)
    argparse.ArgumentParser(description=__doc__).parse_args()
    print("| live tracks | 1 query, ms | ns a track | 64 queries, ms | ns a track and query |")
    print("|---:|---:|---:|---:|---:|")
    for count in LIVE:
        known = crowd(count)
        calls = {str(n): partial(decide_all, seen_again(known, n), known) for n in QUERIES}
        one, many = medians(calls, ROUNDS).values()
        each_ns = f"{1e9 * one / count:.0f} | {1e3 * many:.1f} | {1e9 * many / count / QUERIES[1]:.1f}"
        print(f"| {count:,} | {1e3 * one:.2f} | {each_ns} |", flush=True)
    print("\n| forgotten before | 64 queries, ms | add one, forget one, us |")
    print("|---:|---:|---:|")
    ages = (0, FORGOTTEN * REMEMBERED)
    tables = {age: table_of(REMEMBERED, forgotten=age) for age in ages}
    searches = medians({f"{age:,}": search_in(tables[age]) for age in ages}, ROUNDS)
    steps = medians({f"{age:,}": partial(step, tables[age], count_from(10**9)) for age in ages}, ROUNDS)
    for age in searches:
        print(f"| {age} | {1e3 * searches[age]:.2f} | {1e6 * steps[age] / STEPS:.1f} |")


def search_in(table: SightingTable) -> Callable[[], object]:
    """The same queries in whatever order the table has its rows."""
    arrays = table.arrays
    rows = np.array([table.index(TrackKey("camera0", "r", -1 - i)) for i in range(len(arrays))])
    return partial(decide_all, seen_again(arrays.take_rows(rows), QUERIES[1]), arrays)


def table_of(count: int, *, forgotten: int) -> SightingTable:
    """A gallery of the tracks of `crowd`, that has forgotten so many others since it came to know the first."""
    table, known = SightingTable(), crowd(count)
    stay = [sighting_of(-1 - i, known.vectors[i], float(known.start_s[i])) for i in range(count)]
    table.put(stay[0])
    for number in range(forgotten):
        table.put(sighting_of(number, known.vectors[number % count], 0.0))
        if len(table) > count:
            table.forget(1)
    while len(table) > 1:
        table.forget(1)
    for sighting in stay[1:]:
        table.put(sighting)
    return table


def sighting_of(number: int, vector: np.ndarray, start_s: float) -> Sighting:
    """A track of one camera; every three in a row are one person."""
    track = TrackKey("camera0", "r", number)
    return Sighting(
        track=track,
        person=person_id("bench", TrackKey("camera0", "r", number // 3)),
        total=vector.astype(np.float64),
        quality=1.0,
        tracklet_index=0,
        box=np.zeros(4, np.float32),
        start_s=start_s,
        end_s=start_s + 10,
        is_open=False,
        clock="receive",
        model_id="bench@1",
    )


def step(table: SightingTable, numbers: Iterator[int]) -> None:
    """New tracks come, and the gallery is asked each time who is to go."""
    vector = table.row(0).total.astype(np.float32)
    retention = Retention(max_tracks=len(table))
    for number in islice(numbers, STEPS):
        table.put(sighting_of(number, vector, 1e6))
        for index in past_retention(table.arrays, retention, 1e6):
            table.forget(int(index))


if __name__ == "__main__":
    main()
