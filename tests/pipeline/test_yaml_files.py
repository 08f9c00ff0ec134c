from pathlib import Path

import pytest

from pipeline.config_errors import ConfigError
from pipeline.config_files import load_config
from pipeline.yaml_files import DEEPEST, read_mapping

PASSWORD = "tops3cret"


def fault(folder: Path, text: str) -> str:
    """The one line that a file is refused with, behind its name."""
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_mapping(path)
    line = str(refused.value)
    assert "\n" not in line
    assert PASSWORD not in line
    return line.removeprefix(str(path))


def test_values_are_read_aliases_and_merges_too(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\n")
    assert read_mapping(path) == {"base": {"a": 1, "b": 2}, "other": {"a": 1, "b": 3}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cameras: [1]\ncameras: [2]\n", ":2: expected each key once, found 'cameras' in line 1 too"),
        ("a:\n  - {x: 1,\n     x: 2}\n", ":3: expected each key once, found 'x' in line 2 too"),
        (f"rtsp://u:{PASSWORD}@h/1: 1\nrtsp://u:{PASSWORD}@h/1: 2\n", ":2: expected each key once, found 'rtsp://h/1'"),
        ("", ": expected keys and values, found nothing"),
        ("- 1\n", ": expected keys and values, found a list"),
        ("a: [\n", ": expected YAML"),
        ("a: 2026-99-99\n", ": expected YAML, found month must be in 1..12"),
        ("a: " + "[" * 200 + "]" * 200, f": expected values at most {DEEPEST} levels deep, found more"),
        ("a: " + "[" * 3000 + "]" * 3000, f": expected values at most {DEEPEST} levels deep, found more"),
    ],
)
def test_what_cannot_be_meant_is_one_line(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in fault(tmp_path, text)


def test_aliases_that_repeat_each_other_cost_nothing(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert "expected at most 100,000 values" in fault(tmp_path, "\n".join(lines))


def test_a_key_that_holds_a_password_is_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(f"cameras: [{{name: a, source: a.mp4}}]\n'rtsp://user:{PASSWORD}@host/1': {{}}\n")
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert "unknown key 'rtsp://host/1'" in str(refused.value)
    assert PASSWORD not in str(refused.value)
