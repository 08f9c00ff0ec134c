"""The page of the command line: every command with its arguments and options, from the functions behind them."""

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.models import ArgumentInfo, OptionInfo

import export.cli
import pipeline.cli
import reid_models.training.cli

PROGRAMS: dict[str, typer.Typer] = {
    "reid-pipeline": pipeline.cli.app,
    "reid-train": reid_models.training.cli.app,
    "reid-export": export.cli.app,
}

INTRODUCTION = """\
# Command line

Results go to stdout, everything else to stderr. Exit code 0: done; 1: failed, and one line says why; 2: the command was
not understood. Every command answers to `--help`.
"""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument or an option of a command.

    Attributes:
        name: `--camera`, or `CONFIG` of an argument.
        takes: what stands behind an option, empty for a flag.
        is_required: whether the command fails without it.
        default: as the page shows it, empty for none.
        meaning: the help, without its default.
    """

    name: str
    takes: str
    is_required: bool
    default: str
    meaning: str

    @property
    def is_option(self) -> bool:
        return self.name.startswith("-")


@dataclass(frozen=True, slots=True)
class Command:
    """A command that does something; `about` is what it does, in its own words."""

    about: str
    parameters: tuple[Parameter, ...]


def commands(app: typer.Typer, name: str) -> dict[str, Command]:
    """Every command of a program by its full name: `reid-pipeline events tail`."""
    found = {f"{name} {_name(each.name, each.callback)}": _read(each.callback) for each in app.registered_commands}
    for group in app.registered_groups:
        if group.typer_instance:
            found |= commands(group.typer_instance, f"{name} {group.name}")
    return found


def options_of(app: typer.Typer) -> tuple[Parameter, ...]:
    """What may stand before the command."""
    if app.registered_callback is None:
        return ()
    return _read(app.registered_callback.callback).parameters


def command_line_page() -> str:
    lines = [INTRODUCTION]
    for program, app in PROGRAMS.items():
        lines += [f"## {program}\n", f"{_about(app)}\n"]
        if before := options_of(app):
            named = "; ".join(
                f"`{' '.join((each.name, each.takes)).strip()}`: {each.meaning.rstrip('.')}" for each in before
            )
            lines += [f"Before the command: {named}.\n"]
        for name, command in commands(app, program).items():
            lines += _described(name, command)
    return "\n".join(lines).rstrip() + "\n"


def _about(app: typer.Typer) -> str:
    """The help of a program, which stands at it or at the function that reads its own options."""
    own = app.registered_callback
    return app.info.help if isinstance(app.info.help, str) else inspect.getdoc(own and own.callback) or ""


def _described(name: str, command: Command) -> Iterator[str]:
    arguments = [each for each in command.parameters if not each.is_option]
    options = [each for each in command.parameters if each.is_option]
    yield f"### {name}\n"
    yield f"{command.about}\n"
    words = [each.name if each.is_required else f"[{each.name}]" for each in arguments]
    words += [f"{each.name} {each.takes}" for each in options if each.is_required]
    words += ["[OPTIONS]"] * any(not each.is_required for each in options)
    yield f"```text\n{' '.join([name, *words])}\n```\n"
    if command.parameters:
        yield "| argument or option | default | meaning |\n|---|---|---|"
        yield "\n".join(_row(each) for each in (*arguments, *options)) + "\n"


def _row(parameter: Parameter) -> str:
    default = "**required**" if parameter.is_required else parameter.default
    return f"| `{f'{parameter.name} {parameter.takes}'.strip()}` | {default} | {parameter.meaning} |"


def _name(given: str | None, callback: Callable[..., Any] | None) -> str:
    return given or (callback.__name__.replace("_", "-") if callback else "")


def _read(callback: Callable[..., Any] | None) -> Command:
    if callback is None:
        raise ValueError("a command without a function")
    hints = typing.get_type_hints(callback, include_extras=True)
    parameters = inspect.signature(callback).parameters.values()
    about = " ".join((inspect.getdoc(callback) or "").split())
    return Command(about, tuple(_parameter(each, hints[each.name]) for each in parameters))


def _parameter(declared: inspect.Parameter, hint: Any) -> Parameter:
    if typing.get_origin(hint) is not Annotated:
        raise ValueError(f"{declared.name}: expected Annotated with typer.Option or typer.Argument")
    kind, info = typing.get_args(hint)[:2]
    help_text, _, default_in_help = (info.help or "").partition("[default: ")
    default = default_in_help.rstrip("]") or _shown(declared.default)
    is_required = declared.default is inspect.Parameter.empty and info.default_factory is None
    meaning = " ".join(help_text.split()).replace("|", "\\|")
    if isinstance(info, ArgumentInfo):
        return Parameter(_argument(declared.name, kind), "", is_required, default, meaning)
    assert isinstance(info, OptionInfo)
    # In `Annotated` the first name stands where the default would.
    names = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
    name = next(iter(names), f"--{declared.name.replace('_', '-')}")
    return Parameter(name, _taken(kind), is_required, default, meaning)


def _argument(name: str, kind: Any) -> str:
    return name.upper() + "..." * (typing.get_origin(kind) is list)


def _taken(kind: Any) -> str:
    """What an option takes, in a word; nothing for a flag."""
    if isinstance(kind, types.UnionType):
        (kind,) = (each for each in kind.__args__ if each is not types.NoneType)
    if typing.get_origin(kind) is list:
        (kind,) = typing.get_args(kind)
    if typing.get_origin(kind) is Literal:
        return "|".join(typing.get_args(kind))
    return {bool: "", int: "NUMBER", float: "NUMBER", Path: "PATH", str: "TEXT"}[kind]


def _shown(default: object) -> str:
    return "" if default in (None, False, inspect.Parameter.empty) else f"`{default}`"
