"""What a run was made of, kept beside its state: is it what somebody wants to go on with?

All fields are kept, by name. A field that recipes got since then does not stand there: the run was made without it,
which is what its default means, so a recipe that has it at its default is still the same. A run may be lengthened: more
`steps` of its loop are no difference.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, asdict, fields, is_dataclass
from typing import Any, ClassVar, Protocol

LENGTH = "loop.steps"


class Recipe(Protocol):
    """A dataclass whose fields are numbers, words, tuples of them, and more such dataclasses."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def kept(recipe: Recipe) -> dict[str, Any]:
    """The fields of a recipe as a checkpoint keeps them."""
    return asdict(recipe)


def differences(found: object, recipe: Recipe) -> list[str]:
    """What tells a recipe from the one that was kept, one line a field; empty: they are the same."""
    return list(_differences(found, recipe, ""))


def _differences(found: object, wanted: object, name: str) -> Iterator[str]:
    if is_dataclass(wanted) and isinstance(found, dict):
        yield from _of_fields(found, wanted, f"{name}." if name else "")
    elif isinstance(wanted, tuple) and isinstance(found, tuple) and len(found) == len(wanted):
        for number, (before, now) in enumerate(zip(found, wanted, strict=True)):
            yield from _differences(before, now, f"{name}.{number}")
    elif found != wanted and not _lengthens(found, wanted, name):
        yield f"{name or 'the recipe'} was {found!r} and is {wanted!r}"


def _lengthens(found: object, wanted: object, name: str) -> bool:
    is_length = name == LENGTH or name.endswith(f".{LENGTH}")
    return is_length and isinstance(found, int) and isinstance(wanted, int) and found < wanted


def _of_fields(found: dict[str, object], wanted: Any, prefix: str) -> Iterator[str]:
    known = {field.name: field for field in fields(wanted)}
    for name, field in known.items():
        now = getattr(wanted, name)
        if name in found:
            yield from _differences(found[name], now, prefix + name)
        elif now != _default(field):
            yield f"{prefix}{name} is {now!r}, and the run knew no such field"
    for name in found.keys() - known.keys():
        yield f"{prefix}{name} was {found[name]!r}, and recipes have no such field now"


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()
