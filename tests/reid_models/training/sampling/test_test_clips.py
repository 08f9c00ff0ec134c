import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_models.training.sampling.test_clips import TestClips, TestRule

Lengths = dict[str, dict[str, Any]]


def cut(rule: TestRule, frames: int, length: int) -> list[list[int]]:
    return [clip.tolist() for clip in TestClips(rule, frames).cut(length)]


def test_each_rule_on_ten_frames() -> None:
    assert cut("consecutive", 4, 10) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 8, 9]]
    assert cut("dense", 4, 10) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert cut("whole", 4, 10) == [list(range(10))]
    assert cut("first", 4, 10) == [[0]]
    assert cut("chunk-starts", 5, 10) == [[0, 2, 4, 6, 8]]
    assert cut("spread", 5, 10) == [[1, 3, 5, 7, 9]]
    assert cut("snippets", 4, 10) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert cut("strided-start", 4, 10) == [[0, 2, 4, 6]]


@pytest.mark.parametrize(
    "rule", ["consecutive", "dense", "whole", "spread", "chunk-starts", "first", "snippets", "strided-start"]
)
@pytest.mark.parametrize("length", [1, 3, 4, 5, 31, 32, 33])
def test_no_clip_leaves_its_tracklet(rule: TestRule, length: int) -> None:
    clips = TestClips(rule, 4).cut(length)
    assert clips
    assert all(((clip >= 0) & (clip < length)).all() for clip in clips)


@pytest.mark.parametrize("rule", ["consecutive", "dense", "whole"])
def test_every_frame_is_seen(rule: TestRule) -> None:
    assert set(np.concatenate(TestClips(rule, 4).cut(11)).tolist()) == set(range(11))


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
