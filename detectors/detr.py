"""Transformers that yield one box a query (RT-DETR, D-FINE, RF-DETR), in the forms in which they are exported.

- `split`: boxes as centre and size, shares of the image, and a logit for each class, of which each stands for itself
  (sigmoid); what `transformers`, RF-DETR and the authors' networks yield.
- `joined`: the same in one output, scores in the place of logits: older exports of Ultralytics.
- `rows`: centre, size, score and class of the best: newer exports of Ultralytics.
- `settled`: labels, boxes as corners in pixels, and scores; the size of the image is a second input: the authors' own
  exports of RT-DETR and D-FINE.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.grid import corners
from detectors.reader import (
    Candidates,
    Decode,
    Outputs,
    Reader,
    check_share,
    detection_of,
    likely,
    read_person,
    read_sizes,
)
from reid_runtime.card import DetectionSpec, ModelCard, Pixels, TensorSpec
from reid_runtime.family import Asked, Claim, Family, read_input
from reid_runtime.session import Arrays
from reid_runtime.signature import Signature, show_spec

PIXELS = Pixels(order="rgb", layout="nchw", scale=1 / 255)
IMAGENET = Pixels(order="rgb", layout="nchw", scale=1 / 255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
RF_DETR = {"dets", "labels"}
"""Names of RF-DETR's outputs, which wants ImageNet's mean and deviation taken off; the others do not."""
SCORE, CLASS, ROW = 4, 5, 6


@dataclass(frozen=True, slots=True)
class Form:
    """How a file says it.

    Attributes:
        kind: see above.
        boxes: name of the output with boxes.
        scores: of that with logits or scores; the same where there is one output.
        labels: of that with classes, `settled` only.
        classes: how many; None: its shapes do not say.
    """

    kind: Literal["split", "joined", "rows", "settled"]
    boxes: str
    scores: str
    labels: str = ""
    classes: int | None = None


def _decoder(card: ModelCard) -> Decode:
    spec = detection_of(card)
    form = _form(card.outputs)
    size = np.array([spec.width, spec.height] * 2, np.float32)

    def decode(outputs: Outputs, least: float) -> Candidates:
        scores = _scores(outputs, form, spec.person)
        kept = np.flatnonzero(likely(scores, least))
        boxes = outputs[form.boxes][kept, :4]
        return Candidates(boxes if form.kind == "settled" else corners(boxes) * size, scores[kept])

    return decode


def _scores(outputs: Outputs, form: Form, person: int) -> NDArray[np.float32]:
    """(Q,): how likely the box of each query is a person."""
    found = outputs[form.scores]
    match form.kind:
        case "split":
            return np.asarray(1 / (1 + np.exp(-found[:, person])), np.float32)
        case "joined":
            return found[:, 4 + person]
        case "rows":
            return np.where(found[:, CLASS] == person, found[:, SCORE], np.float32(0))
        case "settled":
            return np.where(outputs[form.labels] == person, found, np.float32(0))


def _form(outputs: tuple[TensorSpec, ...]) -> Form:
    """Raises ValueError if the outputs are those of none of the forms."""
    shapes = {spec.name: spec.shape for spec in outputs}
    if len(outputs) == 1:
        (name, shape), *_ = shapes.items()
        columns = int(shape[2] or 0) if len(shape) == 3 else 0
        if columns > 4 and (shape[1] is None or shape[1] > columns):  # fewer queries than classes has nobody
            return Form("rows", name, name) if columns == ROW else Form("joined", name, name, "", columns - 4)
    boxes = [name for name, shape in shapes.items() if len(shape) == 3 and shape[2] == 4]
    if len(boxes) > 1:  # four classes
        boxes = [name for name in boxes if "box" in name or "det" in name]
    others = {name: shape for name, shape in shapes.items() if name not in boxes}
    if len(boxes) == 1 and len(outputs) == 2:
        (logits, shape), *_ = others.items()
        if len(shape) == 3:
            return Form("split", boxes[0], logits, "", shape[2])
    if len(boxes) == 1 and len(outputs) == 3 and all(len(shape) == 2 for shape in others.values()):
        whole = [spec.name for spec in outputs if spec.name in others and spec.dtype.startswith("int")]
        if len(whole) == 1:
            (scores,) = others.keys() - {whole[0]}
            return Form("settled", boxes[0], scores, whole[0])
    raise ValueError(
        "yields boxes (N, queries, 4) and logits (N, queries, classes), both in one output, or labels, boxes and "
        f"scores, found {', '.join(map(show_spec, outputs))}"
    )


def _claim(signature: Signature, asked: Asked) -> Claim:
    form = _form(signature.outputs)
    usual = PIXELS if {spec.name for spec in signature.outputs} != RF_DETR else IMAGENET
    has_size = form.kind == "settled" and len(signature.inputs) == 2
    image, pixels = read_input(signature, usual, (None, 3, None, None), inputs=1 + has_size)
    if has_size and not _is_size(signature.inputs[1]):
        raise ValueError(f"takes the sizes of images, (N, 2) int64, found {show_spec(signature.inputs[1])}")
    person = read_person(signature, asked, form.classes, 0 if form.kind in ("rows", "settled") else None)
    return Claim(
        pixels=pixels,
        input_meaning="images, stretched to its size",
        output_meanings=_meanings(form),
        why=_why(form, signature),
        detection=read_sizes(image, signature, asked, "stretch", person),
    )


def _is_size(spec: TensorSpec) -> bool:
    return spec.dtype in ("int64", "int32", "float32") and len(spec.shape) == 2 and spec.shape[1] == 2


def _meanings(form: Form) -> dict[str, str]:
    match form.kind:
        case "split":
            return {form.boxes: "boxes: centre and size, as shares", form.scores: "a logit for each class"}
        case "joined":
            return {form.boxes: "per query: centre and size as shares, and one score per class"}
        case "rows":
            return {form.boxes: "rows: centre and size as shares, score, class"}
        case "settled":
            return {form.boxes: "boxes: x1 y1 x2 y2", form.scores: "scores", form.labels: "classes"}


def _why(form: Form, signature: Signature) -> str:
    match form.kind:
        case "split":
            return f"boxes ({form.boxes}) and {form.classes} logits ({form.scores}) for each query"
        case "joined":
            return f"a box and {form.classes} scores for each query"
        case "rows":
            return "rows of six: centre and size as shares, score and class"
        case "settled":
            return f"{form.labels}, {form.boxes} and {form.scores} of each query"


def _sizes(card: ModelCard, images: int) -> Arrays:
    """The size of each image, where the network wants to know it: that of its input, as boxes come for all families."""
    if len(card.inputs) == 1:
        return {}
    spec, size = detection_of(card), card.inputs[1]
    return {size.name: np.tile(np.array([[spec.width, spec.height]], size.dtype), (images, 1))}


def _check(outputs: Mapping[str, NDArray[Any]], card: ModelCard) -> None:
    form, spec = _form(card.outputs), detection_of(card)
    boxes = np.asarray(outputs[form.boxes][..., :4], np.float32).reshape(-1, 4)
    if form.kind == "settled":
        check_share(outputs[form.scores], "scores")
        return
    check_share(boxes, "boxes as shares of the image")
    if not (boxes[:, 2:] > 0).all():
        raise ValueError("expected a box of some size for each query, found one of none")
    if form.kind == "split":
        _check_logits(outputs[form.scores], spec)
    elif form.kind == "joined":
        check_share(outputs[form.scores][..., 4:], "scores")
    else:
        check_share(outputs[form.scores][..., SCORE], "scores")
        if (outputs[form.scores][..., CLASS] % 1 != 0).any():
            raise ValueError("expected whole numbers as classes in the sixth column, found others")


def _check_logits(logits: NDArray[Any], spec: DetectionSpec) -> None:
    """What a sigmoid has been over already would, once more, be at least .5 throughout."""
    if logits.shape[-1] <= spec.person:
        raise ValueError(f"expected a class {spec.person}, found {logits.shape[-1]} classes")
    if logits.min() >= 0 and logits.max() <= 1:
        raise ValueError("expected logits, found scores between 0 and 1: export without the sigmoid")


DETR = Family(name="detr", claim=_claim, check=_check, further_inputs=_sizes)
DETR_READER = Reader(DETR, _decoder, has_doubles=False)
