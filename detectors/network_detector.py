"""People by an exported network of any family."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import clip, nms
from detectors.detections import Detections
from detectors.fitting import Fit, fill_input, fit_image, to_image
from detectors.network_params import NetworkParams
from detectors.reader import Candidates, Outputs
from detectors.readers import reader_of
from reid_runtime.batches import rows_at_once, rows_in_run, run_batch
from reid_runtime.card import ArtefactError
from reid_runtime.session import Session

MAX_CANDIDATES = 1000  # NMS compares all pairs: bounds its memory when everything looks like a person


class NetworkDetector:
    """Keeps nothing between calls, so threads share it."""

    def __init__(self, session: Session, params: NetworkParams | None = None) -> None:
        """Takes a session whose card says a family of detectors.

        Raises:
            ArtefactError: if the card is of another family, or does not say which images it takes.
        """
        card = session.card
        self._reader = reader_of(card.family, card.name)
        if card.detection is None:
            raise ArtefactError(
                f"{card.name}: expected a card with `detection`, found none: write a new one with `reid-pipeline adopt`"
            )
        self._spec = card.detection
        self._session = session
        self._params = params or NetworkParams()
        self._decode = self._reader.decoder(card)

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Detector.detect`.

        Raises:
            ArtefactError: if the network yields NaN or infinity for somebody.
        """
        size = rows_at_once(self._session.card, min(self._params.max_batch, self._reader.most_images))
        found: list[Detections] = []
        for start in range(0, len(images), size):
            found += self._detect(images[start : start + size])
        return found

    def _detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """The people of one run's images."""
        card = self._session.card
        fits = [fit_image(image, self._spec) for image in images]
        rows = fill_input(images, fits, self._spec, card.pixels)
        further = self._reader.family.further_inputs(card, rows_in_run(card, len(images)))
        outputs = run_batch(self._session, rows, further)
        return [
            self._settle(self._decode(_row(outputs, index), self._params.score), fit, image)
            for index, (fit, image) in enumerate(zip(fits, images, strict=True))
        ]

    def _settle(self, found: Candidates, fit: Fit, image: NDArray[np.uint8]) -> Detections:
        """The people among the candidates, in pixels of their image."""
        if not (np.isfinite(found.boxes).all() and np.isfinite(found.scores).all()):
            raise ArtefactError(
                f"{self._session.card.name} yields boxes or scores of NaN or infinity: the file is damaged, or its "
                "half precision is too small for it: take it from its origin anew, or in single precision"
            )
        best = np.argsort(-found.scores, kind="stable")[:MAX_CANDIDATES]
        boxes, scores = to_image(found.boxes[best], fit), found.scores[best]
        most = self._params.max_detections
        if self._reader.has_doubles:
            kept = nms(boxes, scores, max_iou=self._params.nms_iou, max_boxes=most)
            boxes, scores = boxes[kept], scores[kept]
        height, width = image.shape[:2]
        boxes = clip(boxes, height=height, width=width)
        has_room = (boxes[:, :2] < boxes[:, 2:]).all(axis=1)
        return Detections(boxes[has_room][:most], np.minimum(scores[has_room][:most], 1.0))


def _row(outputs: dict[str, NDArray[Any]], index: int) -> Outputs:
    """What a network said of one image, in single precision."""
    return {
        name: output[index].astype(np.float32, copy=False) if output.dtype == np.float16 else output[index]
        for name, output in outputs.items()
    }
