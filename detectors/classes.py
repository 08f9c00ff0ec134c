"""Which class of a network is a person."""

import ast
from collections.abc import Mapping

from reid_runtime.family import UnsaidError

PERSON = "person"
USUAL_PERSONS = {1: 0, 80: 0, 91: 1}
"""Number of the class of people by how many there are: one alone, COCO's 80, and COCO's numbers from 1 to 90."""


def class_names(metadata: Mapping[str, str]) -> dict[int, str]:
    """The names that Ultralytics leaves in a file, by number; empty if there are none."""
    try:
        found = ast.literal_eval(metadata.get("names", "{}"))
        return {int(number): str(name) for number, name in dict(found).items()}
    except (ValueError, TypeError, SyntaxError):
        return {}


def choose_person(asked: str | None, names: Mapping[int, str], *, count: int | None, usual: int | None = None) -> int:
    """The number of the class of people.

    Args:
        asked: name or number; None: `person`.
        names: that the file says.
        count: classes of the network; None: its file leaves that open.
        usual: number of people in networks of this family whose file says nothing.

    Raises:
        UnsaidError: if the file has no such class, or does not say which it is.
    """
    wanted = PERSON if asked is None else asked
    if wanted.isdecimal():
        return _checked(int(wanted), count)
    numbers = [number for number, name in names.items() if name.casefold() == wanted.casefold()]
    if numbers:
        return _checked(numbers[0], count)
    usual = USUAL_PERSONS.get(count or 0) if usual is None else usual
    says_nothing = all(name == str(number) for number, name in names.items())
    if wanted == PERSON and usual is not None and (says_nothing or len(names) == 1):
        return _checked(usual, count)
    raise UnsaidError(_unknown(wanted, {} if says_nothing else names, count))


def _checked(number: int, count: int | None) -> int:
    if count is not None and number >= count:
        raise UnsaidError(f"has {count} classes here, 0 to {count - 1}, found --person-class {number}")
    return number


def _unknown(wanted: str, names: Mapping[int, str], count: int | None) -> str:
    if not names:
        classes = "classes" if count is None else f"{count} classes"
        return f"has {classes} here that the file does not name, asked for {wanted!r}: say its number, --person-class N"
    listed = ", ".join(list(names.values())[:8]) + (", ..." if len(names) > 8 else "")
    return f"has {len(names)} classes here, {listed}; found no {wanted!r} among them: say --person-class NAME"
