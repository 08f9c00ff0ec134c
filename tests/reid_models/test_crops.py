import numpy as np
import pytest

from reid_models.crops import cut, resize

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def box(*corners: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([corners], np.float32)


def test_a_box_of_the_crops_size_is_cut_pixel_by_pixel() -> None:
    np.testing.assert_array_equal(cut(IMAGE, box(10, 20, 26, 52), height=32, width=16)[0], IMAGE[20:52, 10:26])


def test_every_box_becomes_a_crop_of_the_same_size_in_order() -> None:
    boxes = np.array([[0, 0, 10, 20], [30, 5, 77, 59], [1, 1, 2, 2]], np.float32)
    crops = cut(IMAGE, boxes, height=32, width=16)
    assert (crops.shape, crops.dtype.name) == ((3, 32, 16, 3), "uint8")
    for crop, row in zip(crops, boxes, strict=True):
        np.testing.assert_array_equal(crop, cut(IMAGE, row[None], height=32, width=16)[0])
    assert cut(IMAGE, boxes[:0], height=32, width=16).shape == (0, 32, 16, 3)


def test_what_lies_outside_the_image_is_left_out() -> None:
    inside = cut(IMAGE, box(0, 0, 16, 32), height=32, width=16)
    np.testing.assert_array_equal(cut(IMAGE, box(-9, -9, 16, 32), height=32, width=16), inside)


@pytest.mark.parametrize("corners", [(5, 5, 5, 9), (9, 9, 5, 5), (90, 0, 99, 9), (-9, 0, -1, 9), (5.1, 5, 5.4, 9)])
def test_a_box_without_a_pixel_in_the_image_is_refused(corners: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected boxes within an image of 80x60"):
        cut(IMAGE, box(*corners), height=32, width=16)


def test_a_box_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="expected boxes of finite numbers"):
        cut(IMAGE, box(0, 0, np.nan, 9), height=32, width=16)


def test_resizing_a_crop_is_the_same_rule_as_cutting_it() -> None:
    crop = IMAGE[None, 20:52, 10:26]
    np.testing.assert_array_equal(
        resize(crop, height=64, width=32), cut(IMAGE, box(10, 20, 26, 52), height=64, width=32)
    )
    assert resize(crop, height=32, width=16) is crop
