from pathlib import Path

import numpy as np
import pytest

from reid_runtime.card import ArtefactError, TensorSpec
from reid_runtime.signature import Signature, check_inputs, check_signature, matches, show_spec
from testing.networks import card

CARD = card((None, 3, 8, 4))
PATH = Path("tiny.onnx")


def spec(**changed: object) -> TensorSpec:
    return TensorSpec.model_validate({"name": "in", "shape": (None, 3, 8, 4), "dtype": "float32"} | changed)


def test_a_file_with_the_inputs_and_outputs_of_its_card_is_taken() -> None:
    check_signature(Signature(CARD.inputs, CARD.outputs), CARD, PATH)


@pytest.mark.parametrize(
    "changed", [{"name": "out"}, {"shape": (1, 3, 8, 4)}, {"shape": (None, 3, 8)}, {"dtype": "uint8"}]
)
def test_a_file_of_another_network_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ArtefactError, match=r"tiny\.onnx: expected inputs in \(\*, 3, 8, 4\) float32, found "):
        check_signature(Signature((spec(**changed),), CARD.outputs), CARD, PATH)


def test_a_file_with_one_output_more_is_refused() -> None:
    with pytest.raises(ArtefactError, match="expected outputs"):
        check_signature(Signature(CARD.inputs, (*CARD.outputs, spec())), CARD, PATH)


def test_arrays_that_fit_are_taken_whatever_their_number() -> None:
    for count in (0, 1, 5):
        check_inputs({"in": np.zeros((count, 3, 8, 4), np.float32)}, CARD)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({}, r"expected the inputs \['in'\], found \[\]"),
        ({"in": np.zeros((1, 3, 8, 5), np.float32)}, r"expected \(\*, 3, 8, 4\) float32, found \(1, 3, 8, 5\) float32"),
        ({"in": np.zeros((1, 3, 8, 4))}, r"found \(1, 3, 8, 4\) float64"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(inputs: dict[str, np.ndarray], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_inputs(inputs, CARD)


def test_a_free_axis_takes_any_size_and_a_missing_axis_none() -> None:
    assert matches((7, 3), (None, 3))
    assert not matches((7, 4), (None, 3))
    assert not matches((7,), (None, 3))
    assert show_spec(spec()) == "(*, 3, 8, 4) float32"
