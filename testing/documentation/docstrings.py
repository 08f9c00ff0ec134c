"""What a docstring in Google's form says: its first sentence, and the meaning of each attribute."""

import re
import textwrap

_ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*): (?P<meaning>.+)$")


def sentence(docstring: str) -> str:
    """The first sentence, on one line, without its full stop."""
    first = " ".join(docstring.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[^.])\.(?:\s|$)", first, maxsplit=1)[0]


def summary(docstring: str) -> str:
    """Everything before the first section, paragraphs joined to one line; empty where it begins with a section."""
    head = re.split(r"^(?:Attributes|Args|Returns|Yields|Raises):$", docstring.strip(), maxsplit=1, flags=re.MULTILINE)
    return " ".join(head[0].split())


def section(docstring: str, name: str) -> dict[str, str]:
    """The entries of one section by name, in their order; `a, b: text` is one for a and one for b."""
    body = re.search(rf"^{name}:\n((?:[ ]+.*\n?|\n)+)", docstring, flags=re.MULTILINE)
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", textwrap.dedent(body[1]).strip()) if body else ():
        if found := _ENTRY.match(" ".join(entry.split())):
            entries |= dict.fromkeys(found["names"].split(", "), found["meaning"])
    return entries
