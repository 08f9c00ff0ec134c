import pytest

from detectors.tiling import TilingParams
from pipeline.commands.advice import advise
from pipeline.config import CameraConfig, PipelineConfig
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.track_counts import TrackCounts, count_tracks
from pipeline.view.frozen import CameraSummary


def config(*names: str, tiles: TilingParams | None = None) -> PipelineConfig:
    cameras = (CameraConfig(name=name, source=f"{name}.mp4", tiles=tiles or TilingParams()) for name in names)
    return PipelineConfig(cameras=tuple(cameras))


def counted(
    seen: int = 20, kept: int = 100, too_short: int = 0, dropped: int = 0, near_misses: int = 0, **poor: int
) -> TrackCounts:
    not_encoded = {"too_short": too_short}
    boxes = {"kept": kept, **poor}
    return TrackCounts(500, seen, seen - too_short, not_encoded, boxes, dropped, near_misses)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        (counted(size=150), "camera door: 60 % of the boxes were under 48 px high: take the camera's larger stream"),
        (counted(confidence=100), "camera door: 50 % of the boxes were doubtful: `--tiles 2x2`"),
        (counted(blur=100), "camera door: 50 % of the boxes were blurred: a shorter exposure"),
        (counted(too_short=9), "camera door: 9 of 20 tracks were too short: the tracker loses people"),
        (counted(too_short=9, dropped=500), "too short: 50 % of the frames were dropped; a smaller `max_fps`"),
        (counted(kept=0), "camera door: nobody was found in 500 frames: `--tiles 2x2`"),
    ],
)
def test_what_most_boxes_or_tracks_had_against_them_is_told_with_what_would_change_it(
    counts: TrackCounts, line: str
) -> None:
    if not counts.boxes["kept"]:
        counts = TrackCounts(500)
    (found,) = advise(config("door"), {"door": counts}, [CameraSummary("door", 500, 20)])
    assert line in found


def test_nothing_is_told_where_nothing_stands_out() -> None:
    counts = counted(size=10, edge=8, overlap=9, too_short=1)
    assert advise(config("door"), {"door": counts}, [CameraSummary("door", 500, 20, named=19)]) == ()


def test_only_the_two_that_change_most_are_told() -> None:
    counts = {
        "door": counted(seen=100, kept=140, size=100, edge=60),
        "yard": counted(seen=10, overlap=300, confidence=200),
    }
    lines = advise(config("door", "yard"), counts, [CameraSummary("door", 500, 100), CameraSummary("yard", 500, 10)])
    assert [line.split(" of the boxes ")[0] for line in lines] == ["camera door: 33 %", "camera yard: 50 %"]


def test_things_that_never_moved_are_told_with_what_ends_them() -> None:
    counts = {"door": TrackCounts(500, 20, 18, {"still": 2}, {"kept": 100})}
    (line,) = advise(config("door"), counts, [CameraSummary("door", 500, 20, named=18)])
    assert line.startswith("camera door: 2 of 20 tracks were things that never moved: `ignore` ends them")


def test_who_has_tiles_is_not_told_to_take_them() -> None:
    (line,) = advise(
        config("door", tiles=TilingParams(2, 2)), {"door": counted(confidence=100)}, [CameraSummary("door", 500, 20)]
    )
    assert "--tiles" not in line


def test_tracks_that_nearly_were_somebody_are_told() -> None:
    cameras = [CameraSummary("door", 500, 10, named=10), CameraSummary("yard", 500, 10, named=10)]
    counts = {"door": counted(near_misses=4), "yard": counted(near_misses=5)}
    (line,) = advise(config("door", "yard"), counts, cameras)
    assert line.startswith("9 of 20 tracks missed somebody by less than 0.1: `reid-pipeline calibrate`")


def test_cameras_that_share_nobody_are_told() -> None:
    cameras = [CameraSummary(name, 500, 10, named=10) for name in ("door", "yard")]
    (line,) = advise(config("door", "yard"), {"door": counted(), "yard": counted()}, cameras)
    assert line.startswith("nobody was seen in two cameras")


def test_the_counts_of_a_camera_say_how_many_tracks_nearly_were_somebody() -> None:
    metrics = Metrics()
    for excess in (-0.5, -0.12, -0.09, -0.01, 0.02):
        metrics.rejected_excess.labels(camera="door").observe(excess)
    metrics.gate.labels(camera="door", verdict="kept").inc(3)
    metrics.gate.labels(camera="door", verdict="blur").inc(1)
    counts = count_tracks(metrics.registry, ["door"])["door"]
    assert (counts.near_misses, counts.poor_share) == (2, "25 % (blur 25)")
