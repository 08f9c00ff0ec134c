"""The generated pages of docs/ are what the code says today, and say something of everything."""

import inspect
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

import passerby
from testing.documentation.command_line import PROGRAMS, commands
from testing.documentation.config_schema import config_schema, site_schema
from testing.documentation.pages import stale
from testing.paths import ROOT

SCHEMA = "# yaml-language-server: $schema="
DEPLOYMENTS = sorted([*ROOT.glob("configs/pipeline/*.yaml"), *ROOT.glob("docker/site/*.yaml")])
SITES = sorted(ROOT.glob("configs/site/*.yaml"))


def test_the_generated_pages_are_what_the_code_says() -> None:
    assert stale() == [], "write them anew with `make docs`"


def test_the_readme_has_an_example_of_the_library_as_it_is_tested() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (example,) = (block for block in blocks if "passerby.recognise" in block)
    assert example.strip() in inspect.cleandoc(passerby.__doc__ or "").replace("\n    ", "\n")


def test_every_key_of_the_configuration_has_a_meaning() -> None:
    schema = config_schema()
    without = [
        f"{title}.{key}"
        for title, node in {"PipelineConfig": schema, **schema["$defs"]}.items()
        for key, described in node.get("properties", {}).items()
        if key != "kind" and not described.get("description")
    ]
    assert without == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_and_every_option_has_a_meaning(program: str) -> None:
    found = commands(PROGRAMS[program], program)
    assert found
    for name, command in found.items():
        assert command.about, name
        assert [each.name for each in command.parameters if not each.meaning] == [], name


@pytest.mark.parametrize("path", [*DEPLOYMENTS, *SITES], ids=lambda path: path.name)
def test_a_shipped_configuration_names_its_schema_and_keeps_to_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first.startswith(SCHEMA)
    schema = json.loads((path.parent / first.removeprefix(SCHEMA)).read_text(encoding="utf-8"))
    jsonschema.validate(_as_json(yaml.safe_load(text)), schema)


@pytest.mark.parametrize(
    ("schema", "content"),
    [
        (config_schema(), {"cameras": [{"name": "a", "source": "a.mp4"}], "detectr": {"kind": "hog"}}),
        (config_schema(), {"cameras": [{"name": "a", "source": "a.mp4", "max_fps": 0}]}),
        (config_schema(), {"cameras": [{"name": "a", "source": "a.mp4"}], "detector": {"kind": "eyes"}}),
        (config_schema(), {}),
        (site_schema(), {"transits": [{"between": ["a"]}]}),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(schema: dict[str, object], content: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def _as_json(content: object) -> object:
    """As an editor sees it: times are text."""
    return json.loads(json.dumps(content, default=lambda value: value.isoformat()))
