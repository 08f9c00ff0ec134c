"""What stands in a page: its commands and its code, with the line where each begins."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^\s*```(\w*)")
_INLINE = re.compile(r"`([^`]+)`")
COMMANDS = re.compile(r"^(?:reid-(?:pipeline|train|export)|python -m|make)\s")


@dataclass(frozen=True, slots=True)
class Code:
    """A line of a page that is code, lines that end in a backslash joined.

    Attributes:
        line: where it begins, counted from 1.
        text: without the marks around it.
        language: of the block; empty for code within a sentence.
    """

    line: int
    text: str
    language: str

    @property
    def is_command(self) -> bool:
        """Whether a reader would type it."""
        return self.language == "shell" or (not self.language and COMMANDS.match(self.text) is not None)


def code(page: str) -> Iterator[Code]:
    """All code of a page, in order: blocks line by line, and what stands in backticks within sentences."""
    language, joined, begin = "", "", 0
    for number, line in enumerate(page.splitlines(), start=1):
        if fence := _FENCE.match(line):
            language = "" if language else fence[1] or "text"
        elif not language:
            yield from (Code(number, found, "") for found in _INLINE.findall(line))
        else:
            begin = begin or number
            joined += line.removesuffix("\\")
            if not line.endswith("\\"):
                yield Code(begin, joined, language)
                joined, begin = "", 0


def links(page: str) -> Iterator[tuple[int, str]]:
    """Every link of a page to something that is not on the web, with its line."""
    inside = False
    for number, line in enumerate(page.splitlines(), start=1):
        inside ^= bool(_FENCE.match(line))
        if not inside:
            for target in re.findall(r"\]\(([^)\s]+)\)", _INLINE.sub("", line)):
                if not target.startswith(("http://", "https://", "mailto:")):
                    yield number, target


def python_examples(path: Path) -> list[str]:
    """The blocks of Python in a page."""
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
