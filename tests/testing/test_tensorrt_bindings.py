"""Every name that we take from TensorRT 10 and 11 and from TensorRT-RTX is there: the real bindings are asked."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reid_runtime.tensorrt_library import load_library
from testing.engines import need_rtx
from testing.tensorrt_bindings import BOTH, FOLDER, RTX_ALONE, empty_libraries, missing, used_names


def test_the_names_that_we_use_are_found_in_our_files() -> None:
    both, rtx = used_names(BOTH), used_names(RTX_ALONE)
    assert {
        ("Builder", "build_serialized_network"),
        ("BuilderFlag", "VERSION_COMPATIBLE"),
        ("IBuilderConfig", "set_memory_pool_limit"),
        ("IExecutionContext", "execute_async_v3"),
        ("ICudaEngine", "create_execution_context"),
        ("IProgressMonitor",),
        ("OnnxParser", "parse"),
        ("ParserError", "node_operator"),
        ("Runtime", "deserialize_cuda_engine"),
    } <= both
    assert {("IBuilderConfig", "set_compute_capability"), ("CudaGraphStrategy", "WHOLE_GRAPH_CAPTURE")} <= rtx
    assert len(both) > 35


@pytest.mark.parametrize("version", ["10.16.1.11", "11.4.0.106"])
def test_tensorrt_has_every_name_that_we_use(version: str, tmp_path: Path) -> None:
    bindings = FOLDER / version
    if not bindings.is_dir():
        pytest.skip(f"no bindings at {bindings}: make setup")
    if shutil.which("cc") is None:
        pytest.skip("no compiler here: cc")
    empty_libraries(tmp_path, version.split(".")[0])
    command = [sys.executable, "-m", "testing.tensorrt_bindings", str(bindings), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"version": version, "missing": []}


def test_tensorrt_rtx_has_every_name_that_we_use() -> None:
    need_rtx()
    assert missing(load_library("tensorrt-rtx"), used_names(BOTH) | used_names(RTX_ALONE)) == []
