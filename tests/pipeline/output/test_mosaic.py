from pathlib import Path

import av
import numpy as np

from pipeline.output.mosaic import BAR_PX, CELL, caption, tile, write_mosaic
from testing.scene import video


def test_cameras_lie_side_by_side_and_none_is_distorted() -> None:
    red, tall = np.full((90, 160, 3), (200, 0, 0), np.uint8), np.full((200, 50, 3), (0, 0, 200), np.uint8)
    whole = tile([red, tall, red])
    width, height = CELL
    assert whole.shape == (2 * height, 2 * width, 3)
    assert whole[height // 2, width // 2].tolist() == [200, 0, 0]
    assert whole[height // 2, width + width // 2].tolist() == [0, 0, 200]
    assert whole[height // 2, width + 10].tolist() != [0, 0, 200], "a tall image has bars beside it"


def test_a_caption_stands_above_the_image_and_covers_none_of_it() -> None:
    image = np.full((60, 200, 3), 77, np.uint8)
    captioned = caption(image, "door", "12:00:00")
    assert captioned.shape == (60 + BAR_PX, 200, 3)
    assert (captioned[BAR_PX:] == image).all()
    assert len(np.unique(captioned[:BAR_PX])) > 2


def test_the_videos_of_a_run_become_one_that_lasts_as_long_as_they_do_together(tmp_path: Path) -> None:
    door, yard = (video(tmp_path / f"{name}.mp4", [("red", 0.0, 2.0)], 2.0) for name in ("door", "yard"))
    path = tmp_path / "mosaic.mp4"
    count = write_mosaic({"door": (door, 100.0), "yard": (yard, 101.0)}, path, lambda time_s: f"{time_s:.1f}", fps=5)
    with av.open(str(path)) as made:
        assert sum(1 for _ in made.decode(video=0)) == count
    assert 3.0 - 0.5 <= count / 5 <= 3.0 + 0.5
