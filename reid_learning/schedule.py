"""How fast a network learns at each step."""

import math


def warm_cosine(step: int, *, steps: int, warmup: int, floor: float) -> float:
    """Factor on the learning rate: from 0 to 1 in a straight line, then down to `floor` along half a cosine.

    Args:
        step: from 0.
        steps: of the whole run.
        warmup: steps of the straight line.
        floor: factor at the end.
    """
    if step < warmup:
        return (step + 1) / warmup
    way = (step - warmup) / max(1, steps - warmup)
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(1.0, way))) / 2
