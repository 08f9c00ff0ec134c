"""What may be set of a detector's network, whatever its family."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NetworkParams:
    """
    Attributes:
        score: detections below are dropped; low, because a tracker can use weak ones for tracks that it knows.
        nms_iou: two boxes that overlap more are one person; families that settle that inside ignore it.
        max_detections: per image.
        max_batch: images per run where the network leaves the batch free; more than 1 pays on a GPU only.
    """

    score: float = 0.1
    nms_iou: float = 0.45
    max_detections: int = 300
    max_batch: int = 1
