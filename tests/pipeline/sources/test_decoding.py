from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.sources.decoding import RgbConverter, Video, decode_image
from pipeline.sources.errors import ErrorCode, SourceError


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "nv12", "gray", "bgr24", "rgb24"])
def test_every_pixel_format_becomes_contiguous_rgb(pixel_format: str) -> None:
    grey = av.VideoFrame.from_ndarray(np.full((50, 70, 3), 120, np.uint8), "rgb24").reformat(format=pixel_format)
    image = RgbConverter()(grey)
    assert image.shape == (50, 70, 3)
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - 120).max() <= 2


def test_one_converter_takes_frames_of_changing_size_and_keeps_none_of_them() -> None:
    to_rgb = RgbConverter()
    images = []
    for level, (height, width) in enumerate([(48, 64), (96, 130), (48, 64)]):
        frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), 60 + level * 60, np.uint8), "rgb24")
        images.append(to_rgb(frame.reformat(format="yuv420p")))
    assert [image.shape for image in images] == [(48, 64, 3), (96, 130, 3), (48, 64, 3)]
    assert [round(image.mean() / 60) for image in images] == [1, 2, 3]


def test_an_image_file_is_decoded_as_opencv_does_it(tmp_path: Path) -> None:
    soft = cv2.resize(np.random.default_rng(0).integers(90, 160, (6, 8, 3), np.uint8), (80, 60))
    for suffix, tolerance in (("png", 0.0), ("jpg", 2.0)):
        path = tmp_path / f"image.{suffix}"
        cv2.imwrite(str(path), soft)
        theirs = cv2.imread(str(path))
        assert theirs is not None
        assert np.abs(decode_image(path, RgbConverter()).astype(int) - theirs[:, :, ::-1]).mean() <= tolerance


def test_a_video_that_cannot_be_opened_is_called_by_its_name_not_by_its_address(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^camera door: not found$") as caught:
        Video(str(tmp_path / "s3cret.mp4"), "camera door")
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert caught.value.__context__ is None


def test_colours_come_through_4_2_0() -> None:
    rows, columns = np.mgrid[0:64, 0:96]
    image = np.stack([rows * 3, columns * 2, 255 - rows - columns], axis=2).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p", dst_colorspace="ITU601")
    assert np.abs(RgbConverter()(frame).astype(int) - image).mean() < 3


@pytest.mark.parametrize(("pixel_shape", "size"), [((2, 1), (48, 128)), ((1, 2), (96, 64)), ((1, 1), (48, 64))])
def test_people_are_as_slim_as_a_player_shows_them(
    tmp_path: Path, pixel_shape: tuple[int, int], size: tuple[int, int]
) -> None:
    path = tmp_path / "substream.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(*pixel_shape)
        left_half = np.zeros((48, 64, 3), np.uint8)
        left_half[:, :32] = 200
        container.mux(stream.encode(av.VideoFrame.from_ndarray(left_half, "rgb24")))
        container.mux(stream.encode())
    with closing(Video(str(path), "camera door")) as video:
        (decoded,) = video.decoded_images()
    assert decoded.image.shape[:2] == size
    columns = decoded.image.mean(axis=(0, 2)) > 100
    assert abs(columns.mean() - 0.5) < 0.05
