"""What is wrong in a configuration, in one line: the first key, what was expected there, and what was found."""

import difflib
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from passerby_events.errors import PasserbyError
from pipeline.sources.errors import redact


class ConfigError(PasserbyError):
    """A configuration that cannot be used; the message says where, what was expected, and what was found."""

    exit_code = 2


_KINDS = {"hog", "ultralytics", "bytetrack", "ocsort", "network", "colour-stripes"}
"""pydantic puts the chosen kind into the path of an error; the reader's file has no such key."""


def in_one_line(error: ValidationError, model: type[BaseModel]) -> str:
    """The first error of a record of `model`. No password is in it."""
    first = error.errors(include_url=False)[0]
    key = ".".join(redact(str(each)) for each in first["loc"] if each not in _KINDS)
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key {key!r}{_did_you_mean(key, model)}"
    if first["type"] == "union_tag_not_found":
        return f"{key}: expected the key 'kind', found none"
    message = first["msg"].removeprefix("Value error, ")
    is_named = "found" in message or "source" in key or first["type"] in ("missing", "value_error")
    found = "" if is_named else _shown(first["input"])
    return f"{key}: {message}{found}" if key else f"{message}{found}"


def _shown(found: object) -> str:
    """A plain value, or what kind of thing stood there. An address at a wrong place holds its password there too."""
    match found:
        case str():
            return f", found {redact(found)!r}"
        case int() | float():
            return f", found {found!r}"
        case None:
            return ", found nothing"
    return f", found a {type(found).__name__}"


def _did_you_mean(key: str, model: type[BaseModel]) -> str:
    """The known key that is spelled most like it: at the same place, or else elsewhere, with that place."""
    schema = model.model_json_schema()
    at, _, name = re.sub(r"\.\d+\.", ".*.", key).rpartition(".")
    places = sorted(set(_places(schema, schema)))
    here = [known for place, known in places if place == at]
    if close := difflib.get_close_matches(name, here, n=1):
        return f"; did you mean {close[0]!r}?"
    if close := difflib.get_close_matches(name, [known for _, known in places], n=1):
        there = next(f"{place}.{known}".removeprefix(".") for place, known in places if known == close[0])
        return f"; did you mean {there!r}?"
    return ""


def _places(node: dict[str, Any], schema: dict[str, Any], at: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a JSON Schema and the place it stands at: ("cameras.*", "tiles")."""
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    for option in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _places(option, schema, at)
    if "items" in node:
        yield from _places(node["items"], schema, f"{at}.*".removeprefix("."))
    for key, below in node.get("properties", {}).items():
        yield at, key
        yield from _places(below, schema, f"{at}.{key}".removeprefix("."))
