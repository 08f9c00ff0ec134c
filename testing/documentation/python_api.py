"""The page of the Python API: what `passerby` and `passerby_events` offer by name, from their docstrings."""

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import passerby
from testing.documentation.docstrings import section

PACKAGES = ("passerby", "passerby_events")
_SECTIONS = ("Attributes", "Args", "Yields", "Returns", "Raises")

INTRODUCTION = """\
# Python API

What may be imported by name from the two packages; everything else may change without notice. Each name has types, and
`mypy --strict` accepts what is written with them. [The library](../library.md) has examples.
"""


def python_api_page() -> str:
    lines = [INTRODUCTION]
    packages = [importlib.import_module(name) for name in PACKAGES]
    for package, below in zip(packages, [*packages[1:], None], strict=True):
        lines += [f"## {package.__name__}\n", f"{_prose(inspect.getdoc(package) or '').partition(chr(10))[0]}\n"]
        own, handed_on = _parted(package, below)
        if handed_on and below:
            lines += [f"From `{below.__name__}`, below: {', '.join(f'`{name}`' for name in handed_on)}.\n"]
        for name in own:
            lines += _described(name, getattr(package, name))
    return "\n".join(lines).rstrip() + "\n"


def _parted(package: ModuleType, below: ModuleType | None) -> tuple[list[str], list[str]]:
    """What a package offers of its own, and what it hands on of the one below, each in the order of the alphabet."""
    names = sorted(package.__all__, key=str.lower)
    handed_on = [name for name in names if below is not None and name in below.__all__]
    return [name for name in names if name not in handed_on], handed_on


def examples() -> str:
    """The docstring of `passerby`, whose examples a test runs."""
    return f"{_prose(inspect.getdoc(passerby) or '')}\n"


def _described(name: str, offered: object) -> Iterator[str]:
    yield f"### {name}\n"
    if inspect.isclass(offered):
        yield from _class(name, offered)
    elif inspect.isfunction(offered):
        yield f"```python\n{_signature(offered, name)}\n```\n"
        yield from _docstring(offered)
    elif isinstance(offered, str | int | float):
        yield f"`{offered!r}`\n"
    else:
        yield f"One of {', '.join(f'`{each}`' for each in _choices(offered))}.\n"


def _class(name: str, offered: type) -> Iterator[str]:
    init = None if dataclasses.is_dataclass(offered) else vars(offered).get("__init__")
    if inspect.isfunction(init):
        yield f"```python\n{_signature(init, name)}\n```\n"
    elif fields := _fields(offered):
        yield f"```python\n{name}(\n{fields})\n```\n"
    yield from _docstring(offered)
    if inspect.isfunction(init):
        yield from _docstring(init)
    for method, function in vars(offered).items():
        inner = getattr(function, "__func__", getattr(function, "fget", function))
        if not method.startswith("_") and inspect.isfunction(inner) and inspect.getdoc(inner):
            yield f"#### {name}.{method}\n"
            if not isinstance(function, property):
                yield f"```python\n{_signature(inner, method)}\n```\n"
            yield from _docstring(inner)


def _fields(record: type) -> str:
    """The fields of a record that is made of them, one a line with its type, as they stand in the source."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    assert isinstance(declared, ast.ClassDef)
    fields = (each for each in declared.body if isinstance(each, ast.AnnAssign))
    return "".join(f"    {ast.unparse(each)},\n" for each in fields)


def _signature(function: Callable[..., Any], name: str) -> str:
    """As it stands in the source, without `self` and on one line a parameter where it is long."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(declared, ast.FunctionDef)
    declared.args.args = [each for each in declared.args.args if each.arg not in ("self", "cls")]
    returns = f" -> {ast.unparse(declared.returns)}" if declared.returns and name == declared.name else ""
    arguments = ast.unparse(declared.args)
    if len(arguments) > 90:
        arguments = "\n    " + re.sub(r", (?=[\w*]+(?:: |, |$))", ",\n    ", arguments) + ",\n"
    return f"{name}({arguments}){returns}"


def _docstring(documented: object) -> Iterator[str]:
    text = inspect.cleandoc(documented.__doc__ or "")
    if documented_by_itself := _prose(text):
        yield f"{documented_by_itself}\n"
    for name in _SECTIONS:
        if entries := section(text, name):
            yield f"{name}:\n"
            yield "\n".join(f"- `{entry}`: {meaning}" for entry, meaning in entries.items()) + "\n"
        elif words := _words(text, name):
            yield f"{name}: {words}\n"


def _prose(text: str) -> str:
    """What stands before the sections; what is indented is code."""
    head = re.split(rf"^(?:{'|'.join(_SECTIONS)}):$", text, maxsplit=1, flags=re.MULTILINE)[0].strip()
    blocks = re.sub(r"(\n    .*)\n\n(?=    )", r"\1\n    \n", f"\n{head}").strip("\n").split("\n\n")
    return "\n\n".join(
        f"```python\n{textwrap.dedent(block)}\n```" if block.startswith("    ") else " ".join(block.split())
        for block in blocks
    )


def _words(text: str, name: str) -> str:
    """A section that is a sentence and no list, as `Returns:` mostly is."""
    body = re.search(rf"^{name}:\n((?:[ ]+.*\n?)+)", text, flags=re.MULTILINE)
    return " ".join(body[1].split()) if body else ""


def _choices(alias: object) -> list[str]:
    """The names that a type stands for: of a union its tracklets, of a `Literal` its values."""
    found = typing.get_args(getattr(alias, "__value__", alias))
    if typing.get_origin(alias) is typing.Annotated:
        found = typing.get_args(found[0])
    return [getattr(each, "__name__", None) or str(each) for each in found]
