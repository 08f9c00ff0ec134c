import re
from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.tracking.stillness import StillThings, mask_around

RNG = np.random.default_rng(0)
SCENE = np.kron(RNG.integers(0, 256, (30, 40, 3)), np.ones((10, 10, 1))).astype(np.uint8)
BAG = np.array([100, 100, 140, 190], np.float32)


def noisy(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.clip(image + RNG.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def swaying(by_px: int) -> NDArray[np.uint8]:
    return np.roll(SCENE, by_px, axis=1)


def watch(
    things: StillThings, images: Iterable[NDArray[np.uint8]], *, track: int = 1, box: NDArray[np.float32] = BAG
) -> float:
    """Looks at a track five times a second; returns when."""
    time_s = 0.0
    for image in images:
        jitter = RNG.normal(0, 1, 4).astype(np.float32)
        things.see(track, image, box + jitter, time_s)
        time_s += 0.2
    return time_s


def test_a_bag_on_a_chair_is_a_thing_and_the_log_says_which_mask_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    things = StillThings("door", 10.0)
    watch(things, [noisy(SCENE)] * 40)
    assert (things.is_still(1), things.is_thing(1), caplog.messages) == (True, False, [])
    watch(things, [noisy(SCENE) for _ in range(60)], track=2)
    assert things.is_thing(2)
    (line,) = caplog.messages
    assert line.startswith("camera door: a box at [")
    corners = re.findall(r"\[(\d+), (\d+)\]", line.split("ignore")[1])
    assert len(corners) == 4
    xs, ys = (sorted(int(each) for each in axis) for axis in zip(*corners, strict=True))
    assert xs[0] < 100 < 140 < xs[-1]
    assert ys[0] < 100 < 190 < ys[-1]


def test_a_thing_stays_one_in_another_light_and_while_people_walk_by() -> None:
    things = StillThings("door", 10.0)
    images = [(SCENE * (0.5 + 0.5 * (i % 20 < 10))).astype(np.uint8) for i in range(60)]
    for i in range(5, 60, 10):
        images[i] = np.zeros_like(SCENE)
    watch(things, images)
    assert things.is_thing(1)


def test_who_sways_by_little_is_no_thing() -> None:
    things = StillThings("door", 10.0)
    watch(things, [swaying(i % 4) for i in range(60)])
    assert not things.is_still(1)


def test_who_walks_is_no_thing_though_nothing_else_changes() -> None:
    things = StillThings("door", 10.0)
    for i in range(60):
        things.see(1, SCENE, BAG + np.float32(i), i / 5)
    assert not things.is_still(1)


def test_a_detector_that_finds_a_thing_now_and_then_makes_no_person_of_it() -> None:
    things = StillThings("door", 10.0)
    for track in range(4):
        watch(things, [SCENE] * 20, track=track)
        assert things.is_thing(track) == (track == 2 or track == 3)
        things.forget(track)


def test_every_thing_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    things = StillThings("door", 5.0)
    for track, box in enumerate((BAG, BAG, BAG + np.float32(60))):
        watch(things, [SCENE] * 40, track=track, box=box)
        things.forget(track)
    assert len(caplog.messages) == 2


def test_nothing_is_a_thing_where_none_is_asked_for() -> None:
    things = StillThings("door", 0.0)
    watch(things, [SCENE] * 100)
    assert (things.is_still(1), things.is_thing(1)) == (False, False)


def test_a_mask_begins_in_the_image() -> None:
    assert mask_around(np.array([2, 5, 42, 105], np.float32)) == [[0, 0], [46, 0], [46, 115], [0, 115]]
