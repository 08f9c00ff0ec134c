"""One place for names in Redis: the documentation knows them, and no other module spells one."""

import ast
from collections.abc import Iterator
from uuid import UUID

import pytest

from passerby_events.tracks import TrackKey
from pipeline.store import keys
from pipeline.store.keys import PROBES, person_key, prefix, sighting_key, track_name
from pipeline.store.lua import Script, script
from pipeline.store.scripts import all_scripts
from testing.paths import ROOT

OF_A_SITE = sorted(
    {value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str)} - {keys.CONSUMER}
)


def test_names_of_tracks_and_persons_are_parts_of_keys() -> None:
    assert sighting_key(track_name(TrackKey("door", "r", 7))) == "sighting:door:r:7"
    assert person_key(UUID(int=1)) == f"person:{UUID(int=1)}"
    assert prefix("shop") == "reid:{shop}:"


@pytest.mark.parametrize("name", OF_A_SITE)
def test_the_documentation_has_every_key_and_the_group(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "redis.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("each", all_scripts(), ids=lambda each: each.sha[:8])
def test_a_script_names_the_keys_of_the_site(each: Script) -> None:
    assert each.keys
    assert set(each.keys) <= {*OF_A_SITE, *PROBES}


def test_a_script_calls_its_keys_and_arguments_by_name() -> None:
    code = script("return {stream, count, take(), is_left()}", keys={"stream": "embeddings"}, args=("count", "..."))
    assert code.keys == ("embeddings",)
    assert code.text.startswith("local stream = KEYS[1]\nlocal count = ARGV[1]\nlocal at, key_at = 1, 1\n")


def test_lua_and_the_prefix_of_keys_stand_nowhere_else() -> None:
    allowed = {"keys.py", "lua.py", "scripts.py", "lease_scripts.py", "view_scripts.py", "permissions.py"}
    others = [path for path in sorted((ROOT / "pipeline").rglob("*.py")) if path.name not in allowed]
    spell = [path.name for path in others if any(map(is_ours, strings_of(path.read_text(encoding="utf-8"))))]
    assert spell == []


def is_ours(text: str) -> bool:
    return "redis.call" in text or "reid:{" in text


def strings_of(source: str) -> Iterator[str]:
    """Constants of a module, those in f-strings included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
