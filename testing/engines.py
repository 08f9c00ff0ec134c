"""Engines for tests: small networks with their cards, and cards of engines that nobody built."""

from importlib.util import find_spec
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from reid_runtime.card import ClipSpec, ModelCard, Pixels, TensorSpec, artefact_sha256, write_card
from reid_runtime.engine_card import EngineCard
from testing.networks import card as card_of
from testing.networks import mean_network

CLIPS = Pixels(order="rgb", layout="nthwc", dtype="uint8")


def need_rtx() -> None:
    """Skips where TensorRT-RTX is not installed."""
    if find_spec("tensorrt_rtx_libs") is None:
        pytest.skip("TensorRT-RTX is not installed: the extra `rtx`")


def clip_network(path: Path, *, frames: int = 4, takes_others: bool = True) -> Path:
    """Bytes of any number of clips of any length, transposed and averaged: (N, T, 8, 4, 3) -> (N, T, 3).

    Args:
        path: to write.
        frames: that serving gives it.
        takes_others: whether the card lets it have clips of other lengths.
    """
    mean_network(path, ["n", "t", 8, 4, 3], axes=[2, 3], dtype=TensorProto.UINT8)
    model = onnx.load(path)
    model.graph.node[0].input[0] = "transposed"
    model.graph.node[1].attribute[0].ints[:] = [3, 4]
    model.graph.node.insert(0, helper.make_node("Transpose", ["in"], ["transposed"], perm=[0, 1, 4, 2, 3]))
    onnx.save(model, path)
    given = TensorSpec(name="in", shape=(None, None if takes_others else frames, 8, 4, 3), dtype="uint8")
    return with_card(path, given, CLIPS, clip=ClipSpec(frames, 8, 4))


def image_network(path: Path) -> Path:
    """(N, 3, 8, 4) -> (N, 3)."""
    mean_network(path, ["n", 3, 8, 4], axes=[2, 3])
    return with_card(
        path, TensorSpec(name="in", shape=(None, 3, 8, 4), dtype="float32"), Pixels(order="rgb", layout="nchw")
    )


def with_card(path: Path, given: TensorSpec, pixels: Pixels, *, clip: ClipSpec | None = None) -> Path:
    """Writes the card of a network whose output has no size that is known."""
    axes = 3 if pixels.layout == "nthwc" else 2
    output = TensorSpec(name="out", shape=(None,) * axes, dtype="float32")
    update = {"inputs": (given,), "outputs": (output,), "pixels": pixels, "sha256": artefact_sha256(path), "clip": clip}
    write_card(card_of(given.shape).model_copy(update=update), path)
    return path


def engine_card(**fields: object) -> EngineCard:
    """Of an engine of TensorRT that was built on an A10."""
    usual: dict[str, object] = {
        "runtime": "tensorrt",
        "version": "10.16.1.11",
        "targets": ("8.6",),
        "gpu": "NVIDIA A10",
        "shapes": (),
        "onnx": "net.onnx",
        "onnx_sha256": "0" * 64,
        "command": "reid-export engine net.onnx net.engine --for tensorrt",
    }
    return EngineCard.model_validate(usual | fields)


def stored_engine(path: Path, engine: EngineCard, content: bytes = b"an engine") -> ModelCard:
    """A file that says it is an engine, with its card."""
    path.write_bytes(content)
    card = card_of((None, 3, 8, 4)).model_copy(update={"engine": engine, "sha256": artefact_sha256(path)})
    write_card(card, path)
    return card
