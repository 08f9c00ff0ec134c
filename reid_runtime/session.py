"""The socket of every network that runs: named arrays in, named arrays out."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from reid_runtime.card import ModelCard

Arrays = Mapping[str, NDArray[Any]]
Provider = Literal["cpu", "openvino", "cuda", "tensorrt", "tensorrt-rtx"]
"""Where and by what a network runs: ONNX Runtime, but for `openvino`, which is the processor too, and for engines."""


class Session(Protocol):
    """A loaded network. `run` may be called from several threads at once."""

    @property
    def card(self) -> ModelCard:
        """What the network expects and yields; the file was checked against it on loading."""
        ...

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """One forward pass: every input of the card by name -> every output of the card by name.

        Raises:
            ValueError: if the inputs are not those of the card.
        """
        ...
