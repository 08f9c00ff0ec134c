"""Whether what a page names is there: commands, their options, modules, files, metrics, links."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from testing.documentation.command_line import PROGRAMS, commands, options_of
from testing.documentation.markdown import Code, code, links
from testing.documentation.metrics import names as metric_names
from testing.documentation.modules import PACKAGES
from testing.paths import ROOT

PAGES = ("*.md", "docs/**/*.md", "docker/*.md", "clients/**/*.md")
FOLDERS = (*PACKAGES, "clients", "configs", "docs", "docker", "tests", ".ci")
OF_EVERY_COMMAND = {"--help", "--version"}
_PATH = re.compile(r"(?<![\w/.{-])(?:" + "|".join(map(re.escape, FOLDERS)) + r")/[\w.*/-]*[\w*/]")
_MODULE = re.compile(r"(?<![\w/.-])(?:" + "|".join(Path(each).name for each in PACKAGES) + r")(?:\.\w+)+(?![\w-])")
_METRIC = re.compile(r"(?<![\w/.-])reid_\w+")
_EXTRAS = re.compile(r"(?:passerby|'\.)\[([a-z,]+)\]")
_SUFFIXES = {"yaml", "md", "py", "json", "Dockerfile", "onnx"}
_NOT_MODULES = {"passerby.identities.v1"}
"""The topic of events."""
_NOT_FILES = {"docker/.env", "passerby/identities/v1"}
"""Readers make the first; the second is the topic of events in MQTT."""


def pages() -> list[Path]:
    """Every page that is read by people, the generated ones included."""
    return sorted({path for pattern in PAGES for path in ROOT.glob(pattern) if "build" not in path.parts})


def false_claims(page: Path) -> list[str]:
    """What a page says and is not so, each with its line."""
    text = page.read_text(encoding="utf-8")
    found = [f"{page.name}:{each.line}: {problem}" for each in code(text) for problem in _problems(each)]
    dead = [(line, link) for line, link in links(text) if not _is_there(page, link)]
    return found + [f"{page.name}:{line}: no {link} is there" for line, link in dead]


def _is_there(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or target.suffix != ".md" or anchor in _anchors(target))


@cache
def _anchors(page: Path) -> set[str]:
    """As a heading's text becomes an address: small, without marks, spaces as hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def _problems(found: Code) -> Iterator[str]:
    if found.is_command:
        for words in _split(found.text):
            yield from _command_problems(words)
    for path in _PATH.findall(found.text):
        if path not in _NOT_FILES and not any(ROOT.glob(path.rstrip("/"))):
            yield f"no file {path} is there"
    for name in () if found.is_command else _MODULE.findall(found.text):
        is_other = name in _NOT_MODULES or name.rpartition(".")[2] in _SUFFIXES
        if not is_other and not _is_module_or_in_one(name):
            yield f"no {name} is there"
    for extra in ",".join(_EXTRAS.findall(found.text)).split(","):
        if extra and extra not in _extras():
            yield f"no extra {extra} is there"
    for name in _METRIC.findall(found.text):
        if name not in metric_names() and name not in PACKAGES:
            yield f"no metric {name} is there"


@cache
def _extras() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return set(project["project"]["optional-dependencies"])


def _split(line: str) -> Iterator[list[str]]:
    """The commands of a line, each as words, without the variables before it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;<>()"):
            if words:
                yield words
            words = []
        elif words or not re.match(r"^\w+=", word):
            words.append(word)


def _command_problems(words: list[str]) -> Iterator[str]:
    match words:
        case ["make", *targets]:
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            known = set(re.findall(r"^(\w+):", makefile, flags=re.MULTILINE))
            yield from (f"make has no {each}" for each in targets if "=" not in each and each not in known)
        case ["python" | "python3", "-m", module, *rest]:
            yield from _module_problems(module, rest)
        case [program, *rest] if program in PROGRAMS:
            yield from _program_problems(program, rest)


def _program_problems(program: str, words: list[str]) -> Iterator[str]:
    known = commands(PROGRAMS[program], program)
    words = _behind_options(words, {each.name: bool(each.takes) for each in options_of(PROGRAMS[program])})
    options = {word.partition("=")[0] for word in words if word.startswith("--")}
    if options <= OF_EVERY_COMMAND and not [word for word in words if not word.startswith("-")]:
        return
    if words[-1] == "...":
        words = words[:-1]
        if any(each.startswith(f"{program} {' '.join(words)} ") for each in known):
            return
    name = next((f"{program} {' '.join(words[:n])}" for n in (2, 1) if f"{program} {' '.join(words[:n])}" in known), "")
    if not name:
        yield f"no command {program} {' '.join(words[:2])}"
        return
    of_it = {each.name for each in known[name].parameters if each.is_option} | OF_EVERY_COMMAND
    yield from (f"{name} has no {option}" for option in sorted(options - of_it))


def _behind_options(words: list[str], takes_value: dict[str, bool]) -> list[str]:
    """The command and what is behind it."""
    while words and words[0] in takes_value:
        words = words[1 + takes_value[words[0]] :]
    return words


def _module_problems(module: str, words: list[str]) -> Iterator[str]:
    if module.partition(".")[0] not in {Path(each).name for each in (*PACKAGES, "tests")}:
        return
    file = _module_file(module)
    if file is None:
        yield f"no module {module} to run"
        return
    room = "".join(path.read_text(encoding="utf-8") for path in file.parent.glob("*.py"))
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        if f'"{option}"' not in room and f"{option.removeprefix('--').replace('-', '_')}: " not in room:
            yield f"{module} has no {option}"


def _module_file(module: str) -> Path | None:
    """The file that `python -m` runs."""
    base = _home(module) / module.replace(".", "/")
    return next((path for path in (base.with_suffix(".py"), base / "__main__.py") if path.exists()), None)


def _home(module: str) -> Path:
    """The folder that a package lies in."""
    package = module.partition(".")[0]
    return next(((ROOT / each).parent for each in PACKAGES if Path(each).name == package), ROOT)


def _is_module_or_in_one(name: str) -> bool:
    tracklets = name.split(".")
    for count in range(len(tracklets), 0, -1):
        base = _home(name).joinpath(*tracklets[:count])
        file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if file.exists():
            rest = tracklets[count:]
            return not rest or re.search(rf"\b{rest[0]}\b", file.read_text(encoding="utf-8")) is not None
    return False
