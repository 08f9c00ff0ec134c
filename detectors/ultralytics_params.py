"""What may be set of Ultralytics' YOLO networks, readable where their library is not installed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UltralyticsParams:
    """What counts as a person, and where the network runs.

    Attributes:
        score: detections below are dropped; low, because a tracker can use weak ones for tracks that it knows.
        nms_iou: two boxes that overlap more are one person; networks without NMS ignore it.
        max_detections: per image.
        side_px: longer side of the network's input; that of the export for exported files.
        device: `cpu`, or the number of a GPU; a GPU that is not there is an error.
        max_batch: images per call of the network; 1 for exported files, unless exported for more.
    """

    score: float = 0.1
    nms_iou: float = 0.45
    max_detections: int = 300
    side_px: int = 640
    device: str = "cpu"
    max_batch: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.score < 1 or not 0 < self.nms_iou <= 1:
            raise ValueError(f"expected score and nms_iou between 0 and 1, found {self.score} and {self.nms_iou}")
        if min(self.max_detections, self.side_px, self.max_batch) < 1:
            raise ValueError(
                "expected max_detections, side_px and max_batch of at least 1, "
                f"found {self.max_detections}, {self.side_px} and {self.max_batch}"
            )
