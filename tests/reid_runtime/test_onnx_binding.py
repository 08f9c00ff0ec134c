"""Bound passes, as a GPU's run, on the one device that every machine has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from reid_runtime.onnx_binding import BoundPasses
from testing.networks import mean_network


@pytest.fixture
def passes(tmp_path: Path) -> BoundPasses:
    path = mean_network(tmp_path / "tiny.onnx", ["n", 3, 8, 4], axes=[2, 3])
    return BoundPasses(ort.InferenceSession(path, providers=["CPUExecutionProvider"]), ["out"], device="cpu")


def crops(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((n, 3, 8, 4), np.float32)


@pytest.mark.parametrize("lies", [np.ascontiguousarray, np.asfortranarray])
def test_each_pass_sees_its_own_input_of_the_same_or_another_size(
    passes: BoundPasses, lies: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> None:
    outputs = [passes.run({"in": lies(crops(n, seed))})["out"] for seed, n in enumerate((2, 2, 5, 1, 2))]
    for seed, (n, output) in enumerate(zip((2, 2, 5, 1, 2), outputs, strict=True)):
        np.testing.assert_allclose(output, crops(n, seed).mean(axis=(2, 3)), rtol=1e-5)


def test_an_input_is_left_as_it_was(passes: BoundPasses) -> None:
    first, second = crops(2), crops(2, seed=1)
    passes.run({"in": first})
    passes.run({"in": second})
    np.testing.assert_array_equal(first, crops(2))


def test_threads_do_not_get_into_each_others_memory(passes: BoundPasses) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: passes.run({"in": crops(3, seed)})["out"], range(40)))
    for seed, output in enumerate(found):
        np.testing.assert_allclose(output, crops(3, seed).mean(axis=(2, 3)), rtol=1e-5)
