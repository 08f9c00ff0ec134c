"""The API as an OpenAPI document, made from the table of its endpoints."""

import re
from collections.abc import Iterable

from pydantic import BaseModel

from pipeline.view.api import PREFIX, Endpoint
from pipeline.view.lines import Json

_NUMBER: Json = {"type": "number"}
_NUMBER_OR_NOT: Json = {"type": ["number", "null"]}
_TEXT: Json = {"type": "string"}
_YES_NO: Json = {"type": "boolean"}
_ANY: Json = {}


def _object(fields: dict[str, Json], *, optional: Iterable[str] = ()) -> Json:
    required = sorted(fields.keys() - set(optional))
    return {"type": "object", "properties": fields, "required": required}


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _page(name: str) -> Json:
    return _object({"total": {"type": "integer"}, "items": _list(_ref(name))})


_WHO = _object({"id": _TEXT, "name": _TEXT, "colour": _TEXT})
_PERSON_LINE: dict[str, Json] = {
    "id": _TEXT,
    "name": _TEXT,
    "colour": _TEXT,
    "number": {"type": "integer"},
    "start": _NUMBER,
    "end": _NUMBER,
    "is_here": _YES_NO,
    "cameras": _list(_TEXT),
    "sightings_count": {"type": "integer"},
    "last": _TEXT,
    "stays": _list({"type": "array"}),
}
_RUNNER_UP = _object(
    {
        "person": {"anyOf": [_ref("Who"), {"type": "null"}]},
        "similarity": _NUMBER,
        "ruled_out_by": {"type": ["string", "null"]},
        "why": _TEXT,
        "sighting": {"anyOf": [_ref("Sighting"), {"type": "null"}]},
    }
)
SCHEMAS: dict[str, Json] = {
    "Who": _WHO,
    "Error": _object({"error": _TEXT}),
    "Site": _object(
        {
            "site": _TEXT,
            "cameras": _list(_TEXT),
            "plan": {"type": "object"},
            "images": _YES_NO,
            "attention": _list(_TEXT),
            "records": _YES_NO,
            "role": {"enum": ["viewer", "operator"]},
            "asks": _YES_NO,
            "live": _YES_NO,
            "real_time": _YES_NO,
            "now": _NUMBER,
            "start": _NUMBER,
            "end": _NUMBER,
            "counts": {"type": "object"},
        }
    ),
    "Camera": _object({"name": _TEXT, "state": _TEXT, "since": _NUMBER_OR_NOT, "fps": _NUMBER_OR_NOT}),
    "Recording": _object({"start": _NUMBER}),
    "Cameras": _object({"items": _list(_ref("Camera"))}),
    "PersonLine": _object(_PERSON_LINE),
    "Persons": _page("PersonLine"),
    "Sighting": _object(
        {
            "id": _TEXT,
            "camera": _TEXT,
            "track": {"type": "integer"},
            "start": _NUMBER,
            "end": _NUMBER,
            "is_open": _YES_NO,
            "person": {"anyOf": [_ref("Who"), {"type": "null"}]},
            "box": _list(_NUMBER),
        },
        optional=["box"],
    ),
    "Sightings": _page("Sighting"),
    "Person": _object({**_PERSON_LINE, "sightings": _list(_ref("Sighting")), "decisions": _list(_ref("Decision"))}),
    "RunnerUp": _RUNNER_UP,
    "Decision": _object(
        {
            "id": _TEXT,
            "kind": _TEXT,
            "at": _NUMBER,
            "person": _ref("Who"),
            "seen": _ref("Sighting"),
            "seen_before": _ref("Sighting"),
            "similarity": _NUMBER,
            "probability": _NUMBER_OR_NOT,
            "margin": _NUMBER_OR_NOT,
            "threshold": _NUMBER,
            "runners_up": _list(_ref("RunnerUp")),
            "other": _ref("Who"),
            "moved": {"type": "integer"},
            "reason": _TEXT,
            "similarity_to_rest": _NUMBER,
            "verdict": _TEXT,
            "effect": _TEXT,
        },
        optional=[
            *("seen_before", "similarity", "probability", "margin", "threshold", "runners_up", "other", "moved"),
            *("reason", "similarity_to_rest", "verdict", "effect"),
        ],
    ),
    "Decisions": _page("Decision"),
    "Found": _object(
        {"items": _list(_object({"similarity": _NUMBER, "person": _ref("Who"), "sighting": _ref("Sighting")}))}
    ),
    "Health": _object(
        {
            "at": _NUMBER,
            "cameras": _list(_ref("Camera")),
            "processes": _list({"type": "object"}),
            "totals": {"type": "object"},
            "latencies_s": {"type": "object"},
            "hour": _list({"type": "object"}),
            "counts": {"type": "object"},
        }
    ),
    "Verdict": _object({"id": _TEXT, "verdict": _TEXT, "seen": _TEXT, "seen_before": _TEXT}),
    "Verdicts": _object({"items": _list({"type": "object"})}),
    "Audit": _object(
        {
            "at": _ANY,
            "request": _TEXT,
            "person": _TEXT,
            "outcome": _TEXT,
            "tracks": {"type": "integer"},
            "events": {"type": "integer"},
            "ids": _list(_TEXT),
            "into": _ANY,
        }
    ),
    "AuditList": _object({"items": _list(_ref("Audit"))}),
}
_ERRORS = {
    "400": "the question or the body is none",
    "401": "no token, or a wrong one",
    "403": "viewers may not, or another site's page asks",
    "404": "there is none",
    "408": "the body took too long",
    "409": "it cannot be done now, or not here",
    "415": "the body is of another kind",
    "421": "this server is not called so",
    "429": "too often",
    "503": "too many are served already, or Redis is away",
}


def document(endpoints: Iterable[Endpoint], version: str) -> Json:
    """OpenAPI 3.1."""
    paths: dict[str, dict[str, Json]] = {}
    for endpoint in endpoints:
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Passerby",
            "version": version,
            "description": "Who is where at a site, and why two sightings were matched. Times are seconds since the "
            "epoch; a sighting's id is camera/session/track.",
        },
        "paths": paths,
        "components": {"schemas": SCHEMAS, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}, {}],
    }


def _operation(endpoint: Endpoint) -> Json:
    operation: Json = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^a-z]+', '_', endpoint.path)}".rstrip("_"),
        "parameters": [*_in_path(endpoint.path), *_in_query(endpoint.question)],
        "responses": {
            "200": {"description": "as asked", "content": _content(endpoint.answer)},
            **{code: {"description": why, "content": _content("Error")} for code, why in _ERRORS.items()},
        },
    }
    if endpoint.is_for_operators:
        operation["description"] = "For operators."
    if endpoint.body == "image":
        sent: Json = {"schema": {"type": "string", "contentMediaType": "image/jpeg", "maxLength": 4 << 20}}
        operation["requestBody"] = {"required": True, "content": {"image/jpeg": sent, "image/png": sent}}
    elif endpoint.body is not None:
        schema = endpoint.body.model_json_schema()
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _content(answer: str) -> Json:
    if answer in SCHEMAS:
        return {"application/json": {"schema": _ref(answer)}}
    return {answer: {"schema": {"type": "string"}}}


def _in_path(path: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(question: type[BaseModel]) -> list[Json]:
    asked = question.model_json_schema()
    return [
        {"name": name, "in": "query", "required": name in asked.get("required", ()), "schema": _without_null(schema)}
        for name, schema in asked.get("properties", {}).items()
    ]


def _without_null(schema: Json) -> Json:
    choices = schema.get("anyOf")
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "default", "title")}
    if isinstance(choices, list):
        kept |= next(choice for choice in choices if choice.get("type") != "null")
    return kept
