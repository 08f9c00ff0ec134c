"""The network of one node by which a runtime shows that it works: what it offers and what then runs are two things."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEGATION = base64.b64decode("CAgSADoyCgsKAXgSAXkiA05lZxIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=")
"""An ONNX file of one node: y = -x, one number."""


def verdict(output: NDArray[Any]) -> str | None:
    """What is wrong with what became of a one; None if nothing is."""
    return None if np.asarray(output).tolist() == [-1.0] else f"gives wrong results: {output}"
