"""What would change most, by what a run has counted: the one or two settings, with the figures that speak for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.config import CameraConfig, PipelineConfig
from pipeline.telemetry.track_counts import NEAR, TrackCounts
from pipeline.view.frozen import CameraSummary

MOST_LINES = 2
LEAST_SHARE = 0.25
"""Of what is counted; less is not worth a line."""
LEAST_TRACKS = 4
LEAST_FRAMES = 100
"""Before nobody in them is strange."""


@dataclass(frozen=True, slots=True)
class _Advice:
    """One line, and how many tracks it may change."""

    tracks: float
    line: str


def advise(
    config: PipelineConfig, counts: Mapping[str, TrackCounts], cameras: Sequence[CameraSummary]
) -> tuple[str, ...]:
    """At most two lines, what changes most tracks first; none where nothing stands out.

    Args:
        config: of the run.
        counts: of each of its cameras.
        cameras: what came of them.
    """
    found = [each for camera in config.cameras for each in _of_camera(camera, counts[camera.name], config)]
    found += _of_site(counts, cameras)
    found.sort(key=lambda each: -each.tracks)
    return tuple(each.line for each in found[:MOST_LINES])


def _of_camera(camera: CameraConfig, counts: TrackCounts, config: PipelineConfig) -> Iterator[_Advice]:
    whole = camera.tiles.columns * camera.tiles.rows == 1
    if not counts.boxes and counts.frames >= LEAST_FRAMES:
        more = "`--tiles 2x2` finds small people" if whole else "a stronger detector (`--preset cpu`) may"
        yield _Advice(counts.frames, f"camera {camera.name}: nobody was found in {counts.frames:,} frames: {more}")
    boxes = sum(counts.boxes.values())
    for fault, count in counts.poor_boxes.items():
        share = count / boxes
        if share >= LEAST_SHARE and (words := _of_fault(fault, config, whole=whole)):
            line = f"camera {camera.name}: {share:.0%} of the boxes {words}".replace("%", " %", 1)
            yield _Advice(share * counts.seen, line)
    if still := counts.not_encoded.get("still", 0):
        masks = "`ignore` ends them, with the masks that the log names"
        yield _Advice(
            still, f"camera {camera.name}: {still:,} of {counts.seen:,} tracks were things that never moved: {masks}"
        )
    lost = counts.not_encoded.get("too_short", 0)
    if lost >= max(LEAST_TRACKS, LEAST_SHARE * counts.seen):
        yield _Advice(
            lost, f"camera {camera.name}: {lost:,} of {counts.seen:,} tracks were too short: {_why_short(counts)}"
        )


def _of_fault(fault: str, config: PipelineConfig, *, whole: bool) -> str | None:
    """What was so of the boxes, and what would change it."""
    gate = config.tracklets.gate
    tiles = "; `--tiles 2x2` finds them more surely" if whole else ""
    stronger = "`--tiles 2x2`" if whole else "a stronger detector, such as that of `--preset cpu`"
    words = {
        "size": f"were under {gate.min_height_px:.0f} px high: take the camera's larger stream, or a nearer one{tiles}",
        "confidence": f"were doubtful: {stronger}",
        "edge": "were cut by the edge of the image: turn the camera to where people walk",
        "overlap": "were of people behind others: a steeper view",
        "blur": "were blurred: a shorter exposure, more light, or the focus",
        "aspect": "had the shape of no person: `ignore` where there are things",
    }
    return words.get(fault)


def _why_short(counts: TrackCounts) -> str:
    share = counts.dropped / max(counts.frames + counts.dropped, 1)
    if share >= LEAST_SHARE:
        return f"{share:.0%} of the frames were dropped; a smaller `max_fps` or a lighter detector".replace(
            "%", " %", 1
        )
    return "the tracker loses people; a longer `lost_after_s` in `tracker: {params}`"


def _of_site(counts: Mapping[str, TrackCounts], cameras: Sequence[CameraSummary]) -> Iterator[_Advice]:
    named = sum(camera.named for camera in cameras)
    near = sum(each.near_misses for each in counts.values())
    if near >= max(LEAST_TRACKS, LEAST_SHARE * named):
        yield _Advice(
            near,
            f"{near:,} of {named:,} tracks missed somebody by less than {NEAR}: `reid-pipeline calibrate`, or a lower "
            "`matching: {params: {threshold}}`, if they are one person",
        )
        return
    is_several = sum(camera.named > 0 for camera in cameras) > 1
    if is_several and named >= 2 * LEAST_TRACKS and not any(camera.joined for camera in cameras):
        yield _Advice(named, "nobody was seen in two cameras: have they one clock (`starts_at`), and does `site` fit?")
