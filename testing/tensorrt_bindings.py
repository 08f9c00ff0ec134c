"""The real bindings of TensorRT over libraries that are empty, and which of their names our code uses.

TensorRT's libraries are larger than everything else together, and need a GPU before they say a word; what the bindings
offer is known as soon as they are imported.

    python -m testing.tensorrt_bindings FOLDER LIBRARIES    prints, as JSON, version and the names that are missing
"""

import ast
import ctypes
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

from testing.paths import ROOT

FOLDER = Path(sys.prefix, "bindings")
"""Where `make setup` puts each version, in a folder of its own."""
LIBRARIES = "libnvinfer", "libnvinfer_plugin", "libnvonnxparser"
ENTRIES = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)
"""What the bindings want of the libraries when they are loaded; all else are methods of what these return."""
BUILDING: dict[str, str] = {
    "builder": "Builder",
    "cache": "ITimingCache",
    "config": "IBuilderConfig",
    "network": "INetworkDefinition",
    "parser": "OnnxParser",
    "profile": "IOptimizationProfile",
    "tensor": "ITensor",
}
RUNNING = {"context": "IExecutionContext", "engine": "ICudaEngine", "runtime": "Runtime"}
BOTH: Mapping[str, Mapping[str, str]] = {
    "export/engines/build.py": BUILDING,
    "export/engines/network.py": BUILDING | {"error": "ParserError"},
    "export/engines/profile.py": BUILDING,
    "export/engines/progress.py": {},
    "reid_runtime/engine_session.py": RUNNING,
    "reid_runtime/tensorrt_library.py": {},
}
"""Files that call either library, and of which class each variable is in them."""
RTX_ALONE: Mapping[str, Mapping[str, str]] = {
    "export/engines/rtx.py": BUILDING,
    "reid_runtime/rtx_context.py": {"config": "IRuntimeConfig", "engine": "ICudaEngine"},
}


def used_names(files: Mapping[str, Mapping[str, str]]) -> set[tuple[str, ...]]:
    """Every name that these files take from a library: `("Builder", "create_network")`, `("BuilderFlag", "TF32")`."""
    return {name for file, owners in files.items() for name in _of_file(ROOT / file, owners)}


def missing(trt: ModuleType, names: set[tuple[str, ...]]) -> list[str]:
    """Those of the names that a library does not have."""
    return sorted(".".join(name) for name in names if not _has(trt, name))


def empty_libraries(folder: Path, major: str) -> None:
    """Compiles libraries that have every entry and do nothing."""
    source = folder / "empty.c"
    source.write_text("\n".join(f"void *{entry}(void) {{ return 0; }}" for entry in ENTRIES), encoding="utf-8")
    for library in LIBRARIES:
        name = f"{library}.so.{major}"
        command = ["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(folder / name), str(source)]
        subprocess.run(command, check=True)


def main(bindings: Path, libraries: Path) -> None:
    """Imports what lies there, and prints what it lacks."""
    for library in sorted(libraries.glob("*.so.*")):
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    sys.path.insert(0, str(bindings))
    trt = import_module("tensorrt_bindings")
    print(json.dumps({"version": trt.__version__, "missing": missing(trt, used_names(BOTH))}))  # noqa: T201


def _of_file(file: Path, owners: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            owner, *rest = _chain(node)
            if owner == "trt":
                yield tuple(rest)
            elif owner in owners and rest:
                yield owners[owner], rest[0]


def _chain(node: ast.expr) -> list[str]:
    """`a.b.c` as names; `self._a` counts as `a`. Of what is no such chain, one empty name."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return [name.removeprefix("_")]
        case ast.Attribute(value=value, attr=name):
            return [*_chain(value), name]
    return [""]


def _has(owner: object, name: tuple[str, ...]) -> bool:
    return not name or (hasattr(owner, name[0]) and _has(getattr(owner, name[0]), name[1:]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
