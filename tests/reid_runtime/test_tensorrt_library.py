"""What NVIDIA's libraries print, and the line that is made of it: their own words, without places in their sources."""

import pytest

from reid_runtime.tensorrt_library import collecting_log, load_library, reason
from testing.engines import need_rtx

NO_DRIVER = (
    "[checkMacros.cpp::catchCudaError::250] Error Code 1: Cuda Runtime (In catchCudaError at "
    "/_src/common/dispatch/checkMacros.cpp:250 (cudaError 35: CUDA driver version is insufficient for CUDA runtime "
    "version))"
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [
                "Invalid Node - node_permute\nITensor::getDimensions: Error Code 4: API Usage Error (node_permute: "
                "first input has type UInt8 but must have type Float. In checkType at /_src/nodeBase.cpp:456)\n"
                + NO_DRIVER
            ],
            "node_permute: first input has type UInt8 but must have type Float.",
        ),
        (
            [
                "IBuilder::buildSerializedNetwork: Error Code 1: Myelin ([pass.cpp:337: check_turing_op_compatibility] "
                "Cannot compile operation 'node_linear_4' for Turing (SM75): FP32 GEMM is not supported. In "
                "compileGraph at /_src/optimizer/myelin/codeGenerator.cpp:2012)"
            ],
            "[pass.cpp:337: check_turing_op_compatibility] Cannot compile operation 'node_linear_4' for Turing (SM75): "
            "FP32 GEMM is not supported.",
        ),
        (
            [
                NO_DRIVER,
                "IRuntime::deserializeCudaEngine: Error Code 1: Serialization (Serialization assertion plan.header.size"
                " == blobSize failed. In parsePlan at /_src/runtime/dispatch/runtime.cpp:780)",
            ],
            "Serialization assertion plan.header.size == blobSize failed.",
        ),
        (["two  lines\nof one"], "two lines"),
        ([], "it says no reason"),
    ],
)
def test_errors_become_one_line(lines: list[str], expected: str) -> None:
    assert reason(lines) == expected


def test_where_a_driver_is_all_that_is_missing_that_is_said() -> None:
    assert "CUDA driver version is insufficient" in reason([NO_DRIVER])


def test_the_library_speaks_to_us_alone(capfd: pytest.CaptureFixture[str]) -> None:
    need_rtx()
    trt = load_library("tensorrt-rtx")
    lines: list[str] = []
    assert trt.Runtime(collecting_log(trt, lines)).deserialize_cuda_engine(b"no engine at all" * 100) is None
    assert "magicTag" in reason(lines)
    assert capfd.readouterr() == ("", "")
