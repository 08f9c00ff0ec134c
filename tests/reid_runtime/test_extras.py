import pytest

from reid_runtime.extras import extra_of, extras, missing_extra


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("onnxruntime", "cpu"),
        ("cuda", "gpu"),
        ("openvino", "openvino"),
        ("tensorrt_rtx_bindings", "rtx"),
        ("ultralytics", "yolo"),
        ("numba", "simulation"),
        ("torch", "train"),
        ("paho", "mqtt"),
        ("httpx", "webhook"),
    ],
)
def test_a_module_is_brought_by_the_first_extra_that_has_it(module: str, extra: str) -> None:
    assert extra_of(module) == extra


def test_what_every_installation_has_comes_with_no_extra() -> None:
    assert extra_of("numpy") is None
    assert "numpy" not in {name for names in extras().values() for name in names}


def test_a_missing_library_is_named_with_its_extra() -> None:
    error = ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    assert missing_extra(error) == "torch.nn is not installed: install passerby with the extra `train`"


def test_a_module_of_nobody_is_no_missing_extra() -> None:
    assert missing_extra(ModuleNotFoundError("No module named 'pipelin'", name="pipelin")) is None
    assert missing_extra(ModuleNotFoundError("gone")) is None
