"""The JSON Schema of a configuration, for editors and for the page: pydantic's, with a meaning for each key."""

import json
import math
from typing import Any

from pydantic import BaseModel

from pipeline.config import PipelineConfig
from pipeline.site import Site
from testing.documentation.docstrings import section, summary

Node = dict[str, Any]


def config_schema() -> Node:
    """Of a whole configuration. Its site may also stand in a file beside it, by name."""
    schema = _explained(PipelineConfig)
    site = schema["properties"]["site"]
    schema["properties"]["site"] = {
        "anyOf": [
            {"type": "string", "description": "A file beside this one, or the name of one that is shipped."},
            {"$ref": site["$ref"]},
        ],
        "default": site["default"],
        "description": site["description"],
    }
    return schema


def site_schema() -> Node:
    """Of the description of a site in a file of its own."""
    return _explained(Site)


def as_text(schema: Node) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _explained(model: type[BaseModel]) -> Node:
    schema: Node = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    for node in (schema, *schema.get("$defs", {}).values()):
        _explain(node)
    return schema


def _explain(node: Node) -> None:
    """Hands the docstring's attributes to the keys, and takes out what no JSON can say: infinity as a default."""
    docstring = node.get("description", "")
    meanings = section(docstring, "Attributes")
    for name, key in node.get("properties", {}).items():
        key.pop("title", None)
        if name in meanings:
            key["description"] = meanings[name]
        _without_infinity(key)
    if text := summary(docstring):
        node["description"] = text
    else:
        node.pop("description", None)


def _without_infinity(key: Node) -> None:
    default = key.get("default")
    if isinstance(default, float) and math.isinf(default):
        del key["default"]
    elif isinstance(default, dict):
        key["default"] = _finite(default)


def _finite(default: Node) -> Node:
    return {
        name: _finite(value) if isinstance(value, dict) else value
        for name, value in default.items()
        if not (isinstance(value, float) and math.isinf(value))
    }
