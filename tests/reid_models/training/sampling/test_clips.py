import numpy as np
import pytest

from reid_models.training.sampling.clips import Rule, training_clip

RULES: tuple[Rule, ...] = ("consecutive", "strided", "adjacent", "chunks", "snippet", "anywhere")


def drawn(rule: Rule, length: int, frames: int, *, times: int = 200) -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [training_clip(rule, length, frames, rng).tolist() for _ in range(times)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 31, 32, 33, 100])
def test_a_clip_has_its_length_and_stays_in_its_tracklet(rule: Rule, length: int) -> None:
    for clip in drawn(rule, length, 4, times=50):
        assert len(clip) == 4
        assert all(0 <= index < length for index in clip)


def test_consecutive_frames_never_begin_at_the_last_start_as_in_the_released_code() -> None:
    starts = {clip[0] for clip in drawn("consecutive", 8, 4)}
    assert starts == {0, 1, 2, 3}
    assert all(clip == list(range(clip[0], clip[0] + 4)) for clip in drawn("consecutive", 8, 4))
    assert drawn("consecutive", 3, 4, times=1) == [[0, 1, 2, 0]]


def test_strided_frames_are_eight_apart_or_any_in_order() -> None:
    assert {clip[0] for clip in drawn("strided", 34, 4)} == {0, 1, 2}
    assert all(np.diff(clip).tolist() == [8, 8, 8] for clip in drawn("strided", 34, 4))
    short = drawn("strided", 20, 4)
    assert all((np.diff(clip) > 0).all() for clip in short)
    assert all((np.diff(clip) >= 0).all() for clip in drawn("strided", 2, 4))


def test_one_frame_of_each_chunk() -> None:
    clips = np.array(drawn("chunks", 16, 8))
    assert (clips // 2 == np.arange(8)).all()
    assert set(clips[:, 0]) == {0, 1}


def test_snippets_begin_at_multiples_of_four() -> None:
    assert {clip[0] for clip in drawn("snippet", 17, 8)} == {0, 4, 8}
