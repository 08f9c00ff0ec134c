import numpy as np
import pytest

from reid_models.training.sampling.test_clips import TestClips, TestRule


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
