import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.records import GOOD_QUALITY, Frame, TrackEnd, Tracklet
from pipeline.tracking.gate import GateParams
from pipeline.tracking.tracklets import TrackletBuffer, TrackletParams
from reid_models.crops import cut
from reid_runtime.card import ClipSpec
from trackers.tracks import Tracks

CLIP = ClipSpec(frames=4, height=64, width=32)
NOISE = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
PERSON = (100.0, 100.0, 160.0, 260.0)


def tracks(boxes: dict[int, tuple[float, ...]], ended: tuple[int, ...] = (), score: float = 0.9) -> Tracks:
    return Tracks(
        np.array(list(boxes), np.int64),
        np.array(list(boxes.values()), np.float32).reshape(-1, 4),
        np.full(len(boxes), score, np.float32),
        np.array(ended, np.int64),
    )


def frame(time_s: float, image: NDArray[np.uint8] | None = None) -> Frame:
    """An image that changes, as where people are, or the one that is given."""
    changing = np.roll(NOISE, round(10 * time_s) * 7, axis=1)
    return Frame("door", 0, time_s, "container", changing if image is None else image)


def watch(
    buffer: TrackletBuffer, seconds: float, *, rate: float = 10.0, score: float = 0.9
) -> tuple[list[Tracklet], list[TrackEnd]]:
    cut: list[Tracklet] = []
    for i in range(int(seconds * rate)):
        cut += buffer.add(frame(i / rate), tracks({1: PERSON}, score=score))[0]
    last, ended = buffer.end(np.array([1]), seconds)
    return cut + last, ended


def test_a_tracklet_has_as_many_crops_as_a_clip_spread_over_its_time() -> None:
    cut, _ = watch(TrackletBuffer("door", "r", CLIP, TrackletParams(slot_s=0.5, slot_growth=1.0)), 4.1)
    assert [len(t.crops) for t in cut] == [4, 4]
    assert cut[0].crops.shape == (4, 64, 32, 3)
    np.testing.assert_allclose(np.diff(cut[0].times_s), 0.5)
    assert [t.tracklet_index for t in cut] == [0, 1]
    assert cut[0].cut_s == pytest.approx(2.0)


def test_the_tracklets_of_a_long_track_get_longer() -> None:
    cut, _ = watch(TrackletBuffer("door", "r", CLIP, TrackletParams(slot_s=0.25, max_slot_s=2.0)), 60.0)
    lengths = np.diff([t.cut_s for t in cut[:-1]])
    assert (np.diff(lengths) >= -1e-6).all()
    assert lengths[-1] == pytest.approx(8.0, abs=0.5)
    assert len(cut) < 12


def test_a_track_that_ends_leaves_what_it_has_and_an_end() -> None:
    cut, ended = watch(TrackletBuffer("door", "r", CLIP, TrackletParams(slot_s=0.5)), 1.2)
    assert [len(t.crops) for t in cut] == [3]
    assert [(e.track.track, e.start_s, e.cut_s) for e in ended] == [(1, 0.0, 1.2)]
    assert ended[0].end_s == pytest.approx(1.1)


def test_a_track_without_a_good_crop_gives_its_best_and_says_how_poor_it_is() -> None:
    buffer = TrackletBuffer("door", "r", CLIP)
    cut, ended = watch(buffer, 2.0, score=0.2)
    assert len(cut) == 2
    assert all((each.quality < GOOD_QUALITY).all() for each in cut)
    assert len(ended) == 1
    assert buffer.verdicts["confidence"] == 20
    assert (buffer.not_cut, len(buffer)) == ({}, 0)


def test_poor_crops_wait_no_longer_than_good_ones() -> None:
    poor, good = (watch(TrackletBuffer("door", "r", CLIP), 2.0, score=score)[0] for score in (0.2, 0.9))
    assert [each.cut_s for each in poor] == [each.cut_s for each in good]


def test_poor_crops_are_left_out_where_there_are_good_ones() -> None:
    buffer = TrackletBuffer("door", "r", CLIP)
    for i, score in enumerate([0.2] * 5 + [0.9] * 6 + [0.2] * 30):
        cut, _ = buffer.add(frame(i / 10), tracks({1: PERSON}, score=score))
        assert cut == []
    (last,), _ = buffer.end(np.array([1]), 4.1)
    assert last.times_s.tolist() == pytest.approx([0.5, 0.8])
    assert (last.quality >= GOOD_QUALITY).all()


def test_one_good_crop_is_joined_by_the_best_poor_ones() -> None:
    buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(slot_s=0.2))
    for i, score in enumerate([0.2, 0.4, 0.4, 0.9, 0.3]):
        buffer.add(frame(i / 5), tracks({1: PERSON}, score=score))
    (cut,), _ = buffer.end(np.array([1]), 2.0)
    assert cut.times_s.tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_a_track_that_was_seen_well_once_needs_no_poor_tracklets() -> None:
    buffer = TrackletBuffer("door", "r", CLIP)
    cut: list[Tracklet] = []
    for i in range(200):
        cut += buffer.add(frame(i / 10), tracks({1: PERSON}, score=0.9 if i < 15 else 0.2))[0]
    last, _ = buffer.end(np.array([1]), 20.0)
    assert len(cut + last) == 1


FAR, WIDE, LEFT = (100.0, 100.0, 112.0, 120.0), (100.0, 100.0, 300.0, 260.0), (0.0, 100.0, 30.0, 260.0)
GREY = np.full_like(NOISE, 90)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ([(FAR, 0.9, NOISE)] * 3, "size"),
        ([(WIDE, 0.9, NOISE)] * 3, "aspect"),
        ([(LEFT, 0.9, NOISE)] * 3, "edge"),
        ([(PERSON, 0.2, NOISE)] * 3, "confidence"),
        ([(PERSON, 0.9, GREY)] * 3, "blur"),
        ([(FAR, 0.9, NOISE), (LEFT, 0.9, NOISE), (LEFT, 0.9, NOISE), (PERSON, 0.9, NOISE)], "edge"),
        ([(PERSON, 0.9, NOISE)] * 3, "too_short"),
        ([(FAR, 0.9, NOISE), (PERSON, 0.9, NOISE), (PERSON, 0.9, NOISE)], "too_short"),
    ],
)
def test_a_track_that_leaves_no_tracklet_has_one_reason_which_is_what_most_of_its_boxes_had_against_them(
    seen: list[tuple[tuple[float, ...], float, NDArray[np.uint8]]], reason: str
) -> None:
    for with_the_stream in (False, True):
        buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(slot_s=1.0))
        for i, (box, score, image) in enumerate(seen):
            buffer.add(frame(i / 10, image), tracks({1: box}, score=score))
        cut_last, (end,) = buffer.end(np.array([1]), 0.5, with_the_stream=with_the_stream)
        assert cut_last == []
        assert end.track.track == 1
        expected = "stream_ended" if with_the_stream and reason == "too_short" else reason
        assert buffer.not_cut == {expected: 1}


def test_a_track_that_left_a_tracklet_is_not_among_those_that_left_none() -> None:
    buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(slot_s=0.25, slot_growth=1.0))
    cut, _ = watch(buffer, 1.3)
    assert [len(t.crops) for t in cut] == [4]
    assert buffer.not_cut == {}


def test_the_best_crop_of_a_slot_is_kept() -> None:
    buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(slot_s=1.0, min_crops=1))
    for time_s, score in ((0.0, 0.6), (0.2, 0.95), (0.4, 0.7)):
        buffer.add(frame(time_s), tracks({1: PERSON}, score=score))
    (cut,), _ = buffer.end(np.array([1]), 0.5)
    assert cut.times_s.tolist() == [0.2]
    assert (buffer.verdicts["kept"], buffer.verdicts["surplus"]) == (2, 1)


def test_a_blurred_crop_is_poor() -> None:
    buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(min_crops=1))
    buffer.add(frame(0.0, np.full_like(NOISE, 90)), tracks({1: PERSON}))
    (cut,), _ = buffer.end(np.array([1]), 0.5)
    assert buffer.verdicts["blur"] == 1
    assert cut.quality[0] < GOOD_QUALITY


def test_a_box_outside_the_image_is_no_crop() -> None:
    buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(gate=GateParams(edge_px=-1)))
    buffer.add(frame(0.0), tracks({1: (700, 100, 760, 260), 2: (100, 500, 160, 660)}))
    assert buffer.verdicts["kept"] == 0


def test_senseless_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="slot_s > 0"):
        TrackletParams(slot_s=0)
    with pytest.raises(ValueError, match="still_after_s of at least 0"):
        TrackletParams(still_after_s=-1)


def test_of_what_neither_moves_nor_changes_there_is_no_tracklet() -> None:
    buffer = TrackletBuffer("door", "r", CLIP)
    for i in range(120):
        cut, _ = buffer.add(frame(i / 10, NOISE), tracks({1: PERSON}))
        assert cut == []
    cut, (end,) = buffer.end(np.array([1]), 12.0)
    assert (cut, end.track.track, buffer.not_cut) == ([], 1, {"still": 1})


def test_whoever_moves_after_all_is_handed_on() -> None:
    buffer = TrackletBuffer("door", "r", CLIP)
    cut: list[Tracklet] = []
    for i in range(200):
        to_the_right = max(0, i - 150)
        box = PERSON[0] + to_the_right, PERSON[1], PERSON[2] + to_the_right, PERSON[3]
        cut += buffer.add(frame(i / 10, NOISE), tracks({1: box}))[0]
    assert [each.tracklet_index for each in cut] == list(range(len(cut)))
    assert cut[0].cut_s > 15.0


def test_a_track_that_was_still_too_short_to_tell_is_handed_on_when_it_ends() -> None:
    buffer = TrackletBuffer("door", "r", CLIP)
    for i in range(60):
        assert buffer.add(frame(i / 10, NOISE), tracks({1: PERSON}))[0] == []
    (cut,), _ = buffer.end(np.array([1]), 6.0)
    assert (cut.tracklet_index, len(cut.crops)) == (0, 4)


def test_a_stretch_begins_with_the_track_though_its_first_crops_were_poor() -> None:
    """Or a track that began beside another would seem to have come after it, and could be the same person."""
    buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(slot_s=0.25, slot_growth=1.0))
    cut: list[Tracklet] = []
    for i in range(60):
        score = 0.2 if i < 8 else 0.9
        cut += buffer.add(frame(i / 10), tracks({1: PERSON}, score=score))[0]
    assert cut[0].start_s == 0.0
    assert cut[0].times_s[0] == pytest.approx(0.8)
    assert cut[1].start_s == cut[0].cut_s


@pytest.mark.parametrize("box", [(100.0, 100.0, 125.0, 160.0), PERSON], ids=["smaller than a crop", "larger"])
def test_a_crop_is_what_training_would_have_cut_out_of_the_frame(box: tuple[float, ...]) -> None:
    buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(min_crops=1))
    buffer.add(frame(0.0), tracks({1: box}))
    (found,), _ = buffer.end(np.array([1]), 0.5)
    np.testing.assert_array_equal(found.crops, cut(NOISE, np.array([box], np.float32), height=64, width=32))


def test_a_crop_does_not_change_with_the_frame_that_it_was_cut_from() -> None:
    image = NOISE.copy()
    buffer = TrackletBuffer("door", "r", CLIP, TrackletParams(min_crops=1))
    buffer.add(frame(0.0, image), tracks({1: (100.0, 100.0, 125.0, 160.0), 2: (200.0, 100.0, 260.0, 260.0)}))
    image[:] = 0
    cut_now, _ = buffer.end(np.array([1, 2]), 0.5)
    assert all(each.crops.any() for each in cut_now)
