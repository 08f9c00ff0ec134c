"""Sizes of every input of an engine: those that the file fixes, and those that were asked for where it does not."""

from typing import Any

from export.engines.errors import EngineMisuseError
from export.engines.options import EngineOptions, Sizes
from reid_runtime.card import ModelCard
from reid_runtime.engine_card import ShapeRange

BATCH, FRAMES = "N", "T"
MOST_FRAMES = 16


def shape_ranges(card: ModelCard, options: EngineOptions) -> tuple[ShapeRange, ...]:
    """Of every input of a network, by its card.

    The first axis is the batch, and of clips and what goes with them the second is time.

    Raises:
        EngineMisuseError: if another axis is free, or serving gives clips of other lengths than were asked for.
    """
    sizes = {BATCH: options.batch, FRAMES: _frames(card, options.frames)}
    return tuple(_range(card, index, sizes) for index in range(len(card.inputs)))


def _frames(card: ModelCard, asked: Sizes | None) -> Sizes:
    served = card.clip.frames if card.clip is not None else 1
    sizes = asked or Sizes(1, served, max(served, MOST_FRAMES))
    if card.clip is None or card.inputs[0].shape[1] is not None:
        if asked is not None:
            takes = "images" if card.clip is None else f"clips of {card.inputs[0].shape[1]} frames and no others"
            raise EngineMisuseError(f"--frames: {card.file} takes {takes}: leave it away")
        return sizes
    if not sizes.least <= served <= sizes.most:
        raise EngineMisuseError(
            f"--frames: serving gives clips of {served} frames, found from {sizes.least} to {sizes.most}"
        )
    return sizes


def add_profile(builder: Any, config: Any, ranges: tuple[ShapeRange, ...]) -> None:
    """Tells the builder, where any axis is free."""
    profile = builder.create_optimization_profile()
    for each in ranges:
        profile.set_shape(each.name, each.least, each.usual, each.most)
    if any(each.least != each.most for each in ranges):
        config.add_optimization_profile(profile)


def _range(card: ModelCard, index: int, sizes: dict[str, Sizes]) -> ShapeRange:
    spec = card.inputs[index]
    axes = (BATCH, FRAMES) if card.pixels.layout == "nthwc" else (BATCH,)
    chosen: list[Sizes] = []
    for axis, size in enumerate(spec.shape):
        if size is None and axis >= len(axes):
            raise EngineMisuseError(
                f"{card.file}: axis {axis} of the input {spec.name} is free, expected free ones for "
                f"{' and '.join(axes)} alone: export it with that size fixed"
            )
        chosen.append(Sizes(size, size, size) if size is not None else sizes[axes[axis]])
    return ShapeRange(
        name=spec.name,
        least=tuple(each.least for each in chosen),
        usual=tuple(each.usual for each in chosen),
        most=tuple(each.most for each in chosen),
    )
