"""What every session promises, over every runtime that this machine has."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_models.crop_encoder import OSNET
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError, TensorSpec, read_card, write_card
from reid_runtime.load import load_session
from reid_runtime.session import Provider
from testing.networks import mean_network

PROVIDERS: list[Provider] = ["cpu", "openvino"]


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = mean_network(tmp_path / "tiny.onnx", ["n", 3, 8, 4], axes=[2, 3])
    adopt(path, OSNET, name="tiny", licence="CC0-1.0", origin="made in a test")
    return path


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Provider:
    if request.param == "openvino":
        pytest.importorskip("openvino")
    found: Provider = request.param
    return found


def crops(n: int) -> NDArray[np.float32]:
    return np.random.default_rng(n).random((n, 3, 8, 4), np.float32)


def test_arrays_go_in_and_come_out_by_name(network: Path, provider: Provider) -> None:
    session = load_session(network, provider=provider, threads=1)
    out = session.run({"in": crops(5)})["out"]
    np.testing.assert_allclose(out, crops(5).mean(axis=(2, 3)), rtol=1e-5)


def test_what_came_out_stays_as_it_is_when_others_go_in(network: Path, provider: Provider) -> None:
    session = load_session(network, provider=provider, threads=1)
    first = session.run({"in": crops(5)})["out"]
    before = first.copy()
    session.run({"in": crops(5) + 1})
    np.testing.assert_array_equal(first, before)


def test_arrays_that_lie_otherwise_in_memory_are_the_same_arrays(network: Path, provider: Provider) -> None:
    session = load_session(network, provider=provider, threads=1)
    lies = np.asfortranarray(crops(5))
    lies.flags.writeable = False
    np.testing.assert_array_equal(session.run({"in": lies})["out"], session.run({"in": crops(5)})["out"])


def test_threads_share_a_session(network: Path, provider: Provider) -> None:
    session = load_session(network, provider=provider, threads=1)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: session.run({"in": crops(n)})["out"], [1 + n % 7 for n in range(64)]))
    for n, out in enumerate(found):
        np.testing.assert_allclose(out, crops(1 + n % 7).mean(axis=(2, 3)), rtol=1e-5)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, r"expected the inputs \['in'\], found \[\]"),
        ({"in": crops(1), "more": crops(1)}, r"found \['in', 'more'\]"),
        ({"in": crops(1)[:, :2]}, r"expected \(\*, 3, 8, 4\) float32, found \(1, 2, 8, 4\) float32"),
        ({"in": crops(1).astype(np.float64)}, "found .* float64"),
    ],
)
def test_inputs_that_are_not_those_of_the_card_are_refused(
    network: Path, provider: Provider, inputs: dict[str, NDArray[Any]], message: str
) -> None:
    session = load_session(network, provider=provider, threads=1)
    with pytest.raises(ValueError, match=message):
        session.run(inputs)


@pytest.mark.parametrize(
    "other",
    [
        TensorSpec(name="in", shape=(None, 3, 16, 8), dtype="float32"),
        TensorSpec(name="in", shape=(1, 3, 8, 4), dtype="float32"),
        TensorSpec(name="images", shape=(None, 3, 8, 4), dtype="float32"),
        TensorSpec(name="in", shape=(None, 3, 8, 4), dtype="uint8"),
    ],
)
def test_a_file_with_other_inputs_than_its_card_is_refused(
    network: Path, provider: Provider, other: TensorSpec
) -> None:
    write_card(read_card(network).model_copy(update={"inputs": (other,)}), network)
    with pytest.raises(ArtefactError, match=r"expected inputs .*, found in \(\*, 3, 8, 4\) float32: the card belongs"):
        load_session(network, provider=provider, threads=1)
