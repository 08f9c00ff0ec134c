"""An engine of another library, version or GPU is refused with the command that builds it anew."""

import numpy as np
import pytest

from reid_runtime.card import ArtefactError
from reid_runtime.engine_card import EngineCard, ShapeRange
from reid_runtime.engine_checks import RTX_DEFAULT, check_gpu, check_sizes, check_version
from testing.engines import engine_card

RTX = engine_card(runtime="tensorrt-rtx", version="1.7.1.116", targets=RTX_DEFAULT, gpu=None)


@pytest.mark.parametrize(
    ("engine", "version"),
    [
        (engine_card(), "10.16.1.11"),
        (engine_card(version_compatible=True), "10.16.1.11"),
        (engine_card(version_compatible=True), "10.17.0.2"),
        (RTX, "1.7.1.116"),
    ],
)
def test_the_version_that_built_it_runs_it_and_later_ones_where_it_was_built_for_them(
    engine: EngineCard, version: str
) -> None:
    check_version(engine, "net.engine", version)


@pytest.mark.parametrize(
    ("engine", "version"),
    [
        (engine_card(), "10.16.1.12"),
        (engine_card(version_compatible=True), "10.15.9.9"),
        (engine_card(version_compatible=True), "11.4.0.106"),
        (RTX, "1.7.2.0"),
    ],
)
def test_another_version_is_refused_with_the_command(engine: EngineCard, version: str) -> None:
    with pytest.raises(ArtefactError, match=rf"found version {version}: build it anew: reid-export engine net\.onnx"):
        check_version(engine, "net.engine", version)


@pytest.mark.parametrize(
    ("engine", "gpu", "capability"),
    [
        (engine_card(), "NVIDIA A10", "8.6"),
        (engine_card(hardware="same-compute-capability"), "NVIDIA RTX A4000", "8.6"),
        (engine_card(hardware="ampere-plus"), "NVIDIA H200", "9.0"),
        (RTX, "NVIDIA RTX A4000", "8.6"),
        (RTX, "NVIDIA GeForce RTX 5090", "12.0"),
        (RTX, "one that comes later", "12.1"),
        (engine_card(runtime="tensorrt-rtx", targets=("7.5",), gpu=None), "NVIDIA T4", "7.5"),
    ],
)
def test_a_gpu_that_it_was_built_for_runs_it(engine: EngineCard, gpu: str, capability: str) -> None:
    check_gpu(engine, "net.engine", gpu=gpu, capability=capability)


@pytest.mark.parametrize(
    ("engine", "gpu", "capability"),
    [
        (engine_card(), "NVIDIA RTX A4000", "8.6"),
        (engine_card(hardware="same-compute-capability"), "NVIDIA L4", "8.9"),
        (engine_card(hardware="ampere-plus"), "NVIDIA T4", "7.5"),
        (RTX, "NVIDIA H200", "9.0"),
        (RTX, "NVIDIA T4", "7.5"),
        (engine_card(runtime="tensorrt-rtx", targets=("12.0",), gpu=None), "one that comes later", "12.1"),
    ],
)
def test_another_gpu_is_refused_with_the_command(engine: EngineCard, gpu: str, capability: str) -> None:
    with pytest.raises(ArtefactError, match=rf"found {gpu} of compute capability {capability}: build it anew for this"):
        check_gpu(engine, "net.engine", gpu=gpu, capability=capability)


@pytest.mark.parametrize(("rows", "is_allowed"), [(1, False), (2, True), (4, True), (5, False)])
def test_more_or_fewer_rows_than_it_was_built_for_are_refused(rows: int, is_allowed: bool) -> None:
    sizes = ShapeRange(name="in", least=(2, 3), usual=(2, 3), most=(4, 3))
    inputs = {"in": np.zeros((rows, 3), np.float32)}
    if is_allowed:
        check_sizes(inputs, engine_card(shapes=(sizes,)), "net")
        return
    with pytest.raises(ValueError, match=rf"expected from \(2, 3\) to \(4, 3\), found \({rows}, 3\)"):
        check_sizes(inputs, engine_card(shapes=(sizes,)), "net")
