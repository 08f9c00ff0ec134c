"""A network in half precision or in 8 bits without asking whether it is still any good: of random weights nothing is.

python -m benchmarks.capacity.lower_ungated NETWORK.onnx OUT.onnx fp16|int8    writes OUT.onnx with its card
"""

import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnx
from numpy.typing import NDArray

from export.precision.graphs import publish, read_prepared, save
from export.precision.half import to_half
from export.precision.quantise import measure_ranges, quantised
from export.target import folder_beside
from reid_runtime.card import ModelCard, Precision, TensorSpec, read_card


def main() -> int:
    source, out, precision = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    if precision not in get_args(Precision):
        sys.exit(f"expected {', '.join(get_args(Precision))}, found {precision}")
    card = read_card(source)
    with folder_beside(out) as folder:
        model = read_prepared(source, folder)
        lowered = to_half(model).model if precision == "fp16" else in_8_bits(model, card, folder)
        made = save(lowered, folder / out.name)
        fields = {"file": out.name, "precision": precision}
        publish(made, out, lambda sha256: card.model_copy(update={**fields, "sha256": sha256}))
    return 0


def in_8_bits(model: onnx.ModelProto, card: ModelCard, folder: Path) -> onnx.ModelProto:
    """With scales of noise, which change nothing of whether a parser takes the file."""
    feeds = [{spec.name: noise(spec, card) for spec in card.inputs}]
    return quantised(model, measure_ranges(model, feeds, "minmax", folder))


def noise(spec: TensorSpec, card: ModelCard) -> NDArray[Any]:
    frames = card.clip.frames if card.clip is not None else 1
    shape = [1 if axis == 0 and size is None else size or frames for axis, size in enumerate(spec.shape)]
    return np.random.default_rng(0).integers(0, 256, shape).astype(spec.dtype)


if __name__ == "__main__":
    sys.exit(main())
