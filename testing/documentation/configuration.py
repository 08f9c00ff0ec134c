"""The page of the configuration: each key with type, unit, default and meaning, from the JSON Schema."""

import json
from collections.abc import Iterator
from typing import Any

from testing.documentation.config_schema import Node, config_schema

UNITS = {"_s": "s", "_px": "px", "_fps": "frames/s", "frame_rate": "frames/s"}
"""By how the name of a key ends."""

INTRODUCTION = """\
# Configuration

One YAML file says what a deployment is; `reid-pipeline check FILE` says whether it is sound, and what it would do.
Every key but `cameras` may be left out. Editors that know `yaml-language-server` complete and check the file as you
type, where its first line names the schema, as those in `configs/` do:
[config.schema.json](../config.schema.json), and [site.schema.json](../site.schema.json) for a site in a file of its
own. Names in braces in `source` and `redis: {url}` are environment variables: secrets stand in no file.

What has a `kind` is one of several; the first is the default.
"""


def configuration_page() -> str:
    schema = config_schema()
    return "\n".join([INTRODUCTION, *_sections(schema, schema, "")]).rstrip() + "\n"


def _sections(node: Node, schema: Node, place: str, among: str = "") -> Iterator[str]:
    """The table of one record, then those of the records below it; `among` is the kind that it belongs to."""
    below = {name: _records(key, schema) for name, key in node["properties"].items()}
    plain = {name: key for name, key in node["properties"].items() if not below[name] and name != "kind"}
    if plain:
        yield from _table(plain, set(node.get("required", ())))
    for name, records in below.items():
        at = f"{place}.{name}".removeprefix(".")
        for record in records:
            kind = record["properties"].get("kind", {}).get("const", "")
            heading = f"kind: {kind}" if kind else among and f"of {among}"
            yield f"{'##' if not place else '###'} {at}{heading and ', ' + heading}\n"
            yield _sentence(record.get("description") or node["properties"][name].get("description", "...")) + "\n"
            yield from _sections(record, schema, at, kind or among)


def _sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _table(keys: dict[str, Node], required: set[str]) -> Iterator[str]:
    yield "| key | type | unit | default | meaning |"
    yield "|---|---|---|---|---|"
    for name, key in keys.items():
        default = "**required**" if name in required else _default(key)
        unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
        cells = (f"`{name}`", _type(key), unit, default, key.get("description", ""))
        yield "| " + " | ".join(_cell(text) for text in cells) + " |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _records(key: Node, schema: Node) -> list[Node]:
    """The records that may stand at a key, none for a plain value."""
    items = key.get("items", {})
    found = [key, items, *key.get("anyOf", ()), *key.get("oneOf", ())]
    return [schema["$defs"][node["$ref"].rpartition("/")[2]] for node in found if "$ref" in node]


def _type(key: Node) -> str:
    if options := key.get("anyOf"):
        return " or ".join(_type(option) for option in options if option.get("type") != "null")
    if "enum" in key:
        return ", ".join(f"`{value}`" for value in key["enum"])
    if "const" in key:
        return f"`{key['const']}`"
    if key["type"] == "array":
        if "prefixItems" in key:
            return f"{len(key['prefixItems'])} x {_type(key['prefixItems'][0])}"
        return f"list of {_type(key['items'])}"
    name = {"string": "text", "boolean": "true or false", "number": "number", "integer": "whole number"}[key["type"]]
    name = {"path": "file", "date-time": "time with zone"}.get(key.get("format", ""), name)
    return name + "".join(_bounds(key))


def _bounds(key: Node) -> Iterator[str]:
    for bound, sign in (
        ("exclusiveMinimum", ">"),
        ("minimum", "≥"),
        ("exclusiveMaximum", "<"),
        ("maximum", "≤"),
    ):
        if bound in key:
            yield f" {sign} {key[bound]:g}"


def _default(key: Node) -> str:
    if "default" not in key:
        return "infinity" if key.get("type") == "number" else ""
    default: Any = key["default"]
    if isinstance(default, float):
        return f"`{default:.12g}`"
    return "none" if default is None else f"`{json.dumps(default)}`"
