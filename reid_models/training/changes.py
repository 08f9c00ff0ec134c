"""A recipe with other values in some of its fields: from a file, or from the command line."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from passerby_events.errors import PasserbyError

Record = TypeVar("Record")


class RecipeError(PasserbyError):
    """A recipe that is not there, or has no such field or value; the message says in one line which there are."""

    exit_code = 2


def changed(recipe: Record, changes: Mapping[str, object], *, where: str = "") -> Record:
    """The same recipe with other values.

    Args:
        recipe: any of the dataclasses that recipes are made of.
        changes: by name of the field; of a part that is itself made of fields, another such mapping, with the fields
            that change. A part with another `kind` is made anew from its mapping.
        where: names of the parts above, for the error.

    Raises:
        RecipeError: if there is no such field, or a value is not of its kind.
    """
    hints = get_type_hints(type(recipe))
    known = [field.name for field in fields(recipe)]  # type: ignore[arg-type]  # of dataclasses
    found: dict[str, object] = {}
    for name, value in changes.items():
        if name not in known:
            raise RecipeError(f"expected one of the fields {', '.join(known)} of {where or 'a recipe'}, found {name}")
        found[name] = _value(getattr(recipe, name), value, hints[name], f"{where}.{name}" if where else name)
    try:
        return replace(recipe, **found)  # type: ignore[type-var]
    except ValueError as error:
        raise RecipeError(f"{where or 'recipe'}: {error}") from error


def with_field(recipe: Record, path: str, value: str) -> Record:
    """The same recipe with one field changed, as the command line names it: `loop.optimiser.rate`, `3e-4`.

    Raises:
        RecipeError: see `changed`.
    """
    *parts, last = path.split(".")
    changes: dict[str, object] = {last: yaml.safe_load(value)}
    for part in reversed(parts):
        changes = {part: changes}
    return changed(recipe, changes)


def read_changes(path: Path) -> dict[str, Any]:
    """What a YAML file says: `recipe`, the name of one, and fields of it.

    Raises:
        RecipeError: if there is no file, it is not YAML, or names no recipe.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"expected a recipe at {path}, found none: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or not isinstance(found.get("recipe"), str):
        raise RecipeError(f"expected `recipe: NAME` and the fields that change in {path}, found something else")
    return found


def _value(before: object, value: object, hint: Any, where: str) -> object:
    if is_dataclass(before) and isinstance(value, Mapping):
        kind = getattr(before, "kind", None)
        if not _has_variants(hint) or value.get("kind", kind) == kind:
            return changed(before, value, where=where)
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise RecipeError(f"{where}: {first['msg']}, found {first['input']!r}") from error


def _has_variants(hint: Any) -> bool:
    """Whether a part may be one of several kinds of record, which its `kind` tells apart."""
    return sum(is_dataclass(one) for one in get_args(hint)) > 1
