from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reid_models.clip_encoder import ClipEncoder
from reid_models.ranking import DISTRACTOR
from reid_models.tracklet_folder import TrackletFolderError, encode_tracklets, labels, read_clip, read_folder
from reid_runtime.card import ClipSpec, Pixels
from testing.networks import MemorySession, card


def put(folder: Path, name: str, value: int = 0) -> Path:
    path = folder / name[:4] / name
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), np.full((16, 8, 3), (value, 0, 200), np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 100])
    return path


def test_tracklets_come_by_person_camera_and_number(tmp_path: Path) -> None:
    for name in ("0007C2T0001F002.jpg", "0007C2T0001F001.jpg", "0003C1T0002F001.jpg", "00-1C1T0001F001.jpg"):
        put(tmp_path, name)
    (tmp_path / "notes.txt").write_text("not a crop")
    found = read_folder(tmp_path)
    assert [(t.person, t.camera, t.number, len(t.files)) for t in found] == [(-1, 1, 1, 1), (3, 1, 2, 1), (7, 2, 1, 2)]
    assert [file.name[-8:] for file in found[2].files] == ["F001.jpg", "F002.jpg"]
    np.testing.assert_array_equal(labels(found).persons, [-1, 3, 7])
    np.testing.assert_array_equal(labels(found).cameras, [1, 1, 2])


def test_distractors_of_mars_are_nobody_of_a_name(tmp_path: Path) -> None:
    for name in ("0000C1T0001F001.jpg", "0000C2T0002F001.jpg", "00-1C1T0001F001.jpg", "0004C1T0001F001.jpg"):
        put(tmp_path, name)
    found = read_folder(tmp_path)
    assert [(t.person, t.is_named) for t in found] == [(DISTRACTOR, False), (DISTRACTOR, False), (-1, False), (4, True)]


def test_a_clip_is_red_green_blue_at_the_size_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "0001C1T0001F001.jpg")
    (tracklet,) = read_folder(tmp_path)
    clip = read_clip(tracklet, ClipSpec(frames=3, height=32, width=16))
    assert (clip.shape, clip.dtype.name) == ((3, 32, 16, 3), "uint8")
    np.testing.assert_allclose(clip.mean(axis=(0, 1, 2)), [200, 0, 0], atol=3)


def test_a_folder_that_is_missing_or_empty_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(TrackletFolderError, match="expected a folder of tracklets at"):
        read_folder(tmp_path / "gone")
    (tmp_path / "person.jpg").write_bytes(b"")
    with pytest.raises(TrackletFolderError, match="expected crops named <person>C<camera>T<tracklet>F<frame>"):
        read_folder(tmp_path)


def test_a_crop_that_is_no_image_is_named(tmp_path: Path) -> None:
    path = put(tmp_path, "0001C1T0001F001.jpg")
    path.write_bytes(b"spoilt")
    with pytest.raises(TrackletFolderError, match=r"expected an image at .*0001C1T0001F001\.jpg"):
        read_clip(read_folder(tmp_path)[0], ClipSpec(1, 16, 8))


@pytest.mark.parametrize(("spoilt", "left"), [([3], [10, 20]), ([], [10, 20, 30])])
def test_a_tracklet_without_a_vector_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoilt: list[int], left: list[int]
) -> None:
    for person in (10, 20, 30):
        put(tmp_path, f"{person:04}C5T0001F001.jpg", value=person)

    def network(clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        vectors = np.asarray(clips.mean(axis=(1, 2, 3)), np.float32)
        vectors[np.isin(np.rint(vectors[:, 2] / 10), spoilt)] = np.nan
        return vectors

    raw = Pixels(order="rgb", layout="nthwc", dtype="uint8")
    session = MemorySession(card((None, 1, 16, 8, 3), family="clip", pixels=raw, clip=ClipSpec(1, 16, 8)), network)
    kept, vectors = encode_tracklets(ClipEncoder(session), read_folder(tmp_path))
    assert [tracklet.person for tracklet in kept] == left
    assert (len(vectors), bool(np.isfinite(vectors).all())) == (len(left), True)
    assert bool(spoilt) == ("of 1 of 3 tracklets, which are dropped, the first one that of camera 5" in caplog.text)


def test_a_folder_of_which_nothing_comes_is_one_line(tmp_path: Path) -> None:
    put(tmp_path, "0001C1T0001F001.jpg")
    raw = Pixels(order="rgb", layout="nthwc", dtype="uint8")
    session = MemorySession(
        card((None, 1, 16, 8, 3), family="clip", pixels=raw, clip=ClipSpec(1, 16, 8)),
        lambda clips: np.zeros((len(clips), 3), np.float32),
    )
    with pytest.raises(TrackletFolderError, match="tiny@000000000000 made NaN or zeros of all 1 tracklets"):
        encode_tracklets(ClipEncoder(session), read_folder(tmp_path))


@pytest.mark.shared
def test_the_tracklets_of_mars_are_all_there(shared: Path) -> None:
    found = read_folder(shared / "data/reid/mars_query_half/bbox_test")
    assert (len(found), len({t.person for t in found}), len({t.camera for t in found})) == (823, 302, 6)
    assert {len(t.files) for t in found} == {8}
