import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_models.training.sampling.test_clips import TestClips

Lengths = dict[str, dict[str, Any]]


@pytest.fixture
def golden(shared: Path) -> dict[str, Any]:
    """What the official loaders cut of tracklets of some lengths."""
    found: dict[str, Any] = json.loads((shared / "golden/clip_sampling.json").read_text())
    return found


def clips(rule: TestClips, length: str) -> list[list[int]]:
    return [indices.tolist() for indices in rule.cut(int(length))]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("key", "rule", "shown"),
    [
        ("cosam_test_clips", TestClips("consecutive", 4), lambda cut: cut),
        ("tkp_test_clips", TestClips("dense", 32, weigh="frames"), lambda cut: cut),
        ("ap3d_test_clips", TestClips("dense", 32, weigh="frames"), lambda cut: cut),
        ("tkp_query_image_frame", TestClips("first", 1), lambda cut: cut[0][0]),
        ("tkp_training_time_validation_4_frames", TestClips("strided-start", 4), lambda cut: cut[0]),
        ("gltr_test_frames", TestClips("whole", 0), lambda cut: cut[0]),
    ],
)
def test_clips_are_cut_as_the_official_loaders_cut_them(
    golden: dict[str, Any], key: str, rule: TestClips, shown: Callable[[list[list[int]]], object]
) -> None:
    lengths: Lengths = golden["lengths"]
    assert lengths
    for length, cuts in lengths.items():
        assert shown(clips(rule, length)) == cuts[key], length


@pytest.mark.shared
def test_longer_clips_are_filled_up_from_their_own_start(golden: dict[str, Any]) -> None:
    rule = TestClips("consecutive", 6)
    for length, cuts in golden["cosam_test_clips_seq_len_6"].items():
        assert clips(rule, length) == cuts, length


@pytest.mark.shared
def test_a_frame_weighs_what_the_mean_of_clips_gives_it(golden: dict[str, Any]) -> None:
    for length, cuts in golden["lengths"].items():
        weights = np.zeros(int(length))
        cut = TestClips("consecutive", 4).cut(int(length))
        for indices in cut:
            np.add.at(weights, indices, 1 / (len(indices) * len(cut)))
        np.testing.assert_allclose(weights, cuts["cosam_effective_frame_weight"], atol=1e-6)


def test_chunks_and_snippets_reach_over_the_whole_tracklet() -> None:
    assert clips(TestClips("chunk-starts", 8), "16") == [[0, 2, 4, 6, 8, 10, 12, 14]]
    assert clips(TestClips("snippets", 8), "17") == [list(range(8)), list(range(4, 12)), list(range(8, 16))]
    assert clips(TestClips("snippets", 8), "3") == [[0, 1, 2, 0, 1, 2, 0, 1]]
