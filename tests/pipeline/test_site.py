import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.site import Site, Transit, topology

CAMERAS = ["door", "hall", "yard"]


def test_two_cameras_that_overlap_may_see_somebody_at_once() -> None:
    found = topology(Site(overlaps=(("door", "hall"),), unnamed_pairs="apart"), CAMERAS)
    assert found.min_gap_s[0, 1] == found.min_gap_s[1, 0] == -np.inf
    assert found.max_gap_s[0, 1] == np.inf


@pytest.mark.parametrize(("unnamed", "least_s"), [("unknown", -np.inf), ("apart", -2.0)])
def test_what_holds_for_cameras_in_no_list_can_be_chosen(unnamed: str, least_s: float) -> None:
    site = Site.model_validate({"unnamed_pairs": unnamed, "clock_tolerance_s": 2})
    assert topology(site, CAMERAS).min_gap_s[0, 2] == least_s


def test_a_walk_takes_its_time_either_way_give_or_take_the_clocks() -> None:
    site = Site(transits=(Transit(between=("door", "yard"), min_s=5, max_s=60),), clock_tolerance_s=1)
    found = topology(site, CAMERAS)
    assert found.min_gap_s[0, 2] == found.min_gap_s[2, 0] == 4
    assert found.max_gap_s[0, 2] == found.max_gap_s[2, 0] == 61


def test_a_one_way_walk_is_closed_the_other_way() -> None:
    found = topology(Site(transits=(Transit(between=("door", "yard"), one_way=True),)), CAMERAS)
    assert (found.max_gap_s[0, 2], found.max_gap_s[2, 0]) == (np.inf, -np.inf)


def test_one_camera_has_the_handover_of_its_tracks() -> None:
    found = topology(Site(handover_s=1.5), CAMERAS)
    assert found.min_gap_s.diagonal().tolist() == [-1.5] * 3


def test_a_camera_that_is_described_and_does_not_run_changes_nothing() -> None:
    site = Site(overlaps=(("door", "cellar"),), transits=(Transit(between=("cellar", "yard"), min_s=9),))
    described, nothing = topology(site, CAMERAS), topology(Site(), CAMERAS)
    np.testing.assert_array_equal(described.min_gap_s, nothing.min_gap_s)
    np.testing.assert_array_equal(described.max_gap_s, nothing.max_gap_s)
    assert site.cameras() == {"door", "cellar", "yard"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"between": ("door", "hall"), "min_s": 5, "max_s": 4}, "max_s 4.0 is below min_s 5.0"),
        ({"between": ("door", "door")}, "joins two cameras, found 'door' twice"),
        ({"between": ("door", "hall"), "min_s": -1}, "greater than or equal to 0"),
    ],
)
def test_a_walk_that_cannot_be_is_refused(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Transit.model_validate(fields)


@pytest.mark.parametrize("name", ["", "a b", "a}b", "a/b", "ü"])
def test_a_name_that_no_key_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        Site(name=name)
